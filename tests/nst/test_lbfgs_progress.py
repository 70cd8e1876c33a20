"""How far L-BFGS gets, and at what cost: evaluations, memory, transfers from the device."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from nst.lbfgs import LBFGS
from tests.nst.problems import Objective, evaluation, quadratic, rosenbrock, rosenbrock_start, style_problem


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


def test_it_needs_fewer_evaluations_than_torch_with_a_tenth_of_its_history() -> None:
    wins = 0
    for seed in range(5):
        objective, photo = style_problem(seed)
        losses = torch_losses(objective, photo, 25, history=100)
        target, allowed = min(losses), losses.index(min(losses)) + 1
        optimizer = LBFGS(evaluation(objective), photo, history=10)
        while optimizer.loss is None or (optimizer.loss > target and optimizer.evaluations < allowed):
            optimizer.step()
        wins += optimizer.loss <= target and optimizer.evaluations < allowed
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


@pytest.mark.parametrize("factor", [2.0**-80, 2.0**-30, 2.0**80])
def test_the_scale_of_the_loss_changes_nothing(factor: float) -> None:
    plain, scaled = (
        LBFGS(evaluation(objective), torch.ones(100))
        for objective in (quadratic(100), lambda x: quadratic(100)(x) * factor)
    )
    for _ in range(20):
        assert plain.step() == scaled.step()
    assert torch.equal(plain.x, scaled.x)


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
