"""Pictures as files: rounded, marked, carrying their options and nothing else, whole or not there."""

import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst.errors import NotAPicture, OutputError, PictureNotFound
from nst.images import (
    Picture,
    check_writable,
    decode,
    encode,
    read_picture,
    read_settings,
    write_atomically,
    write_picture,
)
from nst.options import StyleOptions


def gradient(alpha: bool = False) -> Picture:
    y, x = np.indices((48, 64)).astype(np.float32) / 64
    rgb = np.stack([x, y, 1 - x], axis=-1)
    return Picture(rgb, (x + y) / 2 if alpha else None)


ATTEMPTS: tuple[Callable[[Path], None], ...] = (check_writable, partial(write_picture, gradient()))


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("bits", [8, 16])
def test_values_are_rounded_and_not_cut(bits: int) -> None:
    most = 2**bits - 1
    written = decode(encode(gradient(), "PNG", bits=bits))
    assert np.abs(written.rgb - gradient().rgb).max() <= 0.501 / most
    assert abs(float((written.rgb - gradient().rgb).mean())) < 0.05 / most


@pytest.mark.parametrize("bits", [8, 16])
def test_values_out_of_range_are_clipped(bits: int) -> None:
    picture = Picture(np.full((16, 16, 3), (-0.2, 0.5, 1.3), np.float32))
    assert np.allclose(decode(encode(picture, "PNG", bits=bits)).rgb[0, 0], (0, 0.5, 1), atol=1 / 255)


@pytest.mark.parametrize("alpha", [False, True], ids=["RGB", "RGBA"])
def test_another_decoder_reads_our_sixteen_bit_png(alpha: bool) -> None:
    data = encode(gradient(alpha), "PNG", bits=16, text={"nst": "{}", "Title": "Gölä"})
    with opened(data) as image:
        image.load()
        assert image.mode == ("RGBA" if alpha else "RGB")
        assert image.info["nst"] == "{}"
        assert image.info["Title"] == "Gölä"
        high = np.floor(np.rint(gradient().rgb * np.float32(65535)) / 256)
        assert np.array_equal(np.asarray(image)[..., :3], high)


def test_every_chunk_of_a_sixteen_bit_png_is_sound() -> None:
    data, names, at = encode(gradient(), "PNG", bits=16), [], 8
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        assert zlib.crc32(data[at + 4 : end]) == int.from_bytes(data[end : end + 4], "big")
        names.append(data[at + 4 : at + 8])
        at = end + 4
    assert names == [b"IHDR", b"sRGB", b"IDAT", b"IEND"]


def test_a_png_says_that_it_is_srgb() -> None:
    for bits in (8, 16):
        with opened(encode(gradient(), "PNG", bits=bits)) as image:
            assert image.info["srgb"] == 0


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_a_jpeg_and_a_webp_say_that_they_are_srgb(format: str) -> None:
    with opened(encode(gradient(), format)) as image:
        assert image.getexif().get_ifd(0x8769) == {0xA001: 1}


def test_a_jpeg_keeps_the_full_resolution_of_colour() -> None:
    with opened(encode(gradient(), "JPEG")) as image:
        assert {component[1:3] for component in getattr(image, "layer", [])} == {(1, 1)}


def test_quality_costs_bytes() -> None:
    rough = Picture(np.random.default_rng(0).random((64, 64, 3), np.float32))
    for format in ("JPEG", "WEBP"):
        assert len(encode(rough, format, quality=95)) > 1.5 * len(encode(rough, format, quality=50))


def test_a_jpeg_shows_transparency_as_white() -> None:
    clear = Picture(np.zeros((16, 16, 3), np.float32), np.full((16, 16), 0.25, np.float32))
    assert np.abs(decode(encode(clear, "JPEG")).rgb - 0.75).max() < 0.01


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("alpha", [False, True], ids=["RGB", "RGBA"])
def test_a_fast_png_has_the_same_pixels(bits: int, alpha: bool) -> None:
    picture = gradient(alpha)
    fast, small = (encode(picture, "PNG", bits=bits, fast=fast) for fast in (True, False))
    assert fast != small
    assert decode(fast).digest() == decode(small).digest()


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_other_formats_do_not_mind_being_fast(format: str) -> None:
    assert encode(gradient(), format, fast=True) == encode(gradient(), format)


def test_the_same_picture_is_the_same_bytes() -> None:
    for format in ("PNG", "JPEG", "WEBP"):
        assert encode(gradient(), format, text={"nst": "{}"}) == encode(gradient(), format, text={"nst": "{}"})


