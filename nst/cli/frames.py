"""The pictures on the way, as numbered files."""

from pathlib import Path

from nst.cli.observer import Observer, make_folder
from nst.events import Cancelled, Event, Finished, Frame
from nst.images import check_writable, write_picture


class Frames(Observer):
    """Writes each frame as ``<iteration><suffix>``, all of the final size; the result is the last of them.

    Files of an earlier run that bear the same number are replaced, others are left alone.
    """

    def __init__(self, folder: Path, suffix: str, iterations: int) -> None:
        self.folder = folder
        self.suffix = suffix
        self._digits = max(4, len(str(iterations)))
        self._last = -1

    def check(self) -> None:
        """Make the folder; raise OutputError if it cannot be written to."""
        make_folder(self.folder)
        check_writable(self._path(0))

    def observe(self, event: Event) -> None:
        """Write the picture of this event, if it has a new one."""
        match event:
            case Frame() | Finished() | Cancelled() if event.iteration != self._last:
                write_picture(event.picture, self._path(event.iteration))
                self._last = event.iteration

    def _path(self, iteration: int) -> Path:
        return self.folder / f"{iteration:0{self._digits}}{self.suffix}"
