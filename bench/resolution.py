"""Whether the same options give the same look at every size: the normalised distances of the finished picture."""

from statistics import mean
from typing import Any

from bench.pictures import Pair
from bench.report import Report
from nst.events import Failed, Progress
from nst.options import StyleOptions
from nst.transfer import StyleTransfer


def benchmark(pairs: list[Pair], sizes: tuple[int, ...]) -> Report:
    """Content and style at the end of a ``standard`` run on ``wavelet``, for each size, and how far they spread."""
    rows = [_distances(pair, size) for pair in pairs for size in sizes]
    summary = {
        f"{pair.name}: {term} furthest from its mean, %": _spread(
            [row[term] for row in rows if row["pair"] == pair.name]
        )
        for pair in pairs
        for term in ("content", "style")
    }
    return Report("resolution", f"The same options at {', '.join(map(str, sizes))} px, wavelet", rows, summary)


def _distances(pair: Pair, size: int) -> dict[str, Any]:
    options = StyleOptions.preset("standard", backbone="wavelet", size=size, save_every=0)
    last = None
    for event in StyleTransfer().start(pair.content, [pair.style], options):
        if isinstance(event, Failed):
            raise event.error
        last = event if isinstance(event, Progress) else last
    assert last is not None
    losses = last.losses
    return {
        "pair": pair.name,
        "size": size,
        "content": losses.content,
        "style": losses.style,
        "iterations": last.iteration,
        "seconds": last.elapsed_seconds,
    }


def _spread(values: list[float]) -> float:
    """Largest distance from the mean, in percent of it."""
    return 100 * max(abs(value / mean(values) - 1) for value in values)
