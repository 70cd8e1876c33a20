"""From an opened file to upright sRGB floats: colour models, bit depths, profiles, orientation, transparency."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile

from nst.errors import NotAPicture
from nst.images.profiles import Conversion, conversion_to_srgb
from nst.images.transparency import fill_transparent

Floats = NDArray[np.float32]

#: The EXIF orientations of pictures whose width is stored as their height.
SIDEWAYS = (5, 6, 7, 8)

# Of 16-bit colours Pillow keeps the high byte; told that the same data are in the other byte order, it keeps the low.
_LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}


def pixels(image: ImageFile, data: bytes) -> tuple[Floats, Floats | None]:
    """Colours (H, W, 3) and, where the file has transparency, alpha (H, W); both in [0, 1], upright.

    Under full transparency the file's colours are replaced by their visible neighbours' (see ``fill_transparent``).

    Args:
        image: opened, not yet loaded.
        data: the whole file.

    Raises:
        NotAPicture: the pixels are floats, 32-bit integers or in CIELAB.
    """
    deep = _sixteen_bits(image, data)
    key = image.info.get("transparency")
    load(image)
    profile = image.info.get("icc_profile")
    if deep is not None and conversion_to_srgb(profile, "L" if deep.ndim == 2 else "RGB") is None:
        rgb, alpha = _from_sixteen_bits(deep, key)
    else:
        rgb, alpha = from_eight_bits(*split(image), profile)
    return settled(rgb, alpha, orientation(image))


def load(image: ImageFile) -> None:
    """Decode the pixels.

    Raises:
        NotAPicture: as ``pixels``.
    """
    key = image.info.get("transparency")
    if isinstance(key, tuple) and _layout(image) in _LOW_BYTES:  # Pillow keeps all bits of the colour that is no colour
        image.info["transparency"] = tuple(level >> 8 for level in key)
    image.load()
    if image.mode in ("F", "I", "LAB"):
        raise NotAPicture(f"its pixels are of Pillow's mode {image.mode}", hint="Save it with 8 or 16 bits in RGB.")


def settled(rgb: Floats, alpha: Floats | None, orientation: int) -> tuple[Floats, Floats | None]:
    """Both upright, and colours under full transparency filled."""
    rgb = np.ascontiguousarray(_upright(rgb, orientation))
    if alpha is None:
        return rgb, None
    alpha = np.ascontiguousarray(_upright(alpha, orientation))
    return fill_transparent(rgb, alpha), alpha


def _layout(image: ImageFile) -> object:
    """How a PNG that is not loaded yet lays out its samples, in Pillow's words."""
    return image.tile[0].args if isinstance(image, PngImageFile) and image.tile else None


def _sixteen_bits(image: ImageFile, data: bytes) -> NDArray[np.uint16] | None:
    """The file's 16-bit samples, (H, W) or (H, W, 2 to 4); None where it has fewer bits or Pillow cannot tell."""
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    layout = _layout(image)
    if layout == "LA;16B":  # two 16-bit samples are four bytes, as are the bytes of one RGBA pixel
        four = _unpacked(data, "RGBA")
        return _joined(four[..., ::2], four[..., 1::2])
    if layout in _LOW_BYTES:
        return _joined(_unpacked(data, layout), _unpacked(data, _LOW_BYTES[layout]))
    return None


def _joined(high: NDArray[np.uint8], low: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return np.asarray(high.astype(np.uint16) * 256 + low, np.uint16)


def _unpacked(data: bytes, layout: str) -> NDArray[np.uint8]:
    """A PNG's pixels, its bytes taken for the given raw layout."""
    with PngImageFile(BytesIO(data)) as image:
        image.tile = [tile._replace(args=layout) for tile in image.tile]
        return np.asarray(image)


def _from_sixteen_bits(deep: NDArray[np.uint16], transparent: object) -> tuple[Floats, Floats | None]:
    values = deep[..., None] if deep.ndim == 2 else deep
    colors = values[..., : 1 if values.shape[2] < 3 else 3]
    rgb = np.broadcast_to(_scaled(colors, 65535), (*colors.shape[:2], 3))
    if values.shape[2] in (2, 4):
        return rgb, _scaled(values[..., -1], 65535)
    if isinstance(transparent, int | tuple):
        return rgb, (colors != np.array(transparent)).any(axis=-1).astype(np.float32)
    return rgb, None


def from_eight_bits(
    colors: Image.Image, alpha: Image.Image | None, profile: bytes | None
) -> tuple[Floats, Floats | None]:
    """What ``split`` gave, as sRGB floats."""
    to_srgb: Conversion | None = conversion_to_srgb(profile, colors.mode)
    rgb = to_srgb(colors) if to_srgb else colors.convert("RGB")
    return _scaled(np.asarray(rgb), 255), None if alpha is None else _scaled(np.asarray(alpha), 255)


def split(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours in mode L, RGB or CMYK, and the alpha channel if there is transparency of any kind; 8 bits each."""
    if image.mode.startswith("I;16"):
        return _split_sixteen(np.asarray(image), image.info.get("transparency"))
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        both = image.convert("LA" if grey else "RGBA")
        return both.convert("L" if grey else "RGB"), both.getchannel("A")
    if image.mode == "CMYK":
        return image, None
    return image.convert("L" if grey else "RGB"), None


def _split_sixteen(grey: NDArray[np.uint16], transparent: object) -> tuple[Image.Image, Image.Image | None]:
    colors = Image.fromarray((grey >> 8).astype(np.uint8))  # Pillow's own conversion of mode I;16 clips
    if not isinstance(transparent, int):
        return colors, None
    return colors, Image.fromarray(np.where(grey == transparent, 0, 255).astype(np.uint8))


def _scaled(values: NDArray[np.unsignedinteger], most: int) -> Floats:
    scaled: Floats = np.divide(values, np.float32(most), dtype=np.float32)
    return scaled


def orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 (upright) to 8; 1 where the EXIF block is missing or damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises whatever the damage leads to, and a damaged EXIF block is no damaged picture
        return 1


def _upright(array: Floats, orientation: int) -> Floats:
    """Undo an EXIF orientation: a transposition for 5 to 8, then flips."""
    if orientation in SIDEWAYS:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array[:, ::-1] if orientation in (2, 3, 6, 7) else array
