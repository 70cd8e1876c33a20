"""Bad input is normal input: every one of these ends in a typed error that says what to do."""

import random
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nst.errors import BrokenPicture, NotAPicture, NstError, PictureError, PictureNotFound, PictureSize
from nst.images import ANY_FORMAT, Picture, decode, encode, read_picture, read_settings


def sample(format: str, size: tuple[int, int] = (40, 30), **parameters: Any) -> bytes:
    """A picture with as many kinds of metadata as its format takes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, format, **{"exif": exif, "icc_profile": b"profile" * 30, **parameters})
    return buffer.getvalue()


SAMPLES = {
    "JPEG": sample("JPEG"),
    "progressive JPEG": sample("JPEG", progressive=True),
    "PNG": sample("PNG"),
    "16-bit PNG": encode(Picture(np.full((30, 40, 3), 0.3, np.float32)), "PNG", bits=16, text={"nst": "{}"}),
    "WebP": sample("WEBP", lossless=True),
    "TIFF": sample("TIFF"),
    "packed TIFF": sample("TIFF", compression="tiff_lzw"),
}


def outcome(data: bytes) -> Picture | NstError:
    """A picture or a typed error; anything else fails the test that asks."""
    try:
        with suppress(NstError):
            read_settings(data)
        return decode(data, formats=ANY_FORMAT)
    except NstError as error:
        assert str(error)
        assert error.hint
        return error


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(PictureNotFound, match=r"cat\.png: no such file"):
        read_picture(tmp_path / "cat.png")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureNotFound, match="it is a folder"):
        read_picture(tmp_path)


@pytest.mark.parametrize("path", ["/dev/zero", "a\0b", "x" * 5000], ids=["device", "zero byte", "too long"])
def test_a_path_that_is_no_file_is_not_found(path: str) -> None:
    with pytest.raises(PictureNotFound):
        read_picture(path)


def test_text_renamed_png_is_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "note.png"
    path.write_text("this is a note")
    with pytest.raises(NotAPicture, match=r"note\.png") as caught:
        read_picture(path)
    assert caught.value.hint == "Give a JPEG, PNG, WebP or TIFF picture."


def test_a_jpeg_renamed_png_is_still_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(SAMPLES["JPEG"])
    assert read_picture(path).width == 30  # it lies on its side


def test_an_empty_file_says_so() -> None:
    with pytest.raises(NotAPicture, match="empty"):
        decode(b"")


@pytest.mark.parametrize("format", ["GIF", "TIFF", "BMP", "AVIF"])
def test_a_format_that_is_not_accepted_is_refused(format: str) -> None:
    buffer = BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, format)
    with pytest.raises(NotAPicture) as caught:
        decode(buffer.getvalue())
    assert caught.value.hint == "Give a JPEG, PNG or WebP picture."


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x1cftypavif", "an AVIF picture"),
        (b"\0\0\0\x1cftypheic", "a HEIC picture"),
        (b"\0\0\0\x1cftypmif1", "a HEIC picture"),
        (b"\0\0\0\x1cftypisom", "no picture"),
        (b"GIF89a", "a GIF picture"),
        (b"II*\0", "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (b"BM\x36\x10\0\0\0\0\0\0", "a BMP picture"),
        (b"BMW is a car", "no picture"),
        (b"%PDF-1.7", "a PDF document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "an SVG drawing"),
        (b"<?xml version='1.0'?><html/>", "no picture"),
    ],
)
def test_what_is_refused_is_called_by_its_name(start: bytes, kind: str) -> None:
    with pytest.raises(NotAPicture) as caught:
        decode(start + bytes(40))
    assert str(caught.value) == f"it is {kind}"


@pytest.mark.parametrize("format", ["GIF", "BMP", "AVIF", "TIFF"])
def test_a_real_file_that_is_refused_is_called_by_its_name(format: str) -> None:
    buffer = BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, format)
    with pytest.raises(NotAPicture, match=rf"^it is an? {format} picture$"):
        decode(buffer.getvalue())


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_an_agreed_range_are_refused(mode: str) -> None:
    buffer = BytesIO()
    Image.new(mode, (32, 32), 3).save(buffer, "TIFF")
    with pytest.raises(NotAPicture, match=f"mode {mode}"):
        decode(buffer.getvalue(), formats=ANY_FORMAT)


@pytest.mark.parametrize("name", SAMPLES)
def test_half_a_picture_is_broken(name: str) -> None:
    data = SAMPLES[name]
    with pytest.raises(BrokenPicture):
        decode(data[: len(data) // 2], formats=ANY_FORMAT)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_picture_cut_anywhere_is_whole_or_a_typed_error(name: str) -> None:
    data = SAMPLES[name]
    cuts = sorted({*range(40), *range(0, len(data), max(1, len(data) // 60)), len(data) - 2, len(data) - 1})
    results = [outcome(data[:cut]) for cut in cuts]
    assert all(isinstance(result, Picture | PictureError) for result in results)
    assert isinstance(outcome(data), Picture)


@pytest.mark.filterwarnings("ignore")  # as at work: what Pillow only warns of goes on, and has to end well too
@pytest.mark.parametrize("name", SAMPLES)
def test_a_picture_with_flipped_bytes_is_whole_or_a_typed_error(name: str) -> None:
    chance = random.Random(7)
    for _ in range(120):
        data = bytearray(SAMPLES[name])
        for _ in range(chance.choice((1, 3, 20))):
            where = chance.randrange(min(len(data), chance.choice((100, 700, 10_000))))
            data[where] = chance.randrange(256)
        outcome(bytes(data))


@pytest.mark.parametrize(
    "start", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8 ", b"II*\0", b"MM\0*"]
)
def test_random_bytes_are_no_picture(start: bytes) -> None:
    for seed in range(30):
        noise = random.Random(seed).randbytes(200)
        assert isinstance(outcome(start + noise), NotAPicture | BrokenPicture | PictureSize)
    assert isinstance(outcome(start), NotAPicture | BrokenPicture)


def test_a_bomb_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 16_000, 16_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )
    with pytest.raises(PictureSize, match="16000 x 16000"):  # decoding it would have said that it is truncated
        decode(bomb)


def test_a_jpeg_bomb_is_refused_by_its_header() -> None:
    data = bytearray(SAMPLES["JPEG"])
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    with pytest.raises(PictureSize, match="65000 x 65000"):
        decode(bytes(data))


def test_a_webp_bomb_is_refused_by_its_header() -> None:
    data = bytearray(SAMPLES["WebP"])
    canvas = data.index(b"VP8X") + 12
    data[canvas : canvas + 6] = (16_382).to_bytes(3, "little") * 2
    with pytest.raises(PictureSize, match="too many pixels"):
        decode(bytes(data))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_most_pixels_are_up_to_the_caller(name: str) -> None:
    assert decode(SAMPLES[name], formats=ANY_FORMAT, max_pixels=1200).rgb.size == 3600
    with pytest.raises(PictureSize, match="the most is 1,199") as caught:
        decode(SAMPLES[name], formats=ANY_FORMAT, max_pixels=1199)
    assert "smaller" in caught.value.hint


def test_a_long_text_in_a_png_does_not_unfold() -> None:
    bomb = b"note\0\0" + zlib.compress(bytes(80_000_000), 9)
    data = SAMPLES["PNG"][:33] + chunk(b"zTXt", bomb) + SAMPLES["PNG"][33:]
    assert isinstance(outcome(data), BrokenPicture)


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (15, 16)])
def test_a_picture_of_a_few_pixels_is_refused_with_a_hint(size: tuple[int, int]) -> None:
    data = sample("PNG", size, exif=b"")
    with pytest.raises(PictureSize, match="the least is 16 on a side") as caught:
        decode(data)
    assert "larger" in caught.value.hint
    assert decode(data, min_side=1).width == size[0]


def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = sample("PNG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    assert decode(data).width == 40


def test_the_hint_survives_the_path(tmp_path: Path) -> None:
    path = tmp_path / "thin.png"
    path.write_bytes(sample("PNG", (2, 40), exif=b""))
    with pytest.raises(PictureSize, match=r"thin\.png: it has 2 x 40 pixels") as caught:
        read_picture(path)
    assert caught.value.hint
