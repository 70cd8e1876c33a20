"""What a person sees on standard error: a header, a bar (lines where nobody watches), the outcome."""

from collections.abc import Mapping
from shutil import get_terminal_size
from time import monotonic
from types import MappingProxyType
from typing import Any

from nst import __version__
from nst.cli.command import Command
from nst.cli.observer import Observer
from nst.cli.stream import Stream
from nst.events import Cancelled, Event, Finished, Progress, Scale, Started

#: Seconds between two lines where there is no terminal.
LINE_SECONDS = 5.0

#: What a weight of each objective means: the scales are so far apart that one must know which is in force.
_WEIGHT_SCALES: Mapping[str, str] = MappingProxyType({
    "normalized": "dimensionless: the same at any size and on any backbone",
    "classic": "the scale whose defaults are 1e5 / 3e4 / 1",
    "classic-mean": "the scale whose defaults are 1 / 1e6",
    "classic-sum": "the scale whose defaults are 1 / 0.01",
})  # fmt: skip

_BAR = "{desc} {percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt}{postfix}"


class Screen(Observer):
    """Tells one run on ``stream``; without ``header``, only its bar and its outcome."""

    def __init__(self, command: Command, stream: Stream, *, header: bool = True) -> None:
        self._command = command
        self._stream = stream
        self._header = header
        self._scales: tuple[Scale, ...] = ()
        self._total = 0
        self._bar: Any = None
        self._last_line = monotonic()
        self._end: Finished | Cancelled | None = None

    def observe(self, event: Event) -> None:
        """Show it."""
        match event:
            case Started():
                self._start(event)
            case Progress():
                self._progress(event)
            case Finished() | Cancelled():
                self._end = event

    def finish(self) -> None:
        """Say what became of it: the path, the size, the seconds."""
        self.close()
        if self._end:
            self._stream.line(_outcome(self._command, self._end, self._total))

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _start(self, event: Started) -> None:
        self._scales, self._total = event.scales, event.total_iterations
        if self._header:
            for line in header(self._command, event):
                self._stream.line(line)
        if self._stream.isatty():
            self._bar = _tqdm(event, self._stream)

    def _progress(self, event: Progress) -> None:
        self._total = event.total_iterations  # a scale that ended early leaves fewer
        if self._bar is not None:
            self._bar.total = self._total
            self._bar.set_description_str(_size(self._scales[event.scale]), refresh=False)
            self._bar.set_postfix_str(_figures(event), refresh=False)
            self._bar.update(event.iteration - self._bar.n)
        elif monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = monotonic()
            done = f"{event.iteration}/{event.total_iterations}"
            self._stream.line(f"{_size(self._scales[event.scale])}  {done}, {_figures(event)}")


def header(command: Command, event: Started) -> list[str]:
    """What the run has chosen, a line each."""
    weights = f"content {event.content_weight:g}, style {event.style_weight:g}, TV {event.tv_weight:g}"
    scales = " > ".join(_size(scale) for scale in event.scales)
    begun = f", from iteration {event.iteration}" if event.iteration else ""
    styles = " + ".join(style.name for style in command.styles)
    return [
        f"nst {__version__}: {command.content.name} in the style of {styles}",
        f"  backbone   {event.why}",
        f"  objective  {event.objective}: {weights} ({_WEIGHT_SCALES.get(event.objective, 'its own scale')})",
        f"  size       {scales} px, up to {event.total_iterations} iterations{begun}",
        f"  device     {event.device}" + (f", threads: {command.threads}" if command.threads else ""),
        *(f"  note       {note}" for note in command.notes),
    ]


def _outcome(command: Command, end: Finished | Cancelled, total: int) -> str:
    size = f"{end.picture.width} x {end.picture.height} px"
    if isinstance(end, Finished):
        return f"{command.out}: {size}, {end.iteration} iterations, {end.elapsed_seconds:.1f} s"
    return (
        f"stopped at iteration {end.iteration} of {total}, after {end.elapsed_seconds:.1f} s: {command.out} holds the "
        f"picture so far ({size}), {command.checkpoint} what --resume goes on from"
    )


def _tqdm(event: Started, stream: Stream) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:  # the extra is not installed: then lines will do
        return None
    tqdm.monitor_interval = 0  # no thread of its own
    columns = get_terminal_size().columns - 1  # 80 where the terminal does not know
    return tqdm(total=event.total_iterations, initial=event.iteration, file=stream, bar_format=_BAR, ncols=columns)


def _figures(event: Progress) -> str:
    minutes, seconds = divmod(max(0, round(event.remaining_seconds)), 60)
    left = f"{minutes}:{seconds:02} left"
    return f"loss {event.losses.total:.4g}, {event.iterations_per_second:.1f} it/s, {left}"


def _size(scale: Scale) -> str:
    return f"{scale.width} x {scale.height}"
