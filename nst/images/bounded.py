"""Large pictures from anybody, decoded small: time and memory follow the size that is wanted, as far as formats allow.

A JPEG is scaled by its decoder. Any other is decoded by Pillow at 8 bits a channel (at most 4 bytes a pixel), then
converted and shrunk in bands; nothing becomes float before it is small.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from nst.errors import PictureSize
from nst.images.decoding import FORMATS, checked_image
from nst.images.markers import components_of_first_scan
from nst.images.picture import MAX_PIXELS, MIN_SIDE, Picture
from nst.images.pixels import SIDEWAYS, from_eight_bits, load, orientation, settled, split
from nst.images.resizing import SMALLEST_ALPHA, resize

_BAND_PIXELS = 1_000_000  # of the file: what is converted at a time
_LEAST_GOAL = 512  # for anything smaller, Lanczos would look at so many rows that a band is no band any more
_DRAFT = 1.5  # a JPEG's decoder stops at this many times the size that is wanted; the rest is Lanczos'
_GAP = 2.0  # averages of whole pixels stop there; the rest is Lanczos'
_LANCZOS_RADIUS = 3

_LITTLE_BYTES = 64_000_000  # whatever ``max_pixels`` is, this much may be taken
_PIXEL_BYTES = 4  # of a loaded image, at most
_WEBP_BYTES = 12  # a pixel: two canvases and the decoder's answer
_COEFFICIENT_BYTES = 2  # a sample

_Box = tuple[float, float, float, float]


def decode_within(
    data: bytes,
    longest: int,
    *,
    formats: tuple[str, ...] = FORMATS,
    max_pixels: int = MAX_PIXELS,
    min_side: int = MIN_SIDE,
) -> Picture:
    """As ``decode``, shrunk so that its long side has at most ``longest`` pixels; never enlarged.

    About what ``resize`` would make of the decoded picture. Every file is read at 8 bits a channel.

    Memory: 4 bytes for each of ``max_pixels``, and about 40 for each pixel of the result. A WebP, and a JPEG in several
    scans (progressive), whose decoders take more, may therefore have fewer pixels: a quarter, and at worst two fifths;
    4 million are always allowed.

    Args:
        longest: at least 1.
        max_pixels, min_side: of the file's picture, not of the result.

    Raises:
        NotAPicture, BrokenPicture, PictureSize: as ``decode``.
    """
    with checked_image(data, formats, max_pixels, min_side) as image:
        goal, first = _within(image.size, longest), _within(image.size, max(longest, _LEAST_GOAL))
        _load(image, data, first, max_pixels)
        colors, alpha = _shrunk(image, *first)
        profile, turned = image.info.get("icc_profile"), orientation(image)
        image.close()  # its pixels make room for the floats
        picture = Picture(*settled(*from_eight_bits(colors, alpha, profile), turned))
        return resize(picture, *(goal[::-1] if turned in SIDEWAYS else goal))


def _within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """This size, or the smaller one of the same shape whose long side is ``longest``."""
    factor = min(1.0, longest / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _load(image: ImageFile, data: bytes, goal: tuple[int, int], max_pixels: int) -> None:
    """Load the image, a JPEG as a draft, unless that takes more memory than ``max_pixels`` pixels may."""
    pixels = math.prod(image.size)
    allowed = max(_LITTLE_BYTES, _PIXEL_BYTES * max_pixels)
    needed = _working_bytes(image, data)
    if isinstance(image, JpegImageFile):
        finer = _DRAFT if needed + _PIXEL_BYTES * pixels <= allowed else 1
        image.draft(None, (math.ceil(finer * goal[0]), math.ceil(finer * goal[1])))
    needed += _PIXEL_BYTES * math.prod(image.size)
    if needed > allowed:
        raise PictureSize(
            f"it has {pixels:,} pixels; the most for this kind of file is {int(pixels * allowed / needed):,}",
            hint="Make it smaller first, or save it as a PNG, or as a JPEG that is not progressive.",
        )
    load(image)


def _working_bytes(image: ImageFile, data: bytes) -> int:
    """What the decoder keeps beside the image that it loads, where that grows with the picture."""
    pixels = math.prod(image.size)
    if image.format == "WEBP":
        return _WEBP_BYTES * pixels
    if isinstance(image, JpegImageFile) and _in_several_scans(image, data):
        return round(_COEFFICIENT_BYTES * pixels * _samples(image))
    return 0


def _in_several_scans(image: JpegImageFile, data: bytes) -> bool:
    """Whether libjpeg keeps the coefficients of the whole picture until the last scan."""
    return "progressive" in image.info or components_of_first_scan(data) < image.layers


def _samples(image: JpegImageFile) -> float:
    """Samples for each pixel: 3 without subsampling, 1.5 where the chroma is halved both ways."""
    areas = [across * down for _, across, down, _ in image.layer]
    return sum(areas) / (max(layer[1] for layer in image.layer) * max(layer[2] for layer in image.layer))


def _shrunk(image: ImageFile, width: int, height: int) -> tuple[Image.Image, Image.Image | None]:
    """What ``split`` gives, at another size."""
    rows = max(1, _BAND_PIXELS * height // (image.width * image.height))
    tops = range(0, height, rows)
    bands = [
        _band(image, top / height, min(1.0, (top + rows) / height), (width, min(rows, height - top))) for top in tops
    ]
    alphas = [alpha for _, alpha in bands if alpha]
    return _stacked([colors for colors, _ in bands]), _stacked(alphas) if alphas else None


def _stacked(bands: list[Image.Image]) -> Image.Image:
    """One below the other."""
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _band(image: ImageFile, start: float, stop: float, size: tuple[int, int]) -> tuple[Image.Image, Image.Image | None]:
    """The rows from ``start`` to ``stop``, as fractions of the height, split and at another size."""
    first, last = start * image.height, stop * image.height
    if image.mode in ("L", "RGB", "CMYK") and not image.has_transparency_data:
        return _resized(image, size, (0, first, image.width, last)), None
    margin = math.ceil((_LANCZOS_RADIUS + 1) * (last - first) / size[1])  # what the filter sees beyond the rows
    top, bottom = max(0, math.floor(first) - margin), min(image.height, math.ceil(last) + margin)
    colors, alpha = split(image.crop((0, top, image.width, bottom)))
    box = (0, first - top, image.width, last - top)
    if alpha is None:
        return _resized(colors, size, box), None
    return _resized_with_alpha(colors, alpha, size, box)


def _resized(image: Image.Image, size: tuple[int, int], box: _Box) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=_GAP)


def _resized_with_alpha(
    colors: Image.Image, alpha: Image.Image, size: tuple[int, int], box: _Box
) -> tuple[Image.Image, Image.Image]:
    """As ``resize``: colours weighted by their opacity, in floats; the result has 8 bits."""
    opacity = _plane(alpha)
    small = np.asarray(_resized(Image.fromarray(opacity), size, box))
    weight = np.where(small > SMALLEST_ALPHA, small, 1)
    channels = [
        _levels(np.asarray(_resized(Image.fromarray(_plane(channel) * opacity), size, box)) / weight)
        for channel in colors.split()
    ]
    hidden = np.where(small > SMALLEST_ALPHA, small, 0)  # no colour there: ``fill_transparent`` finds one
    return Image.merge(colors.mode, channels), _levels(hidden)


def _plane(channel: Image.Image) -> NDArray[np.float32]:
    plane: NDArray[np.float32] = np.asarray(channel, np.float32) / np.float32(255)
    return plane


def _levels(plane: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8))
