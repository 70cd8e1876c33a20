"""Bytes that nobody vouches for, decoded into a ``Picture``.

The size is read from the header and checked before a pixel is decoded; Pillow's global limits and switches stay as they
are, so that any number of threads may decode at once.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from nst.errors import BrokenPicture, NotAPicture, NstError, PictureNotFound, PictureSize
from nst.images.picture import MAX_PIXELS, MIN_SIDE, Picture
from nst.images.pixels import pixels

#: Formats accepted from anybody.
FORMATS = ("JPEG", "PNG", "WEBP")

#: Formats accepted from somebody at the command line.
ANY_FORMAT = (*FORMATS, "TIFF")

# The classes are called directly: Image.open would warn about large pictures, and would take a phone's JPEG for a
# multi-picture file.
_OPENERS: Mapping[str, Callable[[BytesIO], ImageFile]] = MappingProxyType(
    {"JPEG": JpegImageFile, "PNG": PngImageFile, "WEBP": WebPImageFile, "TIFF": TiffImageFile}
)
_NAMES = MappingProxyType({"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "TIFF": "TIFF"})

#: How files begin that we can read.
_SIGNATURES = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"RIFF.{4}WEBP", "WEBP"),
    (rb"II\*\0|MM\0\*", "TIFF"),
)

#: How others begin, and what they are: to say more than that we cannot.
_OTHERS = (
    (rb".{4}ftypavi[fs]", "an AVIF picture"),
    (rb".{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)", "a HEIC picture"),
    (rb"GIF8", "a GIF picture"),
    (rb"BM.{4}\0{4}", "a BMP picture"),
    (rb"%PDF", "a PDF document"),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml.{0,1000})?<svg\b", "an SVG drawing"),
)


def read_picture(
    path: str | Path, *, formats: tuple[str, ...] = ANY_FORMAT, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE
) -> Picture:
    """The picture in a file; as ``decode``.

    Raises:
        PictureNotFound: there is no such file, it is a folder, or it may not be read.
        NotAPicture, BrokenPicture, PictureSize: as ``decode``, with the path in front.
    """
    data = read_bytes(path)
    try:
        return decode(data, formats=formats, max_pixels=max_pixels, min_side=min_side)
    except NstError as error:
        raise type(error)(f"{path}: {error}", hint=error.hint) from error


def decode(
    data: bytes, *, formats: tuple[str, ...] = FORMATS, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE
) -> Picture:
    """The picture in these bytes, upright, in sRGB, with its alpha; the first frame of an animation.

    Every colour model of the accepted formats is understood (1-bit, grey, palette, RGB, CMYK, 16-bit; transparency in
    all its spellings). Sixteen bits are kept for grey and for every PNG. What Pillow cannot keep is read at 8 bits:
    16-bit RGB TIFF, and 16-bit pixels under a colour profile other than sRGB.

    Raises:
        NotAPicture: the bytes are in none of ``formats``, or their pixels are floats or 32-bit integers.
        BrokenPicture: the bytes are truncated or corrupt.
        PictureSize: more than ``max_pixels`` in all, or fewer than ``min_side`` on a side.
    """
    with checked_image(data, formats, max_pixels, min_side) as image:
        return Picture(*pixels(image, data))


@contextmanager
def checked_image(data: bytes, formats: tuple[str, ...], max_pixels: int, min_side: int) -> Iterator[ImageFile]:
    """As ``open_image``, of an allowed size; what goes wrong with its pixels is a typed error too.

    Raises:
        NotAPicture, BrokenPicture, PictureSize: as ``decode``.
    """
    with open_image(data, formats) as image:
        _check_size(image.width, image.height, max_pixels, min_side)
        with _broken(image.format or "picture"):
            yield image


def read_bytes(path: str | Path) -> bytes:
    """What is in a picture's file.

    Raises:
        PictureNotFound: there is no such file, it is not a regular file, or it may not be read.
    """
    path = Path(path)
    try:
        if path.is_file():  # and not a device without an end
            return path.read_bytes()
        reason = "it is a folder" if path.is_dir() else "it is no regular file" if path.exists() else "no such file"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    raise PictureNotFound(f"{path}: {reason}", hint="Give the path of a picture.")


@contextmanager
def open_image(data: bytes, formats: tuple[str, ...]) -> Iterator[ImageFile]:
    """Pillow's image with its header read and its pixels not.

    Raises:
        NotAPicture: the bytes are in none of ``formats``.
        BrokenPicture: the header is corrupt.
        PictureSize: the picture is too large for Pillow to be opened at all.
    """
    name = _format(data)
    if name not in formats:
        raise NotAPicture(
            f"it is {_kind(data, name)}" if data else "the file is empty",
            hint=f"Give a {' or '.join(', '.join(_NAMES[f] for f in formats).rsplit(', ', 1))} picture.",
        )
    with _broken(name):
        image = _OPENERS[name](BytesIO(data))
    with image:
        yield image


def _format(data: bytes) -> str | None:
    """The format that the first bytes announce."""
    return next((name for start, name in _SIGNATURES if re.match(start, data, re.DOTALL)), None)


def _kind(data: bytes, name: str | None) -> str:
    """What a file is that cannot be used, with its article."""
    if name is not None:
        return f"a {_NAMES[name]} picture"
    return next((kind for start, kind in _OTHERS if re.match(start, data, re.DOTALL)), "no picture")


@contextmanager
def _broken(name: str) -> Iterator[None]:
    """Whatever Pillow raises over corrupt bytes, as a typed error."""
    try:
        yield
    except NstError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureSize("it has too many pixels", hint="Make it smaller first.") from error
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise BrokenPicture(f"the {name} is damaged ({reason})", hint="Save or download it again.") from error


def _check_size(width: int, height: int, max_pixels: int, min_side: int) -> None:
    if width * height > max_pixels:
        raise PictureSize(
            f"it has {width} x {height} pixels; the most is {max_pixels:,}", hint="Make it smaller first."
        )
    if min(width, height) < min_side:
        raise PictureSize(
            f"it has {width} x {height} pixels; the least is {min_side} on a side", hint="Give a larger picture."
        )
