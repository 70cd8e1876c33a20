"""The checkpoint beside the result: what an interrupted run goes on from."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from nst.cli.observer import check_place
from nst.errors import CheckpointError
from nst.images import write_atomically

#: A run that is killed without warning loses at most this much.
EVERY_SECONDS = 30.0


class Checkpoints:
    """One file, replaced now and then while the run goes on, and removed once it is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last = monotonic()

    def check(self) -> None:
        """Raise OutputError unless the file can be written."""
        check_place(self.path)

    def load(self) -> bytes:
        """What is in the file.

        Raises:
            CheckpointError: there is none, or it cannot be read.
        """
        try:
            return self.path.read_bytes()
        except OSError as error:
            hint = "Start without --resume, or name the file with --checkpoint."
            raise CheckpointError(f"{self.path} cannot be read ({error.strerror})", hint=hint) from error

    def save(self, checkpoint: Callable[[], bytes]) -> None:
        """Replace the file; OutputError if that fails."""
        write_atomically(self.path, checkpoint())
        self._last = monotonic()

    def save_if_due(self, checkpoint: Callable[[], bytes]) -> None:
        """Replace the file if the last one is old."""
        if monotonic() - self._last >= EVERY_SECONDS:
            self.save(checkpoint)

    def remove(self) -> None:
        """The run is complete: nothing is left to go on from."""
        self.path.unlink(missing_ok=True)
