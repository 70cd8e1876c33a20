"""Every kind of file that people have becomes the picture they see."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nst.images import ANY_FORMAT, Picture, decode, encode


def saved(image: Image.Image, format: str = "PNG", **parameters: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **parameters)
    return buffer.getvalue()


def levels(picture: Picture) -> NDArray[np.int64]:
    """The picture's colours as 8-bit numbers."""
    return np.rint(picture.rgb * 255).astype(np.int64)


def noise(*shape: int, kind: type[np.unsignedinteger[Any]] = np.uint8) -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, np.iinfo(kind).max + 1, shape).astype(kind)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_rgb_picture_keeps_its_colours(format: str) -> None:
    data = saved(Image.new("RGB", (32, 24), (200, 100, 50)), format)
    picture = decode(data, formats=ANY_FORMAT)
    assert (picture.width, picture.height, picture.alpha) == (32, 24, None)
    assert picture.rgb.dtype == np.float32
    assert np.abs(levels(picture) - (200, 100, 50)).max() <= 3


def test_a_png_is_decoded_to_the_bit() -> None:
    pixels = noise(24, 32, 3)
    assert np.array_equal(decode(saved(Image.fromarray(pixels))).rgb, pixels.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation_comes_out_upright(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    blocks = Image.fromarray(noise(3, 2, 3)).resize((32, 48), Image.Resampling.NEAREST)
    data = saved(blocks, format, exif=exif)
    with Image.open(BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    picture = decode(data, formats=ANY_FORMAT)
    assert np.array_equal(levels(picture), expected)
    assert (picture.width < picture.height) == (orientation < 5)


def test_a_phone_held_upright_gives_an_upright_picture() -> None:
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[0, 0] = 255  # orientation 6: the first stored pixel is the top right one of what was seen
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(saved(Image.fromarray(pixels), exif=exif))
    assert picture.rgb[0, -1].tolist() == [1, 1, 1]
    assert picture.rgb.sum() == 3


def test_alpha_is_turned_with_its_picture() -> None:
    pixels = noise(32, 48, 4)
    pixels[..., 3] |= 1
    exif = Image.Exif()
    exif[0x0112] = 8
    picture = decode(saved(Image.fromarray(pixels), exif=exif))
    assert picture.alpha is not None
    assert np.array_equal(np.rint(picture.alpha * 255), np.rot90(pixels[..., 3]))


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_shows_its_inks(format: str) -> None:
    inks = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    picture = decode(saved(inks, format), formats=ANY_FORMAT)
    assert np.abs(levels(picture) - (255, 0, 0)).max() <= 3


def test_a_palette_png_is_accepted() -> None:
    drawn = Image.fromarray(noise(32, 32, 3)).quantize(16)
    assert np.array_equal(levels(decode(saved(drawn))), np.asarray(drawn.convert("RGB")))


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 128])], ids=["one colour", "alpha per colour"])
def test_a_palette_with_transparency_gives_alpha(transparency: int | bytes) -> None:
    image = Image.new("P", (16, 16))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([index % 3 for index in range(256)])
    picture = decode(saved(image, transparency=transparency))
    assert picture.alpha is not None
    last = 128 if isinstance(transparency, bytes) else 255
    assert np.rint(picture.alpha[0, :3] * 255).tolist() == [255, 0, last]
    assert levels(picture)[0, 2].tolist() == [0, 0, 255]


