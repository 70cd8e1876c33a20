"""The making of the picture as a film."""

from pathlib import Path
from tempfile import TemporaryDirectory

from nst.cli.observer import Observer, check_place
from nst.events import Cancelled, Event, Finished, Frame
from nst.film import check_encoder, make_film
from nst.images import write_picture


class Timelapse(Observer):
    """Keeps each frame in a temporary folder, and makes the film when the run is over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spool: TemporaryDirectory[str] | None = None
        self._frames: list[Path] = []
        self._last = -1

    def check(self) -> None:
        """Raise OutputError unless the file can be written, NstError where the encoder is not installed."""
        check_encoder(self.path.suffix)
        check_place(self.path)
        self._spool = TemporaryDirectory(prefix="nst-timelapse-")

    def observe(self, event: Event) -> None:
        """Keep the picture of this event, if it has a new one."""
        match event:
            case Frame() | Finished() | Cancelled() if self._spool and event.iteration != self._last:
                path = Path(self._spool.name, f"{len(self._frames):06}.png")
                write_picture(event.picture, path)
                self._frames.append(path)
                self._last = event.iteration

    def finish(self) -> None:
        """Make the film, unless there was no frame."""
        if self._frames:
            make_film(self._frames, self.path)

    def close(self) -> None:
        """Remove the temporary folder."""
        if self._spool:
            self._spool.cleanup()
