"""Coarse to fine: which sizes a run works through, and how its iterations are shared among them.

A small picture settles masses and long strokes in a few cheap steps; each finer scale starts from it and adds its
detail (Gatys et al., "Controlling perceptual factors", CVPR 2017, section 6). The classic program is one scale.
"""

from collections import deque
from collections.abc import Sequence

from nst.events import Scale
from nst.images import MIN_SIDE

COARSEST = 96  # px on the long side: below, the wavelet pyramid and VGG's fifth block have nothing to look at
_SHARE = 0.7  # of the iterations of the next coarser scale: fine scales start nearly done and cost most
PLATEAU_ITERATIONS = 10


def plan(width: int, height: int, iterations: int, scales: int) -> tuple[Scale, ...]:
    """Scales from coarse to fine, the last at full size.

    Args:
        width: of the result, in pixels.
        height: of the result, in pixels.
        iterations: in all.
        scales: how many sizes; 0 chooses them so that the coarsest has about 96 px on its long side. Fewer are made
            where the short side would fall below the 16 px that every picture needs.
    """
    count = min(scales or _levels(max(width, height)), iterations, _most_levels(min(width, height)))
    sizes = [_halved(width, height, count - 1 - level) for level in range(count)]
    return tuple(Scale(*size, share) for size, share in zip(sizes, _shares(iterations, count), strict=True))


def _levels(long_side: int) -> int:
    levels = 1
    while long_side >= 2 * COARSEST:
        long_side, levels = long_side // 2, levels + 1
    return levels


def _most_levels(short_side: int) -> int:
    levels = 1
    while round(short_side / 2**levels) >= MIN_SIDE:
        levels += 1
    return levels


def _halved(width: int, height: int, times: int) -> tuple[int, int]:
    return max(1, round(width / 2**times)), max(1, round(height / 2**times))


def _shares(iterations: int, count: int) -> list[int]:
    weights = [_SHARE**level for level in range(count)]
    spare = iterations - count  # beyond the one that each gets
    shares = [1 + int(spare * weight / sum(weights)) for weight in weights]
    shares[0] += iterations - sum(shares)
    return shares


def on_plateau(losses: Sequence[float], threshold: float) -> bool:
    """Whether the last ten iterations of a scale lowered its loss by less than ``threshold``, as a share.

    A loss that rose, as Adam's may, is on its way, not on a plateau.
    """
    if threshold == 0 or len(losses) <= PLATEAU_ITERATIONS:
        return False
    before, now = losses[-1 - PLATEAU_ITERATIONS], losses[-1]
    return 0 <= before - now < threshold * abs(before)


class Pace:
    """How fast a scale goes, over its last few iterations."""

    def __init__(self) -> None:
        self._durations: deque[float] = deque(maxlen=10)

    def add(self, seconds: float) -> None:
        """Count an iteration."""
        self._durations.append(seconds)

    @property
    def iterations_per_second(self) -> float:
        """0 before the first iteration."""
        return len(self._durations) / max(sum(self._durations), 1e-9)

    def remaining_seconds(self, scales: Sequence[Scale], scale: int, done: int) -> float:
        """Time left after ``done`` iterations of scale number ``scale``; cost is taken to grow with the pixels."""
        here, later = scales[scale], scales[scale + 1 :]
        pixels = (here.iterations - done) * _pixels(here) + sum(s.iterations * _pixels(s) for s in later)
        return pixels / _pixels(here) / max(self.iterations_per_second, 1e-9)


def _pixels(scale: Scale) -> int:
    return scale.width * scale.height
