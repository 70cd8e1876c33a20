"""Limited-memory BFGS: Newton's method with the curvature of the last few steps (Nocedal and Wright 2006, chapter 7).

Vector-free (Chen, Wang and Zhou, NIPS 2014): a direction is a combination of the remembered steps, changes of gradient
and the gradient, and their inner products are all it takes to find its coefficients. So the recursion runs on a small
matrix on the host; an iteration costs two passes over the history and one transfer from the device, which brings the
loss along.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst.optimizer import Evaluate, check_state, first_values, on_host, power_of_two_scale

Matrix = NDArray[np.float64]

_SUFFICIENT_DECREASE = 1e-4  # c1 of Armijo's condition
_LEAST_CURVATURE = 1e-6  # cosine between step and change of gradient, below which rounding speaks louder than curvature
_LONGEST_STEP = 4.0  # times the step before: a first, flat pair can promise a step a thousand times too long
_TRIALS = 20
_BLOCK = 4096


def inner_products(rows: Tensor, columns: Tensor) -> Tensor:
    """The product of every row, (R, n), with every column, given as (C, n): (R, C) in float64.

    Blocks of 4096 entries are summed in the tensors' own type and then added in float64: plain float32 sums over
    millions of pixels lose the digits that small curvatures live in. TF32 must be off for matrix products.
    """
    count = rows.shape[1] // _BLOCK
    whole = count * _BLOCK
    blocks = torch.bmm(
        rows[:, :whole].view(len(rows), count, _BLOCK).transpose(0, 1),
        columns[:, :whole].view(len(columns), count, _BLOCK).permute(1, 2, 0),
    )
    return blocks.sum(0, dtype=torch.float64) + (rows[:, whole:] @ columns[:, whole:].T).double()


def two_loop(products: Matrix, pairs: Sequence[tuple[int, int]], gradient: int) -> Matrix:
    """Coefficients of the quasi-Newton direction -Hg in the basis whose inner products are given.

    Nocedal's two-loop recursion (1980), with every vector replaced by its coordinates.

    Args:
        products: (B, B), inner products of the basis.
        pairs: basis indices of (step s, change of gradient y), oldest first.
        gradient: basis index of the gradient.
    """
    direction = np.zeros(len(products))
    direction[gradient] = -1.0
    alphas = []
    for s, y in reversed(pairs):
        alphas.append(products[s] @ direction / products[s, y])
        direction[y] -= alphas[-1]
    if pairs:
        s, y = pairs[-1]
        direction *= products[s, y] / products[y, y]
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
        direction[s] += alpha - products[y] @ direction / products[s, y]
    return direction


def shorter_step(step: float, slope: float, rise: float, trial_slope: float) -> float:
    """A step between a tenth and a half of one that went too far: where the cubic through both ends has its minimum.

    Nocedal and Wright 2006, equation 3.59. Half the step where the trial is not a number or the cubic has no minimum.

    Args:
        step: the step that went too far.
        slope: derivative at 0, negative.
        rise: loss at ``step`` minus loss at 0.
        trial_slope: derivative at ``step``.
    """
    middle = slope + trial_slope - 3 * rise / step
    square = middle * middle - slope * trial_slope
    root = math.sqrt(square) if 0 <= square < math.inf else math.nan
    denominator = trial_slope - slope + 2 * root
    if not math.isfinite(root) or denominator == 0:
        return 0.5 * step
    return step * min(max(1 - (trial_slope + root - middle) / denominator, 0.1), 0.5)


class _Basis:
    """The remembered pairs, the gradient, and the inner products of them all.

    Rows, each of n entries: the older pairs (s, y, s, y, ...) as a ring; the newest pair and its gradient, side by side
    so that one matrix product gives all that an evaluation changes; and last the gradient before, outside the basis.
    """

    def __init__(self, x: Tensor, history: int) -> None:
        self.ring = history - 1  # pairs
        self.newest = 2 * self.ring
        self.gradient = self.newest + 2
        self.rows = x.new_zeros(2 * history + 2, x.numel())
        self.products: Matrix = np.zeros((2 * history + 1, 2 * history + 1))
        self.pushed = 0  # pairs moved into the ring since the history was last forgotten
        self.has_newest = False

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Indices of the remembered (s, y), oldest first."""
        older = [2 * (i % self.ring) for i in range(max(0, self.pushed - self.ring), self.pushed)]
        return [(row, row + 1) for row in older + [self.newest] * self.has_newest]

    def combine(self, coefficients: Matrix) -> Tensor:
        """The vector with these coordinates, shape (n,)."""
        weights = torch.from_numpy(coefficients).to(self.rows.dtype)
        return weights.to(self.rows.device, non_blocking=True) @ self.rows[:-1]

    def make_room(self) -> None:
        """Move the newest pair into the ring, over the oldest, and keep the gradient to compare the next one with."""
        if self.has_newest and self.ring:
            old = slice(2 * (self.pushed % self.ring), 2 * (self.pushed % self.ring) + 2)
            new = slice(self.newest, self.gradient)
            self.rows[old] = self.rows[new]
            self.products[old] = self.products[new]
            self.products[:, old] = self.products[:, new]
            self.pushed += 1
        self.has_newest = False
        self.rows[-1] = self.rows[self.gradient]

    def write(self, x: Tensor, trial: Tensor, gradient: Tensor, scale: float) -> None:
        """Write down the pair and the gradient of a trial."""
        s, y, g = self.rows[self.newest : -1]
        torch.sub(trial.flatten(), x.flatten(), out=s)
        torch.mul(gradient.flatten(), scale, out=g)
        torch.sub(g, self.rows[-1], out=y)

    def measure(self, terms: Tensor) -> tuple[tuple[float, ...], Matrix]:
        """The terms and the inner products that the trial changed, (2m + 1, 3), in one transfer from the device."""
        products = inner_products(self.rows[:-1], self.rows[self.newest : -1])
        values = torch.cat([products.flatten(), terms.double().reshape(-1)]).tolist()
        return tuple(values[products.numel() :]), np.array(values[: products.numel()]).reshape(-1, 3)

    def accept(self, products: Matrix) -> None:
        """Take the measured trial as the current point; its pair counts if the curvature along the step is positive."""
        self.products[:, self.newest :] = products
        self.products[self.newest :] = products.T
        (ss, sy, _), (_, yy, _), _ = products[self.newest :]
        self.has_newest = bool(sy > _LEAST_CURVATURE * math.sqrt(ss * yy))

    def forget(self) -> None:
        """Go back to the gradient before the trial, without any pair."""
        self.rows[self.newest : self.gradient] = 0  # a trial may have left NaN there
        self.rows[self.gradient] = self.rows[-1]
        self.pushed, self.has_newest = 0, False


