"""L-BFGS: its direction against textbook and torch, its evaluations against torch's, and what it survives."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

from nst.errors import CheckpointError, NumericalError
from nst.lbfgs import LBFGS, inner_products, shorter_step, two_loop
from nst.optimizer import Evaluate

Objective = Callable[[Tensor], Tensor]


def evaluation(objective: Objective, losses: list[float] | None = None) -> Evaluate:
    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.detach().requires_grad_()
        loss = objective(x)
        (gradient,) = torch.autograd.grad(loss, x)
        if losses is not None:
            losses.append(float(loss.detach()))
        return loss.detach(), gradient

    return evaluate


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_start(n: int = 100) -> Tensor:
    return torch.tensor([-1.2, 1.0]).repeat(n // 2)


def quadratic(condition: float, n: int = 100, dtype: torch.dtype = torch.float32) -> Objective:
    weights = torch.logspace(0, -math.log10(condition), n, dtype=dtype)
    return lambda x: 0.5 * (weights * x * x).sum()


def gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)[0]
    return flat @ flat.T / flat.shape[1]


def style_problem(seed: int, size: int = 32) -> tuple[Objective, Tensor]:
    """A small style transfer: three random convolutions, Gram matrices of a noisy painting, a smooth photo."""
    generator = torch.Generator().manual_seed(seed)
    channels = (3, 16, 24, 32)
    kernels = [
        torch.randn(out, into, 3, 3, generator=generator) * math.sqrt(2 / (9 * into))
        for into, out in pairwise(channels)
    ]

    def features(x: Tensor) -> list[Tensor]:
        maps: list[Tensor] = []
        for kernel in kernels:
            x = F.relu(F.conv2d(F.pad(F.max_pool2d(x, 2) if maps else x - 0.5, (1,) * 4, mode="replicate"), kernel))
            maps.append(x)
        return maps

    def clouds(count: int) -> Tensor:
        return F.interpolate(torch.randn(1, 3, count, count, generator=generator), size=(size, size), mode="bicubic")

    photo = (0.5 + 0.15 * clouds(6) + 0.05 * clouds(16)).clamp(0, 1)
    painting = (0.5 + 0.2 * clouds(10) + 0.2 * clouds(size) * clouds(4)).clamp(0, 1)
    content, style = features(photo)[-1], [gram(layer) for layer in features(painting)]

    def objective(x: Tensor) -> Tensor:
        maps = features(x)
        loss = 0.05 * ((maps[-1] - content) ** 2).sum() / (content**2).sum()
        for layer, wanted in zip(maps, style, strict=True):
            loss = loss + ((gram(layer) - wanted) ** 2).sum() / (wanted**2).sum() / len(style)
        return loss

    return objective, photo


def textbook_direction(pairs: list[tuple[Tensor, Tensor]], gradient: Tensor) -> Tensor:
    """Nocedal and Wright 2006, algorithm 7.4, in float64."""
    q, alphas = gradient.double().flatten().clone(), []
    double = [(s.double().flatten(), y.double().flatten()) for s, y in pairs]
    for s, y in reversed(double):
        alphas.append((s @ q) / (s @ y))
        q -= alphas[-1] * y
    s, y = double[-1]
    q *= (s @ y) / (y @ y)
    for (s, y), alpha in zip(double, reversed(alphas), strict=True):
        q += (alpha - (y @ q) / (s @ y)) * s
    return -q


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())


def torch_losses(objective: Objective, x: Tensor, evaluations: int, history: int = 100) -> list[float]:
    """The loss of every evaluation of torch's L-BFGS with a strong Wolfe search and no early stop."""
    x = x.clone().requires_grad_()
    losses: list[float] = []
    optimizer = torch.optim.LBFGS(
        [x], max_iter=evaluations, max_eval=evaluations, history_size=history, line_search_fn="strong_wolfe",
        tolerance_grad=0, tolerance_change=0,
    )  # fmt: skip

    def closure() -> Tensor:
        loss = objective(x)
        (gradient,) = torch.autograd.grad(loss, x)
        x.grad = gradient.contiguous()
        losses.append(float(loss.detach()))
        return loss.detach()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return losses


