"""L-BFGS's direction: against the textbook, against torch, and the numbers it is made of."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst.lbfgs import LBFGS, inner_products, shorter_step, two_loop
from tests.nst.problems import relative, style_problem


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


def test_a_shorter_step_goes_to_the_minimum_of_the_cubic() -> None:
    # (t - 0.3)^2 (t + 2): slope -1.11 at 0, minimum at 0.3, and 1.47 with slope 4.69 at 1
    assert shorter_step(1.0, -1.11, 1.47 - 0.18, 4.69) == pytest.approx(0.3)


@pytest.mark.parametrize(("rise", "slope"), [(math.nan, 1.0), (1e300, 1e300), (0.0, -1.0)])
def test_a_shorter_step_is_always_between_a_tenth_and_a_half(rise: float, slope: float) -> None:
    assert 0.2 <= shorter_step(2.0, -1.0, rise, slope) <= 1.0


def test_two_loops_without_pairs_go_down_the_gradient() -> None:
    products: NDArray[np.float64] = np.eye(3)
    assert two_loop(products, [], 2).tolist() == [0, 0, -1]


def test_blocks_of_inner_products_are_added_in_float64() -> None:
    """2**26 + 74 is no float32, in whatever order it is summed; every block's own sum is one."""
    row = torch.zeros(1, 74 * 4096 + 5)
    row[0, 0] = 2.0**13
    row[0, 4096::4096] = 1  # 73 more blocks, and one entry beyond the last
    assert inner_products(row, row).item() == 2**26 + 74


def test_a_direction_that_failed_is_forgotten_with_all_that_led_to_it() -> None:
    """Afterwards the direction is the gradient's, and then that of the pairs made since."""
    points: list[tuple[Tensor, Tensor]] = []
    weights, refused = torch.logspace(0, -2, 500, dtype=torch.float64), 0

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal refused
        refused -= 1
        gradient = weights * x
        points.append((x, gradient))
        return 0.5 * (gradient * x).sum() * (math.nan if refused >= 0 else 1), gradient

    start = torch.randn(500, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    optimizer = LBFGS(evaluate, start, history=5, first_move=0.1)
    assert all(optimizer.step() for _ in range(9))
    before, refused = optimizer.x, 20  # every trial along the next direction
    assert optimizer.step()
    found = optimizer.x - before
    assert relative(found / found.norm(), -weights * before / (weights * before).norm()) < 1e-6

    pairs: list[tuple[Tensor, Tensor]] = []
    for _ in range(4):
        pairs.append((optimizer.x - before, weights * (optimizer.x - before)))
        before = optimizer.x
        assert optimizer.step()
        found, wanted = optimizer.x - before, textbook_direction(pairs, weights * before)
        assert relative(found / found.norm(), wanted / wanted.norm()) < 1e-5
