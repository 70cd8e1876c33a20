"""Standard output and error that outlive their reader, and events as lines of JSON."""

import dataclasses
import json
import os
from collections.abc import Callable
from typing import Any, TextIO

from nst.cli.observer import Observer
from nst.errors import NstError
from nst.events import Event, Failed, Started
from nst.images import Picture


class Stream:
    """A text stream. When its reader has left (``nst ... | head``), what is written is dropped and the work goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """As the stream's own."""
        return self._try(lambda: self._stream.write(text)) or len(text)

    def flush(self) -> None:
        """As the stream's own."""
        self._try(self._stream.flush)

    @property
    def encoding(self) -> str:
        """As the stream's own: it decides whether a bar is drawn with blocks or with ASCII."""
        return self._stream.encoding or "ascii"

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """As the stream's own."""
        return self._stream.fileno()

    def line(self, text: str) -> None:
        """Write a line, now."""
        self.write(f"{text}\n")
        self.flush()

    def _try(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except BrokenPipeError:
            # The interpreter flushes once more when it leaves; that, too, has to succeed.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class JsonEvents(Observer):
    """Writes each event as one line of JSON; a picture is given as its width and height.

    A failed run is not told here but where its error ends up, so that it is told once.
    """

    def __init__(self, stream: Stream, **about: str) -> None:
        self._stream = stream
        self._about = about

    def observe(self, event: Event) -> None:
        """Write it; what the run is ``about`` goes with its beginning."""
        if not isinstance(event, Failed):
            about = self._about if isinstance(event, Started) else {}
            self._stream.line(json.dumps({**as_dict(event), **about}))


def as_dict(event: Event) -> dict[str, Any]:
    """An event as plain values: its name under ``event``, then its fields."""
    values: dict[str, Any] = {"event": type(event).__name__.lower()}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if isinstance(value, Picture):
            values |= {"width": value.width, "height": value.height}
        else:
            values[field.name] = _plain(value)
    return values


def failure(error: NstError) -> dict[str, Any]:
    """An error as plain values, in the place of a last event."""
    return {"event": "failed", "code": error.code, "message": str(error), "hint": error.hint}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