def test_the_direction_equals_torchs_for_the_same_history() -> None:
    objective, photo = style_problem(0)
    x = photo.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=15, history_size=8, tolerance_grad=0, tolerance_change=0)

    def closure() -> Tensor:
        loss = objective(x)
        (x.grad,) = (gradient.contiguous() for gradient in torch.autograd.grad(loss, x))
        return loss.detach()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    memory = optimizer.state[x]
    assert len(memory["old_stps"]) == 8
    rows = torch.stack([*memory["old_stps"], *memory["old_dirs"], memory["prev_flat_grad"]])

    pairs = [(i, 8 + i) for i in range(8)]
    coefficients = two_loop(inner_products(rows, rows).numpy(), pairs, 16)
    direction = torch.from_numpy(coefficients).float() @ rows

    assert relative(direction, memory["d"]) < 1e-5


@pytest.mark.parametrize("history", [1, 2, 3, 7])
def test_every_step_goes_along_the_textbook_direction_of_the_last_pairs(history: int) -> None:
    seen: list[tuple[Tensor, Tensor]] = []
    weights = torch.logspace(0, -2, 5000, dtype=torch.float64)  # longer than one block of the inner products

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        gradient = weights * x
        seen.append((x, gradient))
        return 0.5 * (gradient * x).sum(), gradient

    start = torch.randn(5000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    optimizer = LBFGS(evaluate, start, history=history, first_move=0.5)
    optimizer.step()
    points = seen[:]
    for _ in range(12):
        before = len(seen)
        optimizer.step()
        pairs = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)][-history:]
        wanted = textbook_direction(pairs, points[-1][1])
        found = seen[before][0] - points[-1][0]
        assert relative(found / found.norm(), wanted / wanted.norm()) < 1e-5
        points.append(next(pair for pair in reversed(seen) if pair[0] is optimizer.x))


def test_inner_products_keep_the_digits_that_float32_sums_lose() -> None:
    rows = torch.rand(3, 300_001, generator=torch.Generator().manual_seed(0))
    exact = rows.double() @ rows.double().T
    assert relative(inner_products(rows, rows), exact) < 1e-7


def test_it_needs_fewer_evaluations_than_torch_with_a_tenth_of_its_history() -> None:
    wins = 0
    for seed in range(5):
        objective, photo = style_problem(seed)
        target = min(torch_losses(objective, photo, 25, history=100))
        optimizer = LBFGS(evaluation(objective), photo, history=10)
        while optimizer.loss is None or (optimizer.loss > target and optimizer.evaluations < 25):
            optimizer.step()
        wins += optimizer.loss <= target and optimizer.evaluations < 25
    assert wins >= 4


def test_an_iteration_nearly_always_costs_one_evaluation() -> None:
    objective, photo = style_problem(1)
    optimizer = LBFGS(evaluation(objective), photo)
    iterations = sum(optimizer.step() for _ in range(50))
    assert iterations == 50
    assert optimizer.evaluations <= 55


@pytest.mark.parametrize("name", ["rosenbrock", "quadratic", "style"])
def test_the_accepted_loss_never_rises(name: str) -> None:
    problems: dict[str, tuple[Objective, Tensor]] = {
        "rosenbrock": (rosenbrock, rosenbrock_start()),
        "quadratic": (quadratic(1e4), torch.ones(100)),
        "style": style_problem(2),
    }
    objective, start = problems[name]
    optimizer = LBFGS(evaluation(objective), start)
    losses = [float(objective(start))]
    for _ in range(60):
        if optimizer.step():
            assert optimizer.loss is not None
            losses.append(optimizer.loss)
            assert optimizer.loss == pytest.approx(float(objective(optimizer.x)), rel=1e-6)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.2 * losses[0]