@pytest.mark.parametrize(("format", "bits"), [("PNG", 8), ("PNG", 16), ("JPEG", 8), ("WEBP", 8)])
def test_the_options_are_read_back(format: str, bits: int) -> None:
    options = StyleOptions(size=320, style_layers=("relu1_1", "relu2_1"), tv_weight=1e-3)
    text = {"nst": options.to_json(), "Comment": 'quoted " and ünïcödé ☃'}
    noted = read_settings(encode(gradient(), format, bits=bits, text=text))
    assert noted is not None
    assert StyleOptions.from_json(noted) == options


def test_options_are_read_from_a_file(tmp_path: Path) -> None:
    write_picture(gradient(), tmp_path / "a.webp", text={"nst": "{}"})
    assert read_settings(tmp_path / "a.webp") == "{}"
    with pytest.raises(PictureNotFound):
        read_settings(tmp_path / "b.webp")
    with pytest.raises(NotAPicture):
        read_settings(b"{}")


@pytest.mark.parametrize("comment", [b"ASCII\0\0\0Canon", b'ASCII\0\0\0["nst"]', b'{"nst": 3}', b"\xff\xfe", "text"])
def test_a_stranger_s_comment_is_no_options(comment: Any) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    buffer = BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG", exif=exif)
    assert read_settings(buffer.getvalue()) is None


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_nothing_of_the_photographer_reaches_the_output(format: str) -> None:
    secret = "Ada at home"
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = secret
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    buffer = BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "JPEG", exif=exif, comment=secret.encode(), dpi=(301, 301))
    assert secret.encode() in buffer.getvalue()
    data = encode(decode(buffer.getvalue()), format)
    assert secret.encode() not in data
    with opened(data) as image:
        assert set(image.getexif()) <= {0x8769}
        assert not {"comment", "xmp", "icc_profile"} & image.info.keys()
        assert image.info.get("dpi") != (301, 301)


@pytest.mark.parametrize(("format", "bits"), [("JPEG", 16), ("WEBP", 16), ("PNG", 12), ("TIFF", 8), ("png", 8)])
def test_what_cannot_be_encoded_is_refused(format: str, bits: int) -> None:
    with pytest.raises(OutputError, match=f"{bits}-bit {format}"):
        encode(gradient(), format, bits=bits)


def test_a_picture_too_wide_for_its_format_is_refused() -> None:
    wide = Picture(np.zeros((1, 66_000, 3), np.float32))
    for format in ("JPEG", "WEBP"):
        with pytest.raises(OutputError, match=f"{format} cannot hold") as caught:
            encode(wide, format)
        assert "PNG" in caught.value.hint
    assert encode(wide, "PNG")


def test_a_note_too_long_for_a_jpeg_is_refused() -> None:
    with pytest.raises(OutputError, match="JPEG cannot hold"):
        encode(gradient(), "JPEG", text={"nst": "x" * 70_000})


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.webp", "b.c.png"])
def test_the_extension_chooses_the_format(tmp_path: Path, name: str) -> None:
    write_picture(gradient(), tmp_path / name)
    assert np.abs(read_picture(tmp_path / name).rgb - gradient().rgb).max() < 0.2
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a", "a.gif", "a.tiff", "a.png.txt", ".png"])
def test_an_unknown_extension_is_refused_before_the_work(tmp_path: Path, name: str) -> None:
    for attempt in ATTEMPTS:
        with pytest.raises(OutputError, match="extension") as caught:
            attempt(tmp_path / name)
        assert ".webp" in caught.value.hint


def test_a_writable_path_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.png")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.png").write_bytes(b"old")
    check_writable(tmp_path / "old.png")
    assert (tmp_path / "old.png").read_bytes() == b"old"


def test_a_missing_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    for attempt in ATTEMPTS:
        with pytest.raises(OutputError) as caught:
            attempt(tmp_path / "none" / "a.png")
        assert caught.value.hint == f"Make the folder {tmp_path / 'none'} first."


def test_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    for attempt in ATTEMPTS:
        with pytest.raises(OutputError):
            attempt(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        check_writable(tmp_path / "file" / "a.png")


def test_a_name_too_long_for_the_disk_is_refused(tmp_path: Path) -> None:
    for attempt in ATTEMPTS:
        with pytest.raises(OutputError, match="too long"):
            attempt(tmp_path / f"{'x' * 300}.png")
    check_writable(tmp_path / f"{'x' * 251}.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody may write to")
def test_a_folder_nobody_may_write_to_is_refused() -> None:
    for attempt in ATTEMPTS:
        with pytest.raises(OutputError, match="cannot be written"):
            attempt(Path("/proc/a.png"))


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    code = f"""
import resource, numpy as np
from nst.errors import OutputError
from nst.images import Picture, write_picture
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_picture(Picture(np.random.default_rng(0).random((64, 64, 3), np.float32)), {str(path)!r})
except OutputError as error:
    print(error.sentence)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "File too large" in done.stdout
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "ours", b"data")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "ours").read_bytes() == b"data"
