"""Seconds for one evaluation of the classic objective on VGG-19, and the memory of a run, ours beside the reference's.

The weights are seeded random ones: they cost exactly what trained ones cost. Memory is the largest resident set of a
fresh process less what it had before any picture was there. It is taken at one evaluation while the history of the
optimiser is full; a cheap function of the pixels fills that beforehand, as hundreds of evaluations of VGG would.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torchvision.models import vgg19

from bench import reference
from bench.report import Report
from nst.backbones.vgg import VGG
from nst.lbfgs import LBFGS
from nst.objective import Objective
from nst.options import StyleOptions
from nst.recipe import resolve

_WHO = ("ours", "reference")
_WARM_UP = 110  # evaluations of the cheap function: more than either history holds


class _Enough(Exception):
    """The evaluation that was to be measured is done."""


def benchmark(size: int, memory_size: int, repeats: int = 5) -> Report:
    """Seconds per evaluation at ``size``, medians of alternating repeats; peak memory at ``memory_size``."""
    memory = {who: _peak_of_a_process(who, memory_size) for who in _WHO}
    seconds = _seconds(size, repeats)
    rows = [
        {"program": who, f"seconds at {size} px": seconds[who], f"MB at {memory_size} px": memory[who]} for who in _WHO
    ]
    summary = {
        "seconds per evaluation, ours / reference": seconds["ours"] / seconds["reference"],
        "peak memory, ours / reference": memory["ours"] / memory["reference"],
    }
    title = (
        "One evaluation (forward and backward) of the classic objective, VGG-19 with random weights, square pictures"
    )
    return Report("evaluation", title, rows, summary)


def our_evaluation(content: Tensor, style: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Our ``classic``, as the engine evaluates it."""
    backbone = VGG("vgg19", dict(reference.random_weights(vgg19)), input_scale="caffe255")
    recipe = resolve(StyleOptions(backbone="vgg19", objective="classic"), backbone, 1)
    return Objective(backbone, recipe, content, [style]).evaluate


def reference_loss(content: Tensor, style: Tensor) -> Callable[[Tensor], Tensor]:
    """The reference's objective of a ``prepared`` picture."""
    network = reference.vgg19_network(reference.random_weights(vgg19))
    return reference.Objective(network, reference.prepared(content), reference.prepared(style)).loss


def _seconds(size: int, repeats: int) -> dict[str, float]:
    content, style = _noise(size, 0), _noise(size, 1)
    evaluate, loss, image = our_evaluation(content, style), reference_loss(content, style), _noise(size, 2)

    def theirs() -> object:
        x = reference.prepared(image).requires_grad_()
        return torch.autograd.grad(loss(x), x)

    programs: dict[str, Callable[[], object]] = {"ours": lambda: evaluate(image), "reference": theirs}
    found: dict[str, list[float]] = {who: [] for who in _WHO}
    for repeat in range(repeats + 1):
        for who in _WHO if repeat % 2 else reversed(_WHO):
            began = time.perf_counter()
            programs[who]()
            found[who].append(time.perf_counter() - began)
    return {who: median(times[1:]) for who, times in found.items()}  # the first of each warms up


def _peak_of_a_process(who: str, size: int) -> float:
    command = (sys.executable, "-m", "bench.evaluation", who, str(size))
    root = Path(__file__).resolve().parents[1]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return float(answer.stdout)


def _resident() -> float:
    """Largest resident set of this process so far, in MB.

    Linux hands ``ru_maxrss`` down from the parent, so that a child of a large process would seem large from the start.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        return float(status.read_text().split("VmHWM:")[1].split()[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _measure(who: str, size: int) -> float:
    before = _resident()
    content, style = _noise(size, 0), _noise(size, 1)
    {"ours": _our_run, "reference": _reference_run}[who](content, style)
    return _resident() - before


def _our_run(content: Tensor, style: Tensor) -> None:
    real, calls = our_evaluation(content, style), 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        if calls > _WARM_UP:
            real(x)
            raise _Enough
        x = x.detach().requires_grad_()
        loss = _cheap(x)
        return loss.detach(), torch.autograd.grad(loss, x)[0]

    optimizer = LBFGS(evaluate, content, history=StyleOptions().history)
    try:
        while optimizer.step():
            pass
    except _Enough:
        return
    raise RuntimeError("the warm-up converged before the history was full")


def _reference_run(content: Tensor, style: Tensor) -> None:
    real, calls = reference_loss(content, style), 0

    def loss(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return real(x) if calls > _WARM_UP else _cheap(x)

    def watch(_: Tensor) -> None:
        if calls > _WARM_UP:
            raise _Enough

    try:
        reference.optimise(loss, reference.prepared(content), 10 * _WARM_UP, watch)
    except _Enough:
        return
    raise RuntimeError("the warm-up converged before the history was full")


def _cheap(x: Tensor) -> Tensor:
    """A bowl so stretched that no optimiser is through with it before its history is full."""
    weights = torch.logspace(0, 6, x.shape[-1])
    return (weights * x.square()).sum()


def _noise(size: int, seed: int) -> Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


def main(arguments: list[str]) -> float:
    """What a fresh process answers: its peak in MB."""
    who, size = arguments
    return _measure(who, int(size))


if __name__ == "__main__":
    print(main(sys.argv[1:]))
