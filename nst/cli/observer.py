"""What watches a run: one interface for the screen, the frames, the film, the log and the plot."""

from pathlib import Path

from nst.errors import OutputError
from nst.events import Event
from nst.images import check_writable


class Observer:
    """Is told every event of a run, in order. Each method does nothing unless a subclass has something to do."""

    def check(self) -> None:
        """Before the work: raise OutputError (or another NstError) for what could only fail after it."""

    def observe(self, event: Event) -> None:
        """One event, as it happens."""

    def finish(self) -> None:
        """The run is over and its picture on the disk: the time for slow things."""

    def close(self) -> None:
        """In any case, last: leave nothing behind."""


def check_place(path: Path) -> None:
    """Raise OutputError unless a file of any kind can be written to ``path``."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder", hint="Give the path of a file.")
    check_writable(path.with_name(f"{path.name}.png"))


def make_folder(path: Path) -> None:
    """Make a folder and those above it.

    Raises:
        OutputError: it cannot be made, or a file is in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"the folder {path} cannot be made ({reason})", hint="Choose another place.") from error