def test_rosenbrocks_valley_is_walked_to_its_end() -> None:
    optimizer = LBFGS(evaluation(rosenbrock), rosenbrock_start(10))
    while optimizer.step():
        assert optimizer.evaluations < 1000
    assert optimizer.loss is not None
    assert optimizer.loss < 1e-6


def test_the_step_returns_false_at_an_exact_minimum() -> None:
    optimizer = LBFGS(evaluation(quadratic(10)), torch.zeros(100))
    assert not optimizer.step()
    assert optimizer.loss == 0
    assert torch.equal(optimizer.x, torch.zeros(100))


def test_a_search_that_cannot_succeed_ends_and_leaves_the_point() -> None:
    start = torch.ones(4)

    def wrong_gradient(x: Tensor) -> tuple[Tensor, Tensor]:
        return (x * x).sum(), -2 * x

    optimizer = LBFGS(wrong_gradient, start)
    assert not optimizer.step()
    assert torch.equal(optimizer.x, start)
    assert optimizer.evaluations < 50


@pytest.mark.parametrize("factor", [2.0**-80, 2.0**-30, 2.0**80])
def test_the_scale_of_the_loss_changes_nothing(factor: float) -> None:
    plain, scaled = (
        LBFGS(evaluation(objective), torch.ones(100))
        for objective in (quadratic(100), lambda x: quadratic(100)(x) * factor)
    )
    for _ in range(20):
        assert plain.step() == scaled.step()
    assert torch.equal(plain.x, scaled.x)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_numbers_that_are_none_in_the_middle_of_a_run_are_survived(bad: float, where: str) -> None:
    good, calls = evaluation(quadratic(100)), 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        loss, gradient = good(x)
        if calls in (2, 6, 7, 12):
            return (
                (loss * 0 + bad, gradient)
                if where == "loss"
                else (loss, gradient.clone().index_fill_(0, torch.tensor(5), bad))
            )
        return loss, gradient

    optimizer = LBFGS(evaluate, torch.ones(100))
    assert all(optimizer.step() for _ in range(30))
    assert optimizer.loss is not None
    assert optimizer.loss < 1e-3
    assert bool(optimizer.x.isfinite().all())


def test_a_whole_direction_of_nan_is_answered_by_the_gradients() -> None:
    good, calls = evaluation(quadratic(100)), 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        loss, gradient = good(x)
        return (loss * math.nan, gradient * math.nan) if 6 <= calls < 26 else (loss, gradient)

    optimizer = LBFGS(evaluate, torch.ones(100))
    assert all(optimizer.step() for _ in range(30))
    assert optimizer.loss is not None
    assert optimizer.loss < 1e-3


def test_a_region_without_numbers_is_kept_out_of() -> None:
    def barrier(x: Tensor) -> Tensor:
        return (x - torch.log(1 - x)).sum() + 10 * ((x - 1.5) ** 2).sum()  # NaN beyond 1

    optimizer = LBFGS(evaluation(barrier), torch.zeros(50), first_move=3)
    while optimizer.step():
        assert optimizer.evaluations < 300
    slope = 1 + 1 / (1 - optimizer.x) + 20 * (optimizer.x - 1.5)
    assert float(optimizer.x.max()) < 1
    assert float(slope.abs().max()) < 1e-2


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_first_point_without_a_number_is_an_error(where: str) -> None:
    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        return (x.sum() * math.nan, x) if where == "loss" else (x.sum(), x * math.nan)

    with pytest.raises(NumericalError, match="first picture"):
        LBFGS(evaluate, torch.ones(3)).step()


def test_an_interrupted_evaluation_leaves_a_point_to_go_on_from() -> None:
    good, calls = evaluation(quadratic(100)), 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise KeyboardInterrupt
        return good(x)

    optimizer = LBFGS(evaluate, torch.ones(100))
    with pytest.raises(KeyboardInterrupt):
        for _ in range(20):
            optimizer.step()
    loss = optimizer.loss
    assert optimizer.step()
    assert loss is not None and optimizer.loss is not None
    assert optimizer.loss < loss


