"""What the run asks of an optimiser: one accepted step at a time, and a state that can be saved.

optimizer: Optimizer = LBFGS(evaluate, x)
while optimizer.step():
    print(optimizer.loss)
"""

import math
from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor

from nst.errors import CheckpointError, NumericalError

#: The objective at ``x``: its loss (0-d, on the device) and its gradient (shaped like ``x``); leaves ``x`` alone.
Evaluate = Callable[[Tensor], tuple[Tensor, Tensor]]


class Optimizer(Protocol):
    """Minimises an objective of many variables from a first point."""

    @property
    def x(self) -> Tensor:
        """The current accepted point; never the caller's tensor, nor modified later (a step makes a new one)."""

    @property
    def loss(self) -> float | None:
        """The loss of ``x``; None before the first step."""

    @property
    def terms(self) -> tuple[float, ...]:
        """The terms of that loss, as the objective gave them; empty before the first step of this process."""

    @property
    def evaluations(self) -> int:
        """How often the objective was evaluated, rejected trials included."""

    def step(self) -> bool:
        """Make one accepted iteration.

        Returns:
            False when no further progress is possible; ``x`` then stays where it is.

        Raises:
            NumericalError: the objective is not a number where it has to be one.
        """

    def state(self) -> dict[str, Tensor]:
        """All it takes to go on byte for byte: tensors in the host's memory that later steps leave alone."""

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from ``state()`` of an optimiser made with the same arguments for a point of the same shape.

        Raises:
            CheckpointError: the state is of another optimiser, shape or history.
        """


def power_of_two_scale(size: float) -> float:
    """The power of two that brings ``size`` to about 1: scaling by it is exact, so it changes no digit of a float.

    Gradients are kept in this unit, because the square of a gradient of 1e-25 or 1e25 does not fit into a float32.
    """
    exponent = math.frexp(size)[1] if size > 0 else 0
    return math.ldexp(1.0, -min(max(exponent, -126), 126))


def first_values(terms: Tensor, gradient: Tensor) -> tuple[tuple[float, ...], float]:
    """The terms of the first point and the largest entry of its gradient, in one transfer from the device.

    Raises:
        NumericalError: one of them is not a finite number.
    """
    largest = torch.linalg.vector_norm(gradient.detach(), math.inf)
    *values, size = torch.cat([terms.detach().double().reshape(-1), largest.double().reshape(1)]).tolist()
    if not (math.isfinite(sum(values)) and math.isfinite(size)):
        raise NumericalError(
            f"the loss of the first picture is {sum(values):g} and its largest gradient {size:g}",
            hint="Lower the weights, or start from another picture.",
        )
    return tuple(values), size


def on_host(tensor: Tensor) -> Tensor:
    """A copy in the host's memory, which later steps leave alone."""
    return tensor.detach().to("cpu", copy=True)


def check_state(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError unless both have the same names, shapes and types."""
    found, wanted = (
        {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in tensors.items()} for tensors in (state, expected)
    )
    if found != wanted:
        raise CheckpointError(
            "the optimiser's state is of another optimiser, picture size or history",
            hint="Resume with the options the run was started with.",
        )
