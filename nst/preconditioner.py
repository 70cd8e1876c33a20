"""A change of variables that lets an optimiser move broad shapes as easily as fine grain.

The gradient that a trained network sends to the pixels is mostly grain, so steps along it settle the fine detail long
before the masses. The optimiser therefore works on z, where the picture is x = K z and K is a blur that never quite
vanishes: it multiplies the amplitude of frequency f by (f / 0.5)^-slope. Ours, in the spirit of the decorrelated
pictures of Olah, Mordvintsev and Schubert, "Feature visualization" (Distill 2017), who take slope 1.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from nst.optimizer import Evaluate, Optimizer

_LOWEST = 1 / 64  # cycles a pixel; below, all frequencies are treated alike, the mean among them


class Preconditioner:
    """The linear map K for pictures of one size; symmetric, so that it also carries gradients back.

    Args:
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        slope: 0 is the identity.
        device: where the pictures are.
    """

    def __init__(self, height: int, width: int, slope: float, device: torch.device) -> None:
        down = torch.fft.fftfreq(height, device=device)[:, None]
        across = torch.fft.rfftfreq(width, device=device)
        frequency = (down.square() + across.square()).sqrt().clamp_min(_LOWEST)
        self._gain: Tensor = (0.5 / frequency) ** slope  # (H, W // 2 + 1)

    def apply(self, z: Tensor) -> Tensor:
        """K z, (1, 3, H, W): the picture of these variables, or the variables' gradient from the picture's."""
        return self._scaled(z, self._gain)

    def invert(self, x: Tensor) -> Tensor:
        """The variables of a picture, (1, 3, H, W)."""
        return self._scaled(x, 1 / self._gain)

    def _scaled(self, image: Tensor, gain: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        scaled: Tensor = torch.fft.irfft2(torch.fft.rfft2(image) * gain, s=(height, width))
        return scaled


class Preconditioned:
    """An ``Optimizer`` of pictures that works on their variables.

    Args:
        evaluate: the objective, of pictures.
        x: the first picture, (1, 3, H, W).
        slope: see ``Preconditioner``.
        make: makes the optimiser of an objective and its first point.
    """

    def __init__(
        self, evaluate: Evaluate, x: Tensor, slope: float, make: Callable[[Evaluate, Tensor], Optimizer]
    ) -> None:
        self._map = Preconditioner(x.shape[-2], x.shape[-1], slope, x.device)
        self._evaluate = evaluate
        self._inner = make(self._evaluate_variables, self._map.invert(x))

    @property
    def x(self) -> Tensor:
        """The current picture; made anew at every call."""
        return self._map.apply(self._inner.x)

    @property
    def loss(self) -> float | None:
        """See ``Optimizer.loss``."""
        return self._inner.loss

    @property
    def terms(self) -> tuple[float, ...]:
        """See ``Optimizer.terms``."""
        return self._inner.terms

    @property
    def evaluations(self) -> int:
        """See ``Optimizer.evaluations``."""
        return self._inner.evaluations

    def step(self) -> bool:
        """See ``Optimizer.step``."""
        return self._inner.step()

    def state(self) -> dict[str, Tensor]:
        """See ``Optimizer.state``: that of the variables, so that resuming is exact."""
        return self._inner.state()

    def load(self, state: dict[str, Tensor]) -> None:
        """See ``Optimizer.load``."""
        self._inner.load(state)

    def _evaluate_variables(self, z: Tensor) -> tuple[Tensor, Tensor]:
        terms, gradient = self._evaluate(self._map.apply(z))
        return terms, self._map.apply(gradient)