@pytest.mark.parametrize("steps", [0, 1, 3, 25])
def test_a_resumed_run_is_the_same_to_the_last_bit(steps: int) -> None:
    objective, photo = style_problem(3)
    whole = LBFGS(evaluation(objective), photo, history=4)
    for _ in range(steps):
        whole.step()
    state = whole.state()
    for _ in range(10):
        whole.step()

    resumed = LBFGS(evaluation(objective), torch.zeros_like(photo), history=4)
    resumed.load(state)
    for _ in range(10):
        resumed.step()

    assert torch.equal(whole.x, resumed.x)
    assert (whole.loss, whole.evaluations) == (resumed.loss, resumed.evaluations)


def test_a_state_of_another_history_is_refused() -> None:
    first, second = (LBFGS(evaluation(quadratic(10)), torch.ones(100), history=history) for history in (4, 5))
    with pytest.raises(CheckpointError):
        second.load(first.state())


def test_points_are_never_modified_afterwards_and_the_first_is_left_alone() -> None:
    objective, photo = style_problem(4)
    untouched = photo.clone()
    optimizer = LBFGS(evaluation(objective), photo)
    kept: list[tuple[Tensor, Tensor]] = []
    for _ in range(15):
        optimizer.step()
        kept.append((optimizer.x, optimizer.x.clone()))
    assert all(torch.equal(point, copy) for point, copy in kept)
    assert torch.equal(photo, untouched)
    assert optimizer.x.shape == photo.shape


def test_what_it_stores_fits_the_promised_memory() -> None:
    history, n = 7, 10_000
    optimizer = LBFGS(evaluation(quadratic(100, n)), torch.ones(n), history=history)
    for _ in range(10):
        optimizer.step()
    stored = sum(tensor.numel() for tensor in optimizer.state().values())
    assert stored <= (2 * history + 6) * n


class _Transfers(TorchFunctionMode):
    """Counts what would make the host wait for a device."""

    WAITING = frozenset({"tolist", "item", "cpu", "numpy", "__bool__", "__float__", "__int__", "__index__", "nonzero"})

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None
    ) -> Any:
        self.count += getattr(function, "__name__", "") in self.WAITING
        return function(*arguments, **(keywords or {}))


def test_an_evaluation_costs_one_transfer_from_the_device() -> None:
    objective, photo = style_problem(0)
    optimizer = LBFGS(evaluation(objective), photo)
    optimizer.step()
    before = optimizer.evaluations
    with _Transfers() as transfers:
        for _ in range(10):
            optimizer.step()
    assert transfers.count == optimizer.evaluations - before


def test_the_first_step_moves_a_typical_pixel_by_two_percent() -> None:
    objective, photo = style_problem(0)
    optimizer = LBFGS(evaluation(objective), photo, first_move=0.02)
    optimizer.step()
    assert float((optimizer.x - photo).square().mean().sqrt()) == pytest.approx(0.02, rel=1e-3)


def test_a_shorter_step_goes_to_the_minimum_of_the_cubic() -> None:
    # (t - 0.3)^2 (t + 2): slope -1.11 at 0, minimum at 0.3, and 1.47 with slope 4.69 at 1
    assert shorter_step(1.0, -1.11, 1.47 - 0.18, 4.69) == pytest.approx(0.3)


@pytest.mark.parametrize(("rise", "slope"), [(math.nan, 1.0), (1e300, 1e300), (0.0, -1.0)])
def test_a_shorter_step_is_always_between_a_tenth_and_a_half(rise: float, slope: float) -> None:
    assert 0.2 <= shorter_step(2.0, -1.0, rise, slope) <= 1.0


def test_two_loops_without_pairs_go_down_the_gradient() -> None:
    products: NDArray[np.float64] = np.eye(3)
    assert two_loop(products, [], 2).tolist() == [0, 0, -1]
