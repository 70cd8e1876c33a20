"""The pictures on offer: the repository's own styles and photos, and whatever somebody drops into the styles folder.

A dropped picture may have a sidecar: for ``poppies.png`` a ``poppies.json`` with any of title, author, source, licence,
description. What cannot be used is skipped with one warning in the log, and is looked at again when it changes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from backend.gallery.exhibits import (
    Exhibit,
    Photo,
    Style,
    Unusable,
    built_in,
    catalogue,
    check_place,
    digest_of,
    sidecar,
    signature_of,
    slug,
    title_of,
)
from backend.gallery.previews import measured, picture_jpeg, preview_jpeg
from jobs.telemetry import logger
from nst.errors import NstError
from nst.images import MAX_PIXELS

__all__ = ["Exhibit", "Gallery", "Photo", "Style"]

#: The repository's own pictures; absent where the package is installed without them.
EXAMPLES: Final = Path(__file__).parents[2] / "examples"

#: Most bytes of thumbnails and re-encoded pictures kept in memory.
CACHE_BYTES = 32 * 1024 * 1024

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file of the styles folder as it was last looked at; ``style`` is None where it cannot be used."""

    signature: tuple[int, ...]
    style: Style | None


class Gallery:
    """The styles and the photos. Safe to use from any number of threads."""

    def __init__(
        self,
        styles: tuple[Style, ...] = (),
        photos: tuple[Photo, ...] = (),
        folder: Path | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self._own, self._photos = styles, photos
        self._folder, self._max_pixels = folder, max_pixels
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._cache = _Cache(CACHE_BYTES)
        self._readable = True

    @classmethod
    def open(cls, styles_dir: Path | None = None, *, examples: Path = EXAMPLES, max_pixels: int = MAX_PIXELS) -> Self:
        """The pictures of ``examples/gallery.json``, if there is one, and of ``styles_dir``, now and later."""
        facts = catalogue(examples / "gallery.json")
        styles = built_in(Style, examples, facts.get("styles", ()))
        return cls(styles, built_in(Photo, examples, facts.get("photos", ())), styles_dir, max_pixels)

    def styles(self) -> tuple[Style, ...]:
        """Every style: the repository's in their order, then the dropped ones by file name."""
        if self._folder is None:
            return self._own
        with self._lock:
            self._rescan(self._folder)
            return _distinct(self._own, (seen.style for _, seen in sorted(self._seen.items()) if seen.style))

    def photos(self) -> tuple[Photo, ...]:
        """The photos to try the service with."""
        return self._photos

    def find(self, id: str) -> Style | None:
        """The style of this id; None where there is none."""
        return next((style for style in self.styles() if style.id == id), None)

    def find_photo(self, id: str) -> Photo | None:
        """The photo of this id; None where there is none."""
        return next((photo for photo in self._photos if photo.id == id), None)

    def thumbnail(self, exhibit: Exhibit) -> bytes:
        """A JPEG of at most 320 pixels on its long side.

        Raises:
            NstError, OSError: the file has gone, or was replaced by something else.
        """
        data = exhibit.path.read_bytes
        return self._cache.get(f"thumbnail {exhibit.digest}", lambda: preview_jpeg(data(), self._max_pixels))

    def picture(self, exhibit: Exhibit) -> bytes:
        """A JPEG to look at, without any metadata; the repository's own as it is.

        Raises:
            NstError, OSError: the file has gone, or was replaced by something else.
        """
        if not exhibit.dropped:
            return exhibit.path.read_bytes()
        data = exhibit.path.read_bytes
        return self._cache.get(f"picture {exhibit.digest}", lambda: picture_jpeg(data(), self._max_pixels))

    def _rescan(self, folder: Path) -> None:
        """Look at what is new or changed in the folder; names, times and sizes tell."""
        try:
            files = {path.name: path for path in folder.iterdir() if not path.is_dir() and path.suffix != ".json"}
            self._readable = True
        except OSError as error:
            if self._readable:
                _log.warning("the styles folder cannot be read", folder=str(folder), reason=error.strerror)
            files, self._readable = {}, False
        for name in self._seen.keys() - files.keys():
            del self._seen[name]
        for name, path in files.items():
            signature = signature_of(path)
            if name not in self._seen or self._seen[name].signature != signature:
                self._seen[name] = _Seen(signature, self._usable(path))

    def _usable(self, path: Path) -> Style | None:
        try:
            return self._dropped(path)
        except (Unusable, NstError, OSError) as error:
            _log.warning("a file of the styles folder is skipped", file=path.name, reason=str(error))
            return None

    def _dropped(self, path: Path) -> Style:
        check_place(path)
        data = path.read_bytes()
        width, height = measured(data, self._max_pixels)
        preview = preview_jpeg(data, self._max_pixels)  # reads every byte, and somebody will want it
        texts = sidecar(path.with_suffix(".json"))
        digest = digest_of(data)
        self._cache.put(f"thumbnail {digest}", preview)
        title = texts.pop("title", "") or title_of(path.stem)
        return Style(
            id=slug(path.stem),
            title=title,
            path=path,
            width=width,
            height=height,
            digest=digest,
            dropped=True,
            **texts,
        )


def _distinct(own: tuple[Style, ...], dropped: Iterable[Style]) -> tuple[Style, ...]:
    """All of them, the later ones of equal ids with a number behind."""
    styles = {style.id: style for style in own}
    for style in dropped:
        id, number = style.id, 1
        while id in styles:
            number += 1
            id = f"{style.id}-{number}"
        styles[id] = style if id == style.id else replace(style, id=id)
    return tuple(styles.values())


class _Cache:
    """The bytes that were last asked for, up to so many of them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self._bytes = most_bytes, 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock, self._making = threading.Lock(), threading.Lock()

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under the key, or what ``make`` makes: one at a time, for pictures are large while they are."""
        if (data := self._find(key)) is not None:
            return data
        with self._making:
            data = self._find(key)
            return self.put(key, make()) if data is None else data

    def put(self, key: str, data: bytes) -> bytes:
        """Keep ``data``, and forget what has not been asked for the longest."""
        with self._lock:
            self._bytes += len(data) - len(self._kept.pop(key, b""))
            self._kept[key] = data
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return data

    def _find(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)
