"""Adam: against torch's, inside its bounds, and what it survives."""

import math

import pytest
import torch
from torch import Tensor

from nst.adam import Adam
from nst.errors import CheckpointError, NumericalError
from nst.optimizer import Evaluate

WEIGHTS = torch.logspace(0, -2, 50)


def bowl(bottom: float = 0.5, factor: float = 1.0) -> Evaluate:
    """A stretched paraboloid with its minimum where every pixel is ``bottom``."""

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        gradient = WEIGHTS * (x - bottom) * factor
        return 0.5 * (gradient * (x - bottom)).sum(), gradient

    return evaluate


def start() -> Tensor:
    return torch.rand(50, generator=torch.Generator().manual_seed(0))


def test_it_follows_torchs_adam() -> None:
    x = start().requires_grad_()
    reference = torch.optim.Adam([x], lr=0.02, betas=(0.9, 0.99))
    optimizer = Adam(bowl(), start(), bounds=None)
    for _ in range(40):
        with torch.no_grad():
            x.grad = bowl()(x)[1]
        reference.step()
        optimizer.step()
    assert float((optimizer.x - x.detach()).abs().max()) < 1e-5


def test_the_loss_is_that_of_the_current_point_and_falls() -> None:
    optimizer = Adam(bowl(), start())
    first = float(bowl()(start())[0])
    for _ in range(100):
        assert optimizer.step()
        assert optimizer.loss == pytest.approx(float(bowl()(optimizer.x)[0]))
    assert optimizer.loss is not None
    assert optimizer.loss < 0.01 * first
    assert optimizer.evaluations == 101


def test_pixels_stay_within_the_bounds() -> None:
    optimizer = Adam(bowl(bottom=3.0), start())
    while optimizer.step():
        assert float(optimizer.x.min()) >= 0 and float(optimizer.x.max()) <= 1
        assert optimizer.evaluations < 200
    assert torch.equal(optimizer.x, torch.ones(50))


def test_the_step_returns_false_at_an_exact_minimum() -> None:
    optimizer = Adam(bowl(), torch.full((50,), 0.5))
    assert not optimizer.step()
    assert torch.equal(optimizer.x, torch.full((50,), 0.5))


@pytest.mark.parametrize("factor", [2.0**-80, 2.0**80])
def test_the_scale_of_the_loss_changes_nothing(factor: float) -> None:
    plain, scaled = Adam(bowl(), start()), Adam(bowl(factor=factor), start())
    for _ in range(20):
        plain.step()
        scaled.step()
    assert torch.equal(plain.x, scaled.x)


def test_a_step_to_where_the_loss_is_no_number_is_halved() -> None:
    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = bowl(bottom=1.0)(x)
        return torch.where(x.max() > 0.9, math.nan, loss), gradient

    optimizer = Adam(evaluate, torch.full((50,), 0.8), learning_rate=0.08)
    assert optimizer.step()
    assert optimizer.step()
    assert 0.88 < float(optimizer.x.min()) <= float(optimizer.x.max()) <= 0.9
    assert optimizer.evaluations > 3
    assert optimizer.loss is not None and math.isfinite(optimizer.loss)


def test_numbers_that_are_none_everywhere_are_an_error_and_leave_the_point() -> None:
    calls = 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        loss, gradient = bowl()(x)
        return loss, gradient * math.nan if calls > 3 else gradient

    optimizer = Adam(evaluate, start())
    assert optimizer.step() and optimizer.step()
    last = optimizer.x
    with pytest.raises(NumericalError, match="not a number"):
        optimizer.step()
    assert optimizer.x is last


def test_a_first_point_without_a_number_is_an_error() -> None:
    with pytest.raises(NumericalError, match="first picture"):
        Adam(bowl(factor=math.nan), start()).step()


@pytest.mark.parametrize("steps", [0, 1, 12])
def test_a_resumed_run_is_the_same_to_the_last_bit(steps: int) -> None:
    whole = Adam(bowl(), start())
    for _ in range(steps):
        whole.step()
    state = whole.state()
    resumed = Adam(bowl(), torch.zeros(50))
    resumed.load(state)
    for _ in range(10):
        whole.step()
        resumed.step()
    assert torch.equal(whole.x, resumed.x)
    assert (whole.loss, whole.evaluations) == (resumed.loss, resumed.evaluations)


def test_a_state_of_another_shape_is_refused() -> None:
    with pytest.raises(CheckpointError):
        Adam(bowl(), start()).load(Adam(bowl(), torch.zeros(3)).state())


def test_points_are_never_modified_afterwards_and_the_first_is_left_alone() -> None:
    first = start()
    optimizer = Adam(bowl(), first)
    optimizer.step()
    point = optimizer.x
    copy = point.clone()
    optimizer.step()
    assert torch.equal(point, copy)
    assert torch.equal(first, start())