def test_one_bit_is_black_and_white() -> None:
    checks = Image.fromarray(np.indices((16, 16)).sum(0) % 2 == 1)
    assert checks.mode == "1"
    assert levels(decode(saved(checks)))[0, :2].tolist() == [[0, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_grey_has_three_equal_channels(format: str) -> None:
    picture = decode(saved(Image.new("L", (16, 16), 90), format), formats=ANY_FORMAT)
    assert np.abs(levels(picture) - 90).max() <= 1


def test_grey_with_alpha_keeps_both() -> None:
    pixels = noise(16, 16, 2)
    pixels[..., 1] |= 1
    picture = decode(saved(Image.fromarray(pixels, "LA")))
    assert picture.alpha is not None
    assert np.array_equal(levels(picture)[..., 1], pixels[..., 0])
    assert np.array_equal(np.rint(picture.alpha * 255), pixels[..., 1])


@pytest.mark.parametrize(
    ("mode", "key", "expected"), [("L", 7, 7), ("RGB", (7, 8, 9), (7, 8, 9))], ids=["grey", "colour"]
)
def test_a_key_colour_becomes_transparent(mode: str, key: Any, expected: Any) -> None:
    image = Image.new(mode, (16, 16), 200 if mode == "L" else (200, 8, 9))
    image.putpixel((3, 2), expected)
    picture = decode(saved(image, transparency=key))
    assert picture.alpha is not None
    assert picture.alpha[2, 3] == 0
    assert picture.alpha.sum() == 255


def test_alpha_is_kept_to_the_bit() -> None:
    pixels = noise(16, 16, 4)
    pixels[..., 3] = np.arange(256).reshape(16, 16)
    for format in ("PNG", "WEBP"):
        again = decode(encode(decode(saved(Image.fromarray(pixels))), format))
        assert again.alpha is not None
        assert np.array_equal(np.rint(again.alpha * 255), pixels[..., 3])


def test_sixteen_bit_grey_keeps_its_precision() -> None:
    pixels = noise(16, 16, kind=np.uint16)
    for format in ("PNG", "TIFF"):
        picture = decode(saved(Image.fromarray(pixels), format), formats=ANY_FORMAT)
        assert np.array_equal(np.rint(picture.rgb[..., 2] * 65535), pixels)


@pytest.mark.parametrize("alpha", [False, True], ids=["RGB", "RGBA"])
def test_a_sixteen_bit_colour_png_keeps_its_precision(alpha: bool) -> None:
    values = noise(17, 19, 4, kind=np.uint16)
    values[..., 3] |= 1
    exact = values.astype(np.float32) / np.float32(65535)
    picture = decode(encode(Picture(exact[..., :3], exact[..., 3] if alpha else None), "PNG", bits=16))
    assert np.array_equal(picture.rgb, exact[..., :3])
    assert (picture.alpha is not None) == alpha
    assert picture.alpha is None or np.array_equal(picture.alpha, exact[..., 3])


def test_an_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    for format in ("PNG", "WEBP", "TIFF"):
        lossless = {"lossless": True} if format == "WEBP" else {}
        data = saved(frames[0], format, save_all=True, append_images=frames[1:], **lossless)
        assert levels(decode(data, formats=ANY_FORMAT))[0, 0].tolist() == [255, 0, 0]


def test_a_jpeg_of_several_pictures_shows_the_first() -> None:
    data = saved(Image.new("RGB", (16, 16), "red"), "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))])
    assert np.abs(levels(decode(data)) - (255, 0, 0)).max() <= 3


def test_what_is_invisible_takes_the_colour_of_what_is_beside_it() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[8:24, 8:24] = (220, 120, 20, 255)
    pixels[8, 8:24, 3] = 3  # a soft edge keeps the colour that the file gives it
    pixels[8, 8:24, 0] = 210
    picture = decode(saved(Image.fromarray(pixels)))
    assert np.abs(levels(picture) - (220, 120, 20)).max() <= 10
    assert (levels(picture)[8, 8:24] == (210, 120, 20)).all()


def test_a_wholly_transparent_picture_is_white() -> None:
    picture = decode(saved(Image.new("RGBA", (16, 16), (9, 9, 9, 0))))
    assert picture.rgb.min() == 1


def test_threads_may_decode_at_once() -> None:
    data = [saved(Image.fromarray(noise(40 + n, 50, 3)), "JPEG") for n in range(8)]
    with ThreadPoolExecutor(4) as threads:
        digests = [picture.digest() for picture in threads.map(decode, data)]
    assert digests == [decode(one).digest() for one in data]


def test_equal_pixels_have_equal_digests() -> None:
    rgb = np.zeros((16, 20, 3), np.float32)
    other = rgb.copy()
    other[0, 0, 0] = 1 / 255
    assert Picture(rgb).digest() == Picture(rgb.copy()).digest()
    variants = {Picture(rgb), Picture(other), Picture(rgb, rgb[..., 0]), Picture(rgb.reshape(20, 16, 3))}
    assert len({picture.digest() for picture in variants}) == 4


def test_a_picture_cannot_be_written_to() -> None:
    picture = Picture(np.zeros((16, 16, 3), np.float32))
    with pytest.raises(ValueError, match="read-only"):
        picture.rgb[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("rgb", "alpha"), [((16, 16), None), ((16, 16, 4), None), ((16, 16, 3), (16, 15)), ((3, 16, 16), None)]
)
def test_a_picture_of_another_shape_is_a_mistake(rgb: tuple[int, ...], alpha: tuple[int, ...] | None) -> None:
    with pytest.raises(ValueError, match="float32"):
        Picture(np.zeros(rgb, np.float32), None if alpha is None else np.zeros(alpha, np.float32))


def test_pictures_and_options_load_no_torch() -> None:
    code = "import sys, nst, nst.images, nst.options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
