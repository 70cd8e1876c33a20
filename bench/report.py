"""Results as a table on the screen, and as JSON and a plot in ``bench/results``."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark found.

    Attributes:
        name: of its file.
        title: what was measured, and how.
        rows: one line of the table each, with the same keys.
        summary: the figures that a README would name.
    """

    name: str
    title: str
    rows: Sequence[Mapping[str, Any]]
    summary: Mapping[str, Any]

    def text(self) -> str:
        """Title, table and summary for the screen."""
        summary = "\n".join(f"{key}: {shown(value)}" for key, value in self.summary.items())
        return f"\n{self.title}\n\n{table(self.rows)}\n\n{summary}\n"

    def write(self) -> Path:
        """Write ``bench/results/<name>.json``, with the machine it was measured on."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.name}.json"
        facts = {"title": self.title, "machine": machine(), "summary": dict(self.summary), "rows": list(self.rows)}
        path.write_text(json.dumps(_rounded(facts), indent=1) + "\n", encoding="utf-8")
        return path


def machine() -> dict[str, Any]:
    """Processor, cores, threads in use, load and versions: a figure means nothing without them."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with equal keys as aligned columns."""
    if not rows:
        return "(nothing)"
    cells = [list(rows[0]), *([shown(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def shown(value: Any) -> str:
    """A value for people: four digits, a dash for what is not known."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _rounded(value: Any) -> Any:
    """Five digits are more than any of these measurements has, and keep the tracked files small."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
