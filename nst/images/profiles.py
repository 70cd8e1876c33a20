"""Embedded ICC colour profiles, by LittleCMS (8 bits a channel, as Pillow binds it)."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

#: Turns an image of the profile's mode into RGB.
Conversion = Callable[[Image.Image], Image.Image]

_COLOR_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def conversion_to_srgb(profile: bytes | None, mode: str) -> Conversion | None:
    """How to bring pixels of Pillow's ``mode`` from a profile to sRGB (relative colorimetric, black point compensated).

    None where there is nothing to do: no profile, one that is sRGB itself, one that is broken or made for another mode.
    """
    if not profile or mode not in _COLOR_SPACES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space.strip() != _COLOR_SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a picture without its profile beats no picture
    return None if _changes_nothing(transform, mode) else lambda image: _applied(transform, image)


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a probe of the whole cube stays within one level, since every vendor's sRGB differs a little."""
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    probe = Image.fromarray(cube if mode == "RGB" else np.ascontiguousarray(cube[..., 0]))
    difference = np.asarray(_applied(transform, probe), np.int16) - np.asarray(probe.convert("RGB"), np.int16)
    return bool(np.abs(difference).max() <= 1)


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is None only for a conversion in place
    return converted
