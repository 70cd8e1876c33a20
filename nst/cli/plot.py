"""The losses over the iterations, as a picture."""

import math
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nst.cli.losses import row
from nst.cli.observer import Observer, check_place
from nst.errors import NstError
from nst.events import Event, Progress, Scale, Started
from nst.images import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLORS = {"total": "#1b1b1f", "style": "#c2410c", "content": "#1d4ed8", "tv": "#15803d"}
_INK, _RULE = "#52525b", "#d4d4d8"


class LossPlot(Observer):
    """Draws, when the run is over, every term of the loss on a logarithmic scale, with the changes of scale marked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: list[dict[str, Any]] = []
        self._scales: tuple[Scale, ...] = ()

    def check(self) -> None:
        """Raise OutputError unless the file can be written, NstError where matplotlib is not installed."""
        if find_spec("matplotlib") is None:
            raise NstError("--plot needs matplotlib", hint="pip install 'neural-style-transfer[cli]'")
        check_place(self.path)

    def observe(self, event: Event) -> None:
        """Remember the losses."""
        match event:
            case Started():
                self._scales = event.scales
            case Progress():
                self._rows.append(row(event))

    def finish(self) -> None:
        """Draw, unless there was no iteration."""
        if self._rows:
            buffer = BytesIO()
            figure = draw(self._rows, self._scales)
            figure.savefig(buffer, format=self.path.suffix[1:].lower(), dpi=160)
            write_atomically(self.path, buffer.getvalue())


def draw(rows: list[dict[str, Any]], scales: tuple[Scale, ...]) -> "Figure":
    """The figure, 8 x 4.5 inches; no global state of matplotlib is touched."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    terms = [term for term in _COLORS if any(row[term] > 0 for row in rows)]
    for term in terms:
        width = 2.0 if term == "total" else 1.4
        marker = "o" if len(rows) == 1 else ""
        axes.plot(*_line(rows, term), color=_COLORS[term], linewidth=width, label=term, marker=marker)
    _style(axes, (rows[0]["iteration"], rows[-1]["iteration"]))
    _mark_scales(axes, rows, scales)
    return figure


def _line(rows: list[dict[str, Any]], term: str) -> tuple[list[float], list[float]]:
    """Iterations and values, broken where the scale changes, since losses of two sizes do not continue each other."""
    steps: list[float] = []
    values: list[float] = []
    for before, now in zip([rows[0], *rows], rows, strict=False):
        if before["scale"] != now["scale"]:
            steps.append(now["iteration"])
            values.append(math.nan)
        steps.append(now["iteration"])
        values.append(now[term] if now[term] > 0 else math.nan)  # a logarithm has no place for zero
    return steps, values


def _style(axes: "Axes", span: tuple[int, int]) -> None:
    axes.set_yscale("log")
    axes.set_xlim(span[0], max(span[1], span[0] + 1))
    axes.margins(y=0.08)
    axes.set_xlabel("iteration", color=_INK)
    axes.set_title("weighted loss", loc="left", color=_INK, fontsize=10, pad=22)
    axes.grid(axis="y", color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, which="both", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(_RULE)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, labelcolor="linecolor", handlelength=1.2)


def _mark_scales(axes: "Axes", rows: list[dict[str, Any]], scales: tuple[Scale, ...]) -> None:
    """A dashed rule where each scale begins, with its size above."""
    begins: dict[int, int] = {}
    for values in rows:
        begins.setdefault(values["scale"], values["iteration"])
    for index, iteration in begins.items():
        if index:
            axes.axvline(iteration, color=_INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
        if index < len(scales):
            label = f"{scales[index].width} × {scales[index].height}"
            axes.annotate(label, (iteration, 1.0), (2, 4), axes.get_xaxis_transform(), textcoords="offset points",
                          annotation_clip=False, color=_INK, fontsize=8)  # fmt: skip
