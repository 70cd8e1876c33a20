"""The terms of the loss, which both optimisers hand on from the objective to the host."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nst.adam import Adam
from nst.errors import NumericalError
from nst.lbfgs import LBFGS
from nst.optimizer import Evaluate, Optimizer

Make = Callable[[Evaluate, Tensor], Optimizer]
BOTH = pytest.mark.parametrize("make", [LBFGS, Adam])
WEIGHTS = torch.logspace(0, -2, 30)


def terms_at(x: Tensor) -> Tensor:
    return torch.stack([(WEIGHTS * x.square()).sum(), 3 * (x - 0.1).square().sum(), x.new_zeros(())])


def three_terms(x: Tensor) -> tuple[Tensor, Tensor]:
    return terms_at(x), 2 * WEIGHTS * x + 6 * (x - 0.1)


@BOTH
def test_there_are_no_terms_before_the_first_step(make: Make) -> None:
    assert make(three_terms, torch.ones(30)).terms == ()


@BOTH
def test_the_terms_are_those_of_the_current_point_and_sum_to_its_loss(make: Make) -> None:
    optimizer = make(three_terms, torch.ones(30))
    for _ in range(6):
        assert optimizer.step()
        assert optimizer.terms == tuple(terms_at(optimizer.x).tolist())
        assert optimizer.loss == pytest.approx(sum(optimizer.terms), rel=1e-12)


@BOTH
def test_a_plain_loss_is_its_only_term(make: Make) -> None:
    optimizer = make(lambda x: ((WEIGHTS * x.square()).sum(), 2 * WEIGHTS * x), torch.ones(30))
    assert optimizer.step()
    assert optimizer.terms == (optimizer.loss,)
    assert optimizer.loss == float((WEIGHTS * optimizer.x.square()).sum())


@BOTH
def test_a_term_that_is_zero_changes_nothing(make: Make) -> None:
    def plain(x: Tensor) -> tuple[Tensor, Tensor]:
        return (WEIGHTS * x.square()).sum(), 2 * WEIGHTS * x

    def with_zero(x: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = plain(x)
        return torch.stack([loss, loss.new_zeros(())]), gradient

    first, second = make(plain, torch.ones(30)), make(with_zero, torch.ones(30))
    for _ in range(8):
        assert first.step() == second.step()
    assert torch.equal(first.x, second.x)
    assert (*first.terms, 0.0) == second.terms


@BOTH
def test_the_terms_of_a_refused_trial_are_not_handed_on(make: Make) -> None:
    calls = 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal calls
        calls += 1
        terms, gradient = three_terms(x)
        return (terms * torch.nan if calls in (3, 4) else terms), gradient

    optimizer = make(evaluate, torch.ones(30))
    for _ in range(4):
        assert optimizer.step()
        assert optimizer.terms == tuple(terms_at(optimizer.x).tolist())
    assert calls > 5


@BOTH
def test_one_term_without_a_number_is_an_error_at_the_first_point(make: Make) -> None:
    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        terms, gradient = three_terms(x)
        return terms + torch.tensor([0, 0, torch.inf]), gradient

    with pytest.raises(NumericalError):
        make(evaluate, torch.ones(30)).step()
