"""Bounds on the memory of the API process, whatever is uploaded."""

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_M_MMAP_THRESHOLD: Final = -3  # malloc.h of glibc
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 1 << 20
_HEAPS: Final = 2


class DecodingRoom:
    """Pixels that may be decoded at the same time; a picture larger than the whole room has it to itself.

    Args:
        pixels: the room.
    """

    def __init__(self, pixels: int) -> None:
        self._pixels, self._taken = pixels, 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Wait for room for a picture of so many pixels, and keep it meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._pixels)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()


def keep_no_garbage() -> None:
    """Have the C library give the memory of a picture back at once, and keep few heaps for the many threads.

    By itself glibc raises its threshold with each large block that is freed, and keeps later ones: after three pictures
    of 40 megapixels the process held 440 MB, and holds 250 MB with this (``tests/service/test_hostile_uploads.py``).
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_ARENA_MAX, _HEAPS)
