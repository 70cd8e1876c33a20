"""Adam (Kingma and Ba, ICLR 2015), kept inside the pixel range."""

import math

import torch
from torch import Tensor

from nst.errors import NumericalError
from nst.optimizer import Evaluate, check_state, first_values, on_host, power_of_two_scale

_EPSILON = 1e-8  # in units of the first gradient's largest entry, so that no rule depends on the scale of the loss
_TRIALS = 12


class Adam:
    """Steps of about ``learning_rate`` in every pixel; unlike L-BFGS the loss may rise.

    The pixels are clamped after a step and never inside the objective, whose gradient would no longer fit its loss.
    A step to where the loss is not a number is halved. One evaluation and one transfer from the device an iteration,
    and one more at the start. Memory: about 8 times the size of ``x`` while it steps.

    Args:
        evaluate: the objective.
        x: the first point, of any shape; it is copied.
        learning_rate: length of a step, in units of ``x``: 0.02 is 2 % of the pixel range.
        betas: decay of the means of the gradient and of its square.
        bounds: least and greatest value of ``x``; None for no bounds.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        x: Tensor,
        *,
        learning_rate: float = 0.02,
        betas: tuple[float, float] = (0.9, 0.99),
        bounds: tuple[float, float] | None = (0.0, 1.0),
    ) -> None:
        self._evaluate = evaluate
        self._x = x.detach().clone(memory_format=torch.contiguous_format)
        self._learning_rate = learning_rate
        self._betas = betas
        self._bounds = bounds
        self._gradient = torch.zeros_like(self._x)
        self._mean = torch.zeros_like(self._x)
        self._square = torch.zeros_like(self._x)
        self._scale = 1.0  # of the gradient; a power of two
        self._loss = math.nan  # NaN before the first evaluation
        self._terms: tuple[float, ...] = ()
        self._evaluations = 0
        self._iteration = 0

    @property
    def x(self) -> Tensor:
        """The current point; a step makes a new tensor and leaves this one alone."""
        return self._x

    @property
    def loss(self) -> float | None:
        """The loss of ``x``; None before the first step."""
        return None if math.isnan(self._loss) else self._loss

    @property
    def terms(self) -> tuple[float, ...]:
        """The terms of that loss, as the objective gave them; empty before the first step of this process."""
        return self._terms

    @property
    def evaluations(self) -> int:
        """How often the objective was evaluated, rejected trials included."""
        return self._evaluations

    def step(self) -> bool:
        """Make one iteration; False when the step moves no pixel.

        Raises:
            NumericalError: the first point's loss or gradient is not finite, or none is anywhere along the step.
        """
        if self.loss is None:
            self._begin()
        self._iteration += 1
        self._mean.lerp_(self._gradient, 1 - self._betas[0])
        self._square.mul_(self._betas[1]).addcmul_(self._gradient, self._gradient, value=1 - self._betas[1])
        return self._move()

    def state(self) -> dict[str, Tensor]:
        """All it takes to go on byte for byte, copied to the host."""
        numbers = [self._loss, self._scale, self._evaluations, self._iteration]
        tensors = {"x": self._x, "gradient": self._gradient, "mean": self._mean, "square": self._square}
        return {name: on_host(tensor) for name, tensor in tensors.items()} | {
            "numbers": torch.tensor(numbers, dtype=torch.float64)
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state()``.

        Raises:
            CheckpointError: the state is of another optimiser or shape.
        """
        check_state(state, self.state())
        self._x, self._gradient, self._mean, self._square = (
            state[name].to(self._x.device, copy=True) for name in ("x", "gradient", "mean", "square")
        )
        self._loss, self._scale, evaluations, iteration = state["numbers"].tolist()
        self._evaluations, self._iteration = int(evaluations), int(iteration)

    def _begin(self) -> None:
        terms, gradient = self._evaluate(self._x)
        self._evaluations += 1
        self._terms, size = first_values(terms, gradient)
        self._loss = sum(self._terms)
        self._scale = power_of_two_scale(size)
        self._gradient = gradient.detach() * self._scale

    def _move(self) -> bool:
        """Take the step, or the largest half, quarter ... of it that ends where the loss is a number."""
        for halvings in range(_TRIALS):
            trial = self._trial(self._learning_rate / 2**halvings)
            terms, gradient = self._evaluate(trial)
            self._evaluations += 1
            gradient = gradient.detach() * self._scale
            largest = torch.linalg.vector_norm(gradient, math.inf)
            moved = (trial != self._x).any()
            rest = torch.stack([largest.double(), moved.double()])
            *values, size, moves = torch.cat([terms.detach().double().reshape(-1), rest]).tolist()
            if math.isfinite(sum(values)) and math.isfinite(size):
                self._x, self._terms, self._loss, self._gradient = trial, tuple(values), sum(values), gradient
                return bool(moves)
        raise NumericalError(
            f"the loss is not a number even {self._learning_rate / 2 ** (_TRIALS - 1):.1g} away from the last picture",
            hint="Lower the weights or the learning rate, or use the optimizer lbfgs.",
        )

    def _trial(self, learning_rate: float) -> Tensor:
        """Where a step of this length ends; Kingma and Ba, algorithm 1."""
        corrections = [1 - beta**self._iteration for beta in self._betas]
        spread = (self._square / corrections[1]).sqrt_().add_(_EPSILON)
        trial = torch.addcdiv(self._x, self._mean, spread, value=-learning_rate / corrections[0])
        return trial if self._bounds is None else trial.clamp_(*self._bounds)
