"""What L-BFGS survives: numbers that are none, wrong gradients, interruptions."""

import math

import pytest
import torch
from torch import Tensor

from nst.errors import CheckpointError, NumericalError
from nst.lbfgs import LBFGS
from tests.nst.problems import evaluation, quadratic, style_problem


def test_a_search_that_cannot_succeed_ends_and_leaves_the_point() -> None:
    start = torch.ones(4)

    def wrong_gradient(x: Tensor) -> tuple[Tensor, Tensor]:
        return (x * x).sum(), -2 * x

    optimizer = LBFGS(wrong_gradient, start)
    assert not optimizer.step()
    assert torch.equal(optimizer.x, start)
    assert optimizer.evaluations < 50


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
