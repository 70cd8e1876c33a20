"""Decoding small is what decoding and then resizing would be, for less memory."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nst.errors import BrokenPicture, NotAPicture, PictureError, PictureSize
from nst.images import ANY_FORMAT, Picture, decode, decode_within, resize, target_size
from nst.images.markers import components_of_first_scan
from nst.images.png16 import encode_png16
from tests.nst.test_images import noise, saved
from tests.nst.test_images_profiles import ADOBE_RGB, curve, ink_profile, profile, rgb_profile, tagged

ROOT = Path(__file__).resolve().parents[2]
WIDE = rgb_profile(ADOBE_RGB, 2.2)


def photo(width: int = 301, height: int = 203, channels: int = 3) -> NDArray[np.uint8]:
    """Something with soft slopes and hard edges."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(x / (17 + 9 * c)) * np.cos(y / (23 - 5 * c)) for c in range(channels)]
    pixels = np.stack(waves, axis=-1)
    pixels[height // 3 : height // 2, width // 4 : width // 2] = 240
    return np.asarray(pixels, np.uint8)


def rgb(width: int = 301, height: int = 203) -> Image.Image:
    return Image.fromarray(photo(width, height))


def rgba() -> Image.Image:
    """Opaque on the left, invisible at the right, and holes with hard edges."""
    image = rgb()
    alpha = np.clip(np.linspace(1.3, -0.2, 301), 0, 1)[None] * np.ones((203, 1))
    alpha[50:80, 50:90] = 0
    image.putalpha(Image.fromarray((alpha * 255).astype(np.uint8)))
    return image


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def grey16(**parameters: Any) -> bytes:
    return saved(Image.fromarray(photo()[..., 0].astype(np.uint16) * 257), **parameters)


def deep(channels: int) -> bytes:
    alpha = np.asarray(rgba()) if channels == 4 else photo()
    return encode_png16(alpha.astype(np.uint16) * 257, {})


PALETTE = rgb().quantize(64)
FILES: dict[str, Callable[[], bytes]] = {
    "RGB PNG": lambda: saved(rgb()),
    "RGB WebP": lambda: saved(rgb(), "WEBP", lossless=True),
    "RGB TIFF": lambda: saved(rgb(), "TIFF"),
    "RGB JPEG": lambda: saved(rgb(), "JPEG", quality=92),
    "progressive JPEG": lambda: saved(rgb(), "JPEG", quality=92, progressive=True),
    "grey JPEG": lambda: saved(rgb().convert("L"), "JPEG", quality=92),
    "CMYK JPEG": lambda: saved(rgb().convert("CMYK"), "JPEG", quality=92),
    "CMYK JPEG with a profile": lambda: tagged(rgb().convert("CMYK"), ink_profile(), "JPEG", quality=92),
    "grey": lambda: saved(rgb().convert("L")),
    "grey with alpha": lambda: saved(rgba().convert("LA")),
    "grey with a key": lambda: saved(rgb().convert("L"), transparency=240),
    "one bit": lambda: saved(rgb().convert("1", dither=Image.Dither.NONE)),
    "palette": lambda: saved(PALETTE),
    "palette with a key": lambda: saved(PALETTE, transparency=3),
    "palette with alphas": lambda: saved(PALETTE, transparency=bytes(range(0, 256, 4))),
    "RGB with a key": lambda: saved(rgb(), transparency=(240, 240, 240)),
    "RGBA": lambda: saved(rgba()),
    "RGBA WebP": lambda: saved(rgba(), "WEBP", lossless=True),
    "RGBA with a profile": lambda: tagged(rgba(), WIDE),
    "RGB with a profile": lambda: tagged(rgb(), WIDE),
    "palette with a profile": lambda: tagged(PALETTE, WIDE),
    "grey with a profile": lambda: tagged(rgb().convert("L"), profile(b"GRAY", {b"kTRC": curve(1.8)})),
    "16-bit grey": grey16,
    "16-bit grey with a key": lambda: grey16(transparency=240 * 257),
    "16-bit grey with a profile": lambda: grey16(icc_profile=profile(b"GRAY", {b"kTRC": curve(1.8)})),
    "16-bit RGB": lambda: deep(3),
    "16-bit RGBA": lambda: deep(4),
    "16-bit RGB with a key": lambda: with_key(deep(3), 240 * 257),
}  # fmt: skip


def with_key(png: bytes, level: int) -> bytes:
    """A 16-bit PNG of three channels in which one grey is transparent."""
    body = b"tRNS" + struct.pack(">3H", level, level, level)
    return png[:33] + struct.pack(">I", 6) + body + struct.pack(">I", zlib.crc32(body)) + png[33:]


def expected(data: bytes, longest: int) -> Picture:
    picture = decode(data, formats=ANY_FORMAT)
    size = target_size(picture.width, picture.height, longest, "long", min_side=1)
    return resize(picture, *size)


def assert_alike(found: Picture, wanted: Picture) -> None:
    assert found.rgb.shape == wanted.rgb.shape
    assert (found.alpha is None) == (wanted.alpha is None)
    difference = np.abs(found.rgb - wanted.rgb).mean(axis=-1)
    if found.alpha is not None and wanted.alpha is not None:
        assert np.abs(found.alpha - wanted.alpha).mean() < 1 / 255
        difference = difference * (wanted.alpha > 0.01)  # below, no colour can be seen
    assert difference.mean() < 3 / 255


@pytest.mark.parametrize("longest", [37, 100, 290])
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("least_goal", [1, 512])
def test_decoding_small_is_decoding_and_resizing(
    name: str, longest: int, least_goal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nst.images.bounded._LEAST_GOAL", least_goal)
    data = FILES[name]()
    assert_alike(decode_within(data, longest, formats=ANY_FORMAT), expected(data, longest))


@pytest.mark.parametrize("name", FILES)
def test_it_is_the_same_in_many_bands(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = FILES[name]()
    monkeypatch.setattr("nst.images.bounded._LEAST_GOAL", 1)
    at_once = decode_within(data, 100, formats=ANY_FORMAT)
    monkeypatch.setattr("nst.images.bounded._BAND_PIXELS", 2000)
    in_bands = decode_within(data, 100, formats=ANY_FORMAT)
    assert np.abs(in_bands.rgb - at_once.rgb).max() < 3 / 255
    if at_once.alpha is not None and in_bands.alpha is not None:
        assert np.abs(in_bands.alpha - at_once.alpha).max() < 3 / 255


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("longest", [301, 5000])
def test_a_small_picture_keeps_its_size(name: str, longest: int) -> None:
    data = FILES[name]()
    found, wanted = decode_within(data, longest, formats=ANY_FORMAT), decode(data, formats=ANY_FORMAT)
    assert_alike(found, wanted)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("longest", [1, 17, 500, 600])
def test_a_large_picture_comes_to_any_size(longest: int, orientation: int) -> None:
    data = saved(rgb(1203, 811), exif=turned(orientation))
    assert_alike(decode_within(data, longest), expected(data, longest))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_every_exif_orientation_comes_out_upright(format: str, orientation: int) -> None:
    data = saved(rgb(), format, exif=turned(orientation), quality=95)
    assert_alike(decode_within(data, 80), expected(data, 80))


def test_alpha_is_turned_with_its_picture() -> None:
    data = saved(rgba(), exif=turned(6))
    assert_alike(decode_within(data, 80), expected(data, 80))


@pytest.mark.parametrize(("width", "height"), [(4000, 16), (16, 4000), (257, 31)])
def test_extreme_shapes_keep_at_least_a_pixel(width: int, height: int) -> None:
    data = saved(rgb(width, height))
    found = decode_within(data, 100)
    assert max(found.width, found.height) == 100
    assert_alike(found, expected(data, 100))


def test_what_is_invisible_does_not_tint_what_is_beside_it() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :31] = (200, 100, 50, 255)
    found = decode_within(saved(Image.fromarray(pixels)), 16)
    assert np.abs(found.rgb * 255 - (200, 100, 50)).max() < 3


def test_noise_becomes_grey_and_not_aliases() -> None:
    data = saved(Image.fromarray(noise(512, 512, 3)))
    assert np.abs(decode_within(data, 16).rgb - 0.5).max() < 0.08


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotAPicture),
        (b"GIF89a", NotAPicture),
        (saved(Image.new("RGB", (64, 64)), "TIFF"), NotAPicture),
        (saved(Image.new("F", (64, 64)), "TIFF"), NotAPicture),
        (saved(rgb())[:2000], BrokenPicture),
        (saved(rgb(), "JPEG")[:1000], BrokenPicture),
        (saved(rgb(), "JPEG")[:100], BrokenPicture),
        (saved(rgb(), "WEBP")[:500], BrokenPicture),
        (saved(Image.new("RGB", (64, 15))), PictureSize),
        (saved(Image.new("L", (1001, 1000))), PictureSize),
    ],
)
def test_bad_files_are_refused_as_decode_refuses_them(data: bytes, error: type[PictureError]) -> None:
    with pytest.raises(error):
        decode(data, max_pixels=1_000_000)
    with pytest.raises(error):
        decode_within(data, 32, max_pixels=1_000_000)


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (saved(rgb(), "WEBP"), 4),
        (saved(rgb(), "JPEG", progressive=True, subsampling="4:4:4"), 1.7),
        (saved(rgb(), "JPEG", progressive=True, subsampling="4:2:0"), 1),
    ],
    ids=["WebP", "progressive JPEG", "the same with halved chroma"],
)
def test_files_that_take_more_memory_may_have_fewer_pixels(
    data: bytes, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = 301 * 203
    decode_within(data, 32, max_pixels=pixels)
    make_strict(monkeypatch)
    decode_within(data, 32, max_pixels=round(pixels * most))
    if most > 1:
        with pytest.raises(PictureSize, match="this kind of file"):
            decode_within(data, 32, max_pixels=round(pixels * most * 0.85))


def make_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat small pictures as if they were large ones."""
    monkeypatch.setattr("nst.images.bounded._LITTLE_BYTES", 0)
    monkeypatch.setattr("nst.images.bounded._LEAST_GOAL", 1)


def one_scan_each(width: int, height: int) -> bytes:
    """A grey JPEG, not progressive, whose three components come in a scan of their own."""
    plain = saved(Image.new("RGB", (16, 16)), "JPEG", subsampling="4:4:4")
    scan, frame = plain.index(b"\xff\xda"), plain.index(b"\xff\xc0")
    head = plain[: frame + 5] + struct.pack(">HH", height, width) + plain[frame + 9 : scan]
    blocks = -(-width // 8) * (-(-height // 8))
    scans = b""
    for component in (1, 2, 3):
        no_difference = "001010" if component == 1 else "0000"  # of the mean, and no other coefficient
        bits = (no_difference * blocks).ljust(-(-len(no_difference) * blocks // 8) * 8, "1")
        body = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
        table = 0x00 if component == 1 else 0x11
        scans += b"\xff\xda\0\x08\x01" + bytes([component, table, 0, 63, 0]) + body
    return head + scans + b"\xff\xd9"


def test_a_jpeg_in_several_scans_counts_as_a_progressive_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = one_scan_each(320, 200)
    assert np.abs(decode(data).rgb - 128 / 255).max() < 0.01
    assert np.abs(decode_within(data, 100).rgb - 128 / 255).max() < 0.01
    make_strict(monkeypatch)
    with pytest.raises(PictureSize, match="this kind of file"):
        decode_within(data, 32, max_pixels=320 * 200)


def test_the_first_scan_is_found_behind_whatever_stands_before_it() -> None:
    comment = b"\xff\xfe" + struct.pack(">H", 9) + b"\xff\xda\0\x0c\x03\xff\xd9"
    for data, components in ((saved(rgb(), "JPEG"), 3), (one_scan_each(16, 16), 1)):
        assert components_of_first_scan(data) == components
        assert components_of_first_scan(data[:2] + comment + b"junk\xff\xff" + data[2:]) == components


# 40 megapixels, written by the process that measures itself: the picture is made in rows.
MEASURE = """
import re, struct, sys, zlib
from pathlib import Path
from nst.images import decode_within

def png(width, height, bits, kind, row, extra=b""):
    chunk = lambda name, body: struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    packer = zlib.compressobj(1)
    rows = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

width, height = 7300, 5480
row = {"one bit": (1, 0, b"\\0" + b"\\xaa" * 913), "RGB": (8, 2, b"\\0" + b"\\x20\\x80\\xc0" * width)}[sys.argv[1]]
picture = decode_within(png(width, height, *row), 768)
status = Path("/proc/self/status").read_text()
print(picture.width, picture.height, int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not say how much memory one program took")
@pytest.mark.parametrize(("kind", "megabytes"), [("one bit", 130), ("RGB", 230)])
def test_forty_megapixels_fit_into_little_memory(kind: str, megabytes: int) -> None:
    answer = subprocess.run(
        (sys.executable, "-c", MEASURE, kind), capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    width, height, peak = map(int, answer.split())
    assert (width, height) == (768, 577)
    assert peak < megabytes
