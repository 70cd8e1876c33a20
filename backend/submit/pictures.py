"""Uploaded pictures made into what is stored: upright, in sRGB, no larger than needed, with nothing of their sender.

Nothing that was uploaded is ever stored or served as it came: every pixel goes through a decoder and an encoder.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar

from backend.context import Context
from backend.errors import problem_of_engine
from backend.gallery.previews import measured
from nst.errors import NstError, PictureSize
from nst.images import decode_within, encode

_Result = TypeVar("_Result")


class Source(Protocol):
    """Something whose bytes are a picture."""

    @property
    def field(self) -> str:
        """The part of the request it came with."""

    def read(self) -> bytes:
        """All of it."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture as it is stored: a PNG."""

    data: bytes
    digest: str  #: SHA-256 of the data

    @classmethod
    def of(cls, data: bytes) -> "StoredPicture":
        """These bytes."""
        return cls(data, sha256(data).hexdigest())


def size_of(source: Source, max_pixels: int) -> tuple[int, int]:
    """Width and height of an uploaded picture, upright; only its header is looked at.

    Raises:
        Problem: 415 it is no picture, 422 it is damaged, too large or too small.
    """
    try:
        return measured(source.read(), max_pixels)
    except NstError as error:
        raise problem_of_engine(_with_hint(error), source.field) from error


def stored(source: Source, longest: int, context: Context) -> StoredPicture:
    """The picture as it will be stored, its long side at most ``longest`` pixels.

    Raises:
        Problem: 415 it is no picture, 422 it is damaged, too large or too small.
    """
    width, height = size_of(source, context.settings.max_pixels)
    with context.decoding.taken(width * height):
        try:
            picture = decode_within(source.read(), longest, max_pixels=context.settings.max_pixels)
            return StoredPicture.of(encode(picture, "PNG", fast=True))
        except NstError as error:
            raise problem_of_engine(_with_hint(error), source.field) from error


def at_once(tasks: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """The results of all tasks, two of which run at a time; the first error is raised, and no further task begun."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = [pool.submit(task) for task in tasks]
        wait(futures, return_when=FIRST_EXCEPTION)
        pool.shutdown(cancel_futures=True)
    for future in futures:
        if not future.cancelled() and (error := future.exception()):
            raise error
    return [future.result() for future in futures]


def _with_hint(error: NstError) -> NstError:
    if isinstance(error, PictureSize) and not error.hint:
        return PictureSize(str(error), hint="Bring it to another size first.")
    return error
