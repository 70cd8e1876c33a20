"""Sizes, and antialiased resizing in float precision."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.errors import PictureSize
from nst.images.picture import MAX_PIXELS, MIN_SIDE, Picture

#: Below this, a colour divided by its alpha is rounding noise.
SMALLEST_ALPHA = 1 / 512


def target_size(
    width: int, height: int, size: int, size_by: str, *, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE
) -> tuple[int, int]:
    """The (width, height) in pixels of a result, with the aspect of a picture of ``width`` x ``height``.

    Args:
        size: pixels of what ``size_by`` names.
        size_by: "long" (the longer side), "height", or "area" (``size * size`` pixels in all).

    Raises:
        PictureSize: the shape is so extreme that the short side would fall below ``min_side``, or the whole would
            exceed ``max_pixels``.
    """
    measured = {"long": max(width, height), "height": height, "area": math.sqrt(width * height)}[size_by]
    factor = size / measured
    result = max(1, round(width * factor)), max(1, round(height * factor))
    becomes = f"a {width} x {height} picture at size {size} ({size_by}) would be {result[0]} x {result[1]}"
    if min(result) < min_side:
        raise PictureSize(
            f"{becomes}; the least is {min_side} on a side",
            hint="Choose a larger size, or crop the picture to a less extreme shape.",
        )
    if math.prod(result) > max_pixels:
        raise PictureSize(
            f"{becomes}; the most is {max_pixels:,} pixels",
            hint="Choose a smaller size, or measure it by the long side or the area.",
        )
    return result


def resize(picture: Picture, width: int, height: int) -> Picture:
    """The picture at another size in pixels: Lanczos, antialiased, float32 throughout, clipped to [0, 1].

    With alpha, colours are weighted by their opacity, so that what is transparent does not tint the edges.
    """
    if (width, height) == (picture.width, picture.height):
        return picture
    plain = _resize_rgb(picture.rgb, width, height)
    if picture.alpha is None:
        return Picture(np.clip(plain, 0, 1))
    alpha = resize_plane(picture.alpha, width, height)
    weighted = _resize_rgb(picture.rgb * picture.alpha[..., None], width, height)
    visible = alpha > SMALLEST_ALPHA
    rgb = np.where(visible[..., None], weighted / np.where(visible, alpha, 1)[..., None], plain)
    return Picture(np.clip(rgb, 0, 1), np.clip(alpha, 0, 1))


def _resize_rgb(rgb: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.stack([resize_plane(rgb[..., channel], width, height) for channel in range(3)], axis=-1)


def resize_plane(
    plane: NDArray[np.float32], width: int, height: int, method: Image.Resampling = Image.Resampling.LANCZOS
) -> NDArray[np.float32]:
    """One channel (H, W) at another size, unclipped."""
    image = Image.fromarray(np.ascontiguousarray(plane))  # Pillow's mode "F": one float32 a pixel
    return np.array(image.resize((width, height), method), np.float32)
