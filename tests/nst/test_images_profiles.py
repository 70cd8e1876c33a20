"""Embedded colour profiles, made here tag by tag and checked against the colour mathematics itself."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from nst.images import Picture, decode, encode

# Primaries as columns of XYZ under D50, as profiles hold them.
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
DISPLAY_P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
ADOBE_RGB = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ", device: bytes = b"mntr") -> bytes:
    """An ICC version 2 profile of these tags."""
    offset = 128 + 4 + 12 * len(tags)
    table = struct.pack(">I", len(tags))
    for name, body in tags.items():
        table += name + struct.pack(">II", offset, len(body))
        offset += len(body)
    white = struct.pack(">3i", 63190, 65536, 54061)
    header = struct.pack(">I4xI4s4s4s12x4s28x12s48x", offset, 0x02400000, device, space, pcs, b"acsp", white)
    return header + table + b"".join(tags.values())


def xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))


def rgb_profile(primaries: NDArray[np.float64], gamma: float) -> bytes:
    colorants = {name: xyz(primaries[:, n]) for n, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return profile(b"RGB ", {**colorants, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(gamma))})


def ink_profile() -> bytes:
    """CMYK that shows white on bare paper and the grey of L* = 50 for magenta on yellow; black for all else."""
    table = np.zeros((2, 2, 2, 2, 3), np.uint8)
    table[..., 1:] = 128
    table[0, 0, 0, 0, 0], table[0, 1, 1, 0, 0] = 255, 128
    identity = struct.pack(">9i", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    ramp = bytes(range(256))
    body = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + table.tobytes() + ramp * 3
    return profile(b"CMYK", {b"A2B0": body}, b"Lab ", b"prtr")


def tagged(image: Image.Image, icc: bytes, format: str = "PNG", **parameters: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, icc_profile=icc, **parameters)
    return buffer.getvalue()


def gamma_encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB's transfer function (IEC 61966-2-1)."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    ("primaries", "gamma"), [(ADOBE_RGB, 563 / 256), (DISPLAY_P3, 2.25)], ids=["Adobe RGB", "Display P3"]
)
def test_wide_colours_are_converted_to_srgb(primaries: NDArray[np.float64], gamma: float) -> None:
    colors = np.random.default_rng(0).integers(60, 200, (16, 16, 3)).astype(np.uint8)
    linear = (colors / 255) ** gamma @ (np.linalg.inv(SRGB) @ primaries).T
    expected = np.clip(gamma_encoded(linear), 0, 1)
    picture = decode(tagged(Image.fromarray(colors), rgb_profile(primaries, gamma)))
    assert np.abs(picture.rgb - expected).max() < 2.5 / 255
    assert np.abs(picture.rgb - colors / 255).max() > 8 / 255


def test_alpha_passes_by_the_profile() -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (16, 16, 4)).astype(np.uint8)
    icc = rgb_profile(ADOBE_RGB, 2.2)
    with_alpha = decode(tagged(Image.fromarray(pixels), icc))
    assert with_alpha.alpha is not None
    assert np.array_equal(np.rint(with_alpha.alpha * 255), pixels[..., 3])
    assert np.array_equal(with_alpha.rgb, decode(tagged(Image.fromarray(pixels[..., :3].copy()), icc)).rgb)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_linear_grey_is_converted_to_srgb(mode: str) -> None:
    data = tagged(Image.new(mode, (16, 16), 128 if mode == "L" else (128, 255)), profile(b"GRAY", {b"kTRC": curve(1)}))
    assert np.abs(decode(data).rgb * 255 - 188).max() <= 1


def test_sixteen_bit_grey_under_a_profile_is_converted_too() -> None:
    image = Image.fromarray(np.full((16, 16), 128 * 257, np.uint16))
    assert np.abs(decode(tagged(image, profile(b"GRAY", {b"kTRC": curve(1)}))).rgb * 255 - 188).max() <= 1


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_goes_through_its_own_profile(format: str) -> None:
    data = tagged(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), ink_profile(), format)
    picture = decode(data, formats=("JPEG", "TIFF"))
    assert np.abs(picture.rgb * 255 - 119).max() <= 4


def test_a_palette_is_converted_after_its_colours_are_looked_up() -> None:
    icc = rgb_profile(ADOBE_RGB, 2.2)
    drawn = Image.new("P", (16, 16), 1)
    drawn.putpalette([0, 0, 0, 100, 150, 100])
    plain = Image.new("RGB", (16, 16), (100, 150, 100))
    assert np.array_equal(decode(tagged(drawn, icc)).rgb, decode(tagged(plain, icc)).rgb)


@pytest.mark.parametrize(
    "icc",
    [b"no profile", rgb_profile(ADOBE_RGB, 2.2)[:200], b"\0" * 500, ink_profile(), profile(b"RGB ", {})],
    ids=["text", "truncated", "zeros", "of another colour model", "empty"],
)
def test_a_broken_profile_is_ignored(icc: bytes) -> None:
    picture = decode(tagged(Image.new("RGB", (16, 16), (10, 200, 90)), icc))
    assert np.rint(picture.rgb[3, 3] * 255).tolist() == [10, 200, 90]


def test_an_srgb_profile_changes_nothing() -> None:
    colors = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(np.rint(decode(tagged(Image.fromarray(colors), icc)).rgb * 255), colors)


def test_what_is_written_carries_no_foreign_profile() -> None:
    icc = rgb_profile(DISPLAY_P3, 2.2)
    picture: Picture = decode(tagged(Image.new("RGB", (16, 16), (90, 140, 90)), icc))
    for format in ("PNG", "JPEG", "WEBP"):
        with Image.open(BytesIO(encode(picture, format))) as image:
            assert "icc_profile" not in image.info
