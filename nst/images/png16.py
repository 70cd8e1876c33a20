"""PNG with 16 bits a channel, which Pillow cannot write in colour (PNG Specification, 3rd edition, W3C 2025)."""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES = {3: 2, 4: 6}  # by channels: truecolour, truecolour with alpha
_UP = 2  # the filter that keeps a row's difference to the one above; of the cheap ones the best on pictures


def encode_png16(levels: NDArray[np.uint16], text: Mapping[str, str], level: int = 6) -> bytes:
    """A PNG of ``levels``, (H, W, 3) or with alpha (H, W, 4), marked as sRGB; each of ``text`` becomes a text chunk.

    ``level`` is zlib's, 0 to 9: how much time to spend on a smaller file.
    """
    height, width, channels = levels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOR_TYPES[channels], 0, 0, 0)
    chunks = [
        _chunk(b"IHDR", header),
        _chunk(b"sRGB", b"\0"),
        *(_chunk(b"iTXt", _international_text(key, value)) for key, value in text.items()),
        _chunk(b"IDAT", zlib.compress(_filtered(levels), level)),
        _chunk(b"IEND", b""),
    ]
    return _SIGNATURE + b"".join(chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _international_text(key: str, value: str) -> bytes:
    uncompressed, language, translated = b"\0\0", b"\0", b"\0"
    return key.encode("latin-1") + b"\0" + uncompressed + language + translated + value.encode()


def _filtered(levels: NDArray[np.uint16]) -> bytes:
    """Big-endian rows, each less the row above it and led by its filter's number."""
    rows = levels.astype(">u2").reshape(levels.shape[0], -1).view(np.uint8)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    return np.insert(rows - above, 0, _UP, axis=1).tobytes()
