"""The change of variables: linear, symmetric, invertible, and of use."""

import pytest
import torch
from torch import Tensor

from nst.lbfgs import LBFGS
from nst.optimizer import Evaluate
from nst.preconditioner import Preconditioned, Preconditioner

CPU = torch.device("cpu")


def noise(seed: int, height: int = 20, width: int = 27) -> Tensor:
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("height", "width"), [(20, 27), (17, 16), (64, 64)])
def test_the_variables_of_a_picture_give_it_back(height: int, width: int) -> None:
    picture = noise(0, height, width)
    change = Preconditioner(height, width, 0.4, CPU)
    assert torch.allclose(change.apply(change.invert(picture)), picture, atol=1e-5)


def test_it_is_symmetric() -> None:
    change = Preconditioner(20, 27, 0.4, CPU)
    a, b = noise(1), noise(2)
    left, right = (change.apply(a) * b).sum(), (a * change.apply(b)).sum()
    assert float(left) == pytest.approx(float(right), rel=1e-4)


def test_slope_zero_is_the_identity() -> None:
    assert torch.allclose(Preconditioner(20, 27, 0.0, CPU).apply(noise(3)), noise(3), atol=1e-6)


def test_the_mean_is_raised_as_far_as_the_lowest_frequency_and_the_finest_grain_not_at_all() -> None:
    change = Preconditioner(16, 16, 0.5, CPU)
    grain = torch.ones(1, 3, 16, 16)
    grain[..., ::2] = -1
    assert torch.allclose(change.apply(grain), grain, atol=1e-5)
    assert torch.allclose(change.apply(torch.ones(1, 3, 16, 16)), torch.full((1, 3, 16, 16), 32**0.5), rtol=1e-5)


def grainy(target: Tensor) -> Evaluate:
    """An objective that is steep for grain and flat for masses: what a trained network is like, in one line."""
    steep = Preconditioner(target.shape[2], target.shape[3], -1.0, CPU)

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        error = steep.apply(x - target)
        return 0.5 * error.square().sum(), steep.apply(error)

    return evaluate


def plain(evaluate: Evaluate, x: Tensor) -> LBFGS:
    return LBFGS(evaluate, x, history=5)


def test_it_reaches_a_lower_loss_where_the_gradient_is_grain() -> None:
    evaluate, start = grainy(noise(4, 48, 48)), torch.zeros(1, 3, 48, 48)
    without, within = plain(evaluate, start), Preconditioned(evaluate, start, 0.5, plain)
    for _ in range(15):
        without.step()
        within.step()
    assert without.loss is not None and within.loss is not None
    assert within.loss < 0.5 * without.loss


def test_it_starts_from_the_picture_it_is_given() -> None:
    start = noise(5)
    assert torch.allclose(Preconditioned(grainy(noise(6)), start, 0.4, plain).x, start, atol=1e-5)


def test_it_tells_what_its_optimiser_tells() -> None:
    optimizer = Preconditioned(grainy(noise(6)), noise(5), 0.4, plain)
    assert (optimizer.loss, optimizer.evaluations, len(optimizer.terms)) == (None, 0, 0)
    assert optimizer.step()
    (term,) = optimizer.terms
    assert optimizer.loss == pytest.approx(term)
    assert optimizer.evaluations == 2


def test_it_goes_on_bit_for_bit() -> None:
    evaluate = grainy(noise(7))
    first = Preconditioned(evaluate, noise(8), 0.4, plain)
    for _ in range(4):
        first.step()
    second = Preconditioned(evaluate, torch.zeros_like(noise(8)), 0.4, plain)
    second.load(first.state())
    for _ in range(4):
        first.step()
        second.step()
    assert torch.equal(first.x, second.x)
