"""The losses of each iteration, as a table that a spreadsheet or a notebook reads."""

import json
from pathlib import Path
from typing import Any

from nst.cli.observer import Observer, check_place
from nst.errors import OutputError
from nst.events import Event, Progress, Started

COLUMNS = ("iteration", "scale", "evaluations", "total", "content", "style", "tv", "elapsed_seconds")


def row(event: Progress) -> dict[str, Any]:
    """One iteration as plain values, in the order of ``COLUMNS``; ``scale`` counts from 0, losses are weighted."""
    losses = event.losses
    values = (event.iteration, event.scale, event.evaluations, losses.total, losses.content, losses.style, losses.tv)
    return dict(zip(COLUMNS, (*values, round(event.elapsed_seconds, 3)), strict=True))


class LossLog(Observer):
    """Writes a line for each iteration, at once: .csv with a header, or .jsonl.

    A resumed run keeps the lines up to where it goes on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._csv = path.suffix.lower() == ".csv"

    def check(self) -> None:
        """Raise OutputError unless the file can be written."""
        check_place(self.path)

    def observe(self, event: Event) -> None:
        """Begin the file, or add a line."""
        match event:
            case Started():
                lines = self._kept(event.iteration) if event.iteration else []
                self._write("w", [",".join(COLUMNS), *lines] if self._csv else lines)
            case Progress():
                self._write("a", [self._line(event)])

    def _line(self, event: Progress) -> str:
        values = row(event)
        return ",".join(f"{value}" for value in values.values()) if self._csv else json.dumps(values)

    def _kept(self, iteration: int) -> list[str]:
        """The lines of an earlier log, up to ``iteration``."""
        if not self.path.exists():
            return []
        lines = self.path.read_text("utf-8").splitlines()[int(self._csv) :]
        return [line for line in lines if self._iteration(line) <= iteration]

    def _iteration(self, line: str) -> float:
        """Of a whole line; infinite for one that was cut off."""
        try:
            return float(line.split(",")[0] if self._csv else json.loads(line)["iteration"])
        except (ValueError, KeyError, TypeError):
            return float("inf")

    def _write(self, mode: str, lines: list[str]) -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written ({error.strerror})", hint="Make room for it.") from error
