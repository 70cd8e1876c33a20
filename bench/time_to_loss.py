"""How long it takes to the reference's loss after 300 evaluations: same objective, weights and pictures.

One function measures both: the reference's objective at full size, of the picture as its optimiser holds it. Clamping
it to [0, 1] first would favour us, whose few iterations stray less (it nearly doubled the reference's last loss). The
cost of measuring is left out of the time, and so is loading. Everything else counts, our small scales and everybody's
targets too.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torchvision.models import squeezenet1_0

from bench import reference
from bench.pictures import Pair
from bench.report import RESULTS, Report
from nst.backbones import Backbone
from nst.backbones.squeezenet import SqueezeNet
from nst.canvas import Canvas
from nst.events import Progress, Scale
from nst.images import target_size
from nst.options import StyleOptions
from nst.recipe import resolve
from nst.schedule import plan
from nst.transfer import Plan, Run

EVALUATIONS = 300
_CPU = torch.device("cpu")


@dataclass(slots=True)
class Curve:
    """The loss of a run against the seconds it took."""

    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def add(self, seconds: float, loss: float) -> None:
        """Note down a measured picture."""
        self.seconds.append(seconds)
        self.losses.append(loss)

    def seconds_to(self, loss: float) -> float | None:
        """When the loss was first as low as this; None if it never was."""
        return next((s for s, found in zip(self.seconds, self.losses, strict=True) if found <= loss), None)


@dataclass(frozen=True, slots=True)
class Match:
    """One pair of pictures, ready for both programs."""

    pair: Pair
    network: reference.Network
    backbone: Backbone
    options: StyleOptions  # of the reference's size and colours

    @property
    def scale(self) -> Scale:
        """The full size."""
        size = target_size(self.pair.content.width, self.pair.content.height, self.options.size, "long")
        return Scale(*size, self.options.iterations)

    def canvas(self) -> Canvas:
        """Makes the tensors that both programs see."""
        return Canvas(self.pair.content, [self.pair.style], (1.0,), self.options, self.scale, _CPU)


def networks(weights: Path | None) -> tuple[reference.Network, Backbone]:
    """SqueezeNet for both programs, trained or else with seeded random weights."""
    state = reference.weights_of(weights) if weights else reference.random_weights(squeezenet1_0)
    ours = SqueezeNet(dict(state), padding="zeros", input_scale="caffe255")
    return reference.squeezenet_network(state), ours


def reference_curve(match: Match, measure: Callable[[Tensor], float]) -> Curve:
    """The reference's 300 evaluations, measured at every fifth."""
    canvas, curve, spent, count = match.canvas(), Curve(), 0.0, 0
    content, style = (reference.prepared(x) for x in (canvas.content(match.scale), canvas.styles(match.scale)[0]))
    began = time.perf_counter()

    def watch(x: Tensor) -> None:
        nonlocal began, spent, count
        spent, count = spent + time.perf_counter() - began, count + 1
        if count == 1 or count % 5 == 0:
            curve.add(spent, measure(reference.picture(x)))
        began = time.perf_counter()

    objective = reference.Objective(match.network, content, style)
    reference.optimise(objective.loss, content, EVALUATIONS, watch)
    return curve


def our_curve(match: Match, measure: Callable[[Tensor], float], **changes: Any) -> Curve:
    """Our engine with the same objective, measured at every iteration at full size."""
    run, curve, spent = _run(match, match.options.replace(save_every=0, **changes)), Curve(), 0.0
    events, began = iter(run), time.perf_counter()
    for event in events:
        spent += time.perf_counter() - began
        if isinstance(event, Progress) and event.scale == len(run_scales(match, changes)) - 1:
            pixels = run.pixels()
            assert pixels is not None
            curve.add(spent, measure(pixels))
        began = time.perf_counter()
    return curve


def run_scales(match: Match, changes: dict[str, Any]) -> tuple[Scale, ...]:
    """The sizes that a run with these changes works through."""
    options = match.options.replace(**changes)
    return plan(match.scale.width, match.scale.height, options.iterations, options.scales)


def _run(match: Match, options: StyleOptions) -> Run:
    """A run on a backbone that pads with zeros, as the reference does; the product's own pads with edge pixels."""
    scales = run_scales(match, options.to_dict())
    recipe = resolve(options, match.backbone, 1)
    return Run(Plan(match.backbone, "measured", recipe, options, scales, match.canvas(), _CPU, ""))


def common_measure(match: Match) -> Callable[[Tensor], float]:
    """The one judge: the reference's objective at full size, of the picture as it is."""
    canvas = match.canvas()
    content, style = (reference.prepared(x) for x in (canvas.content(match.scale), canvas.styles(match.scale)[0]))
    objective = reference.Objective(match.network, content, style)

    @torch.no_grad()
    def measure(image: Tensor) -> float:
        return float(objective.loss(reference.prepared(image)))

    return measure


def compare(match: Match, ours: dict[str, dict[str, Any]], *, ours_first: bool) -> dict[str, Curve]:
    """The curves of one pair, by name."""
    measure = common_measure(match)
    jobs: dict[str, Callable[[], Curve]] = {
        "reference": lambda: reference_curve(match, measure),
        **{name: lambda c=changes: our_curve(match, measure, **c) for name, changes in ours.items()},  # type: ignore[misc]
    }
    order = reversed(jobs) if ours_first else iter(jobs)
    return {name: jobs[name]() for name in order}


def benchmark(pairs: list[Pair], size: int, weights: Path | None, ours: dict[str, dict[str, Any]]) -> Report:
    """Every pair, taking turns who goes first; medians over the pairs."""
    network, backbone = networks(weights)
    options = StyleOptions(size=size, backbone="squeezenet", objective="classic")
    rows, ratios = [], dict[str, list[float]]()
    for index, pair in enumerate(pairs):
        curves = compare(Match(pair, network, backbone, options), ours, ours_first=index % 2 == 1)
        target, whole = min(curves["reference"].losses), curves["reference"].seconds[-1]
        for name in ("reference", *ours):
            reached = curves[name].seconds_to(target)
            ratios.setdefault(name, []).append(reached / whole if reached else float("inf"))
            rows.append(_row(pair, name, curves[name], reached, whole, target))
        _plot(pair.name, curves, target)
    trained = weights.name if weights else "random weights"
    return Report(
        f"time-to-loss-{size}",
        f"Seconds to the reference's loss after {EVALUATIONS} evaluations: classic, SqueezeNet ({trained}), {size} px",
        rows,
        {f"{name}: median share of the reference's time": median(ratios[name]) for name in ours},
    )


def _row(pair: Pair, name: str, curve: Curve, reached: float | None, whole: float, target: float) -> dict[str, Any]:
    return {
        "pair": pair.name,
        "run": name,
        "seconds": curve.seconds[-1],
        "loss / target": curve.losses[-1] / target,
        "seconds to target": reached,
        "share": reached / whole if reached else None,
    }


def _plot(name: str, curves: dict[str, Curve], target: float) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for label, curve in curves.items():
        axes.plot(curve.seconds, curve.losses, label=label)
    axes.axhline(target, color="grey", linewidth=0.8, linestyle="--")
    axes.set(xlabel="seconds", ylabel="classic loss at full size", yscale="log", title=name)
    axes.legend(frameon=False)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / f"time-to-loss-{name}.png", dpi=90, metadata={"Software": None})