class LBFGS:
    """L-BFGS with Armijo backtracking; nearly every iteration costs one evaluation, and the loss never rises.

    A trial that is not a number is halved. A step along which the curvature is not positive is taken, but not
    remembered (a cautious update: Li and Fukushima 2001). That replaces the Wolfe search, which in style transfer
    almost never had anything to do. No rule depends on the scale of the loss. Memory: 2m + 6 times the size of ``x``
    for a history of m.

    Args:
        evaluate: the objective.
        x: the first point, of any shape; it is copied.
        history: pairs remembered (m).
        learning_rate: factor of the first step.
        first_move: root mean square of the first step, in units of ``x``: 0.02 is 2 % of the pixel range. Not its
            largest entry, because a few pixels with great gradients would then keep all the others in place.
    """

    def __init__(
        self, evaluate: Evaluate, x: Tensor, *, history: int = 10, learning_rate: float = 1.0, first_move: float = 0.02
    ) -> None:
        self._evaluate = evaluate
        self._x = x.detach().clone(memory_format=torch.contiguous_format)
        self._basis = _Basis(self._x, history)
        self._reach = first_move * learning_rate  # root mean square of the longest next step
        self._scale = 1.0  # of loss and gradient; a power of two
        self._loss = math.nan  # scaled; NaN before the first evaluation
        self._terms: tuple[float, ...] = ()
        self._evaluations = 0

    @property
    def x(self) -> Tensor:
        """The current point; a step makes a new tensor and leaves this one alone."""
        return self._x

    @property
    def loss(self) -> float | None:
        """The loss of ``x``; None before the first step."""
        return None if math.isnan(self._loss) else self._loss / self._scale

    @property
    def terms(self) -> tuple[float, ...]:
        """The terms of that loss, as the objective gave them; empty before the first step of this process."""
        return self._terms

    @property
    def evaluations(self) -> int:
        """How often the objective was evaluated, rejected trials included."""
        return self._evaluations

    def step(self) -> bool:
        """Make one accepted iteration; False when not even a tiny step down the gradient lowers the loss.

        Raises:
            NumericalError: the loss or the gradient of the first point is not finite.
        """
        if self.loss is None:
            self._begin()
        pairs = self._basis.pairs
        if pairs and self._search(two_loop(self._basis.products, pairs, self._basis.gradient)):
            return True
        return self._search(self._steepest())

    def state(self) -> dict[str, Tensor]:
        """All it takes to go on byte for byte, copied to the host."""
        basis = self._basis
        numbers = [self._loss, self._scale, self._reach, self._evaluations, basis.pushed, basis.has_newest]
        return {
            "x": on_host(self._x),
            "rows": on_host(basis.rows),
            "products": torch.from_numpy(basis.products.copy()),
            "numbers": torch.tensor(numbers, dtype=torch.float64),
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state()``.

        Raises:
            CheckpointError: the state is of another optimiser, shape or history.
        """
        check_state(state, self.state())
        self._x = state["x"].to(self._x.device, copy=True)
        self._basis.rows.copy_(state["rows"])
        self._basis.products = state["products"].numpy().copy()
        self._loss, self._scale, self._reach, evaluations, pushed, has_newest = state["numbers"].tolist()
        self._evaluations, self._basis.pushed, self._basis.has_newest = int(evaluations), int(pushed), bool(has_newest)

    def _begin(self) -> None:
        terms, gradient = self._evaluate(self._x)
        self._evaluations += 1
        self._terms, size = first_values(terms, gradient)
        self._scale = power_of_two_scale(size)
        self._loss = sum(self._terms) * self._scale
        _, products = self._measure(self._x, terms, gradient)
        self._basis.accept(products)

    def _measure(self, trial: Tensor, terms: Tensor, gradient: Tensor) -> tuple[tuple[float, ...], Matrix]:
        self._basis.write(self._x, trial, gradient.detach(), self._scale)
        return self._basis.measure(terms.detach())

    def _steepest(self) -> Matrix:
        """Down the gradient, as far as the next step may reach."""
        coefficients = np.zeros(len(self._basis.products))
        coefficients[self._basis.gradient] = -1.0
        length = self._length(coefficients)
        return coefficients * (self._reach / length) if length else coefficients

    def _length(self, coefficients: Matrix) -> float:
        """Root mean square of the vector with these coordinates."""
        square = float(coefficients @ self._basis.products @ coefficients)
        return math.sqrt(max(square, 0.0) / self._x.numel())

    def _search(self, coefficients: Matrix) -> bool:
        """Move along a direction; without success the history is forgotten."""
        slope = float(coefficients @ self._basis.products[self._basis.gradient])
        length = self._length(coefficients)
        direction = self._basis.combine(coefficients).view_as(self._x)
        self._basis.make_room()
        accepted = False
        try:
            if slope < 0 < length:
                accepted = self._backtrack(direction, slope, min(1.0, self._reach / length))
        finally:
            if not accepted:
                self._basis.forget()
        return accepted

    def _backtrack(self, direction: Tensor, slope: float, step: float) -> bool:
        visible = torch.finfo(self._x.dtype).eps / 8 * abs(self._loss)  # no loss can show a smaller decrease
        for _ in range(_TRIALS):
            trial = torch.add(self._x, direction, alpha=step)
            terms, products = self._measure(trial, *self._evaluate(trial))
            loss = sum(terms) * self._scale
            self._evaluations += 1
            finite = math.isfinite(loss) and bool(np.isfinite(products).all())
            if finite and loss <= self._loss + _SUFFICIENT_DECREASE * step * slope:
                self._accept(trial, terms, products)
                return True
            trial_slope = products[self._basis.newest, 2] / step
            step = shorter_step(step, slope, loss - self._loss, trial_slope) if finite else step / 2
            if -step * slope < visible:
                return False
        return False

    def _accept(self, trial: Tensor, terms: tuple[float, ...], products: Matrix) -> None:
        self._x, self._terms, self._loss = trial, terms, sum(terms) * self._scale
        self._basis.accept(products)
        self._reach = _LONGEST_STEP * math.sqrt(products[self._basis.newest, 0] / self._x.numel())
