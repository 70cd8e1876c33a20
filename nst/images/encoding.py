"""Pictures as bytes: PNG, JPEG, WebP, with a note of how they were made.

Nothing of the files that a picture came from (EXIF, places, names) can get here: a ``Picture`` does not carry it.
"""

import json
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from nst.errors import OutputError
from nst.images.decoding import FORMATS, open_image, read_bytes
from nst.images.picture import Picture
from nst.images.png16 import encode_png16

#: The key under which a picture's options are written into its file.
SETTINGS_KEY = "nst"

_ASCII = b"ASCII\0\0\0"  # how an EXIF UserComment says its character code
_SRGB = 1  # EXIF ColorSpace


def encode(
    picture: Picture,
    format: str,
    *,
    bits: int = 8,
    quality: int = 95,
    text: Mapping[str, str] | None = None,
    fast: bool = False,
) -> bytes:
    """The picture as a file's bytes, values rounded to the nearest level and marked as sRGB.

    Args:
        format: "PNG", "JPEG" (no alpha: composited on white) or "WEBP".
        bits: a channel, 8 or (PNG only) 16.
        quality: of JPEG and WebP, 1 to 100.
        text: notes for the file's metadata, in PNG text chunks or as JSON in the EXIF user comment; ``read_settings``
            finds the one called "nst" again.
        fast: a PNG in about a quarter of the time, a few per cent larger for a photo, more for a pattern; the same
            pixels. Other formats do not mind it.

    Raises:
        OutputError: the format cannot hold such a picture.
    """
    if format not in FORMATS or bits not in (8, 16) or (bits == 16 and format != "PNG"):
        raise OutputError(f"{bits}-bit {format} cannot be written", hint="Use 8-bit PNG, JPEG, WebP or 16-bit PNG.")
    notes = dict(text or {})
    if bits == 16:
        return encode_png16(_levels(picture, np.uint16), notes, level=1 if fast else 6)
    flat = _on_white(picture) if format == "JPEG" else picture
    image = Image.fromarray(_levels(flat, np.uint8))
    buffer = BytesIO()
    try:
        image.save(buffer, format, **_parameters(format, quality, notes, fast))
    except (OSError, ValueError) as error:  # sides over 65 500 (JPEG) or 16 383 (WebP), or a note over 64 KiB
        raise OutputError(f"{format} cannot hold this picture ({error})", hint="Write a PNG instead.") from error
    return buffer.getvalue()


def read_settings(source: str | Path | bytes) -> str | None:
    """The options that ``encode`` noted in a PNG, JPEG or WebP as ``text["nst"]``; None where there are none.

    Raises:
        PictureNotFound, NotAPicture, BrokenPicture: as ``read_picture``; only the file's header is read.
    """
    data = source if isinstance(source, bytes) else read_bytes(source)
    with open_image(data, FORMATS) as image:
        noted = image.info.get(SETTINGS_KEY) if image.format == "PNG" else _user_comment(image).get(SETTINGS_KEY)
    return str(noted) if isinstance(noted, str) else None


def _levels(picture: Picture, kind: type[np.uint8] | type[np.uint16]) -> NDArray[Any]:
    """Pixels as integers, (H, W, 3) or with alpha (H, W, 4)."""
    values = picture.rgb if picture.alpha is None else np.dstack([picture.rgb, picture.alpha])
    return np.rint(np.clip(values, 0, 1) * np.float32(np.iinfo(kind).max)).astype(kind)


def _on_white(picture: Picture) -> Picture:
    if picture.alpha is None:
        return picture
    alpha = picture.alpha[..., None]
    return Picture(picture.rgb * alpha + (1 - alpha))


def _parameters(format: str, quality: int, notes: Mapping[str, str], fast: bool) -> dict[str, Any]:
    if format == "PNG":
        speed = {"compress_level": 1, "compress_type": zlib.Z_RLE} if fast else {}
        return {"pnginfo": _png_chunks(notes), **speed}
    if format == "JPEG":  # full chroma: paint is saturated, and halved chroma smears its strokes
        return {"quality": quality, "subsampling": "4:4:4", "exif": _exif(notes)}
    return {"quality": quality, "exif": _exif(notes)}


def _png_chunks(notes: Mapping[str, str]) -> PngInfo:
    chunks = PngInfo()
    chunks.add(b"sRGB", b"\0")
    for key, value in notes.items():
        chunks.add_itxt(key, value)
    return chunks


def _exif(notes: Mapping[str, str]) -> bytes:
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.ColorSpace] = _SRGB
    if notes:
        details[ExifTags.Base.UserComment] = _ASCII + json.dumps(dict(notes)).encode("ascii")
    return exif.tobytes()


def _user_comment(image: Image.Image) -> dict[str, Any]:
    """The notes in an EXIF user comment; empty where it is missing, damaged or somebody else's."""
    try:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b"")
        notes = json.loads(comment.removeprefix(_ASCII))
    except Exception:  # Pillow raises whatever the damage leads to
        return {}
    return notes if isinstance(notes, dict) else {}
