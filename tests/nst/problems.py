"""Problems for optimisers: some with a known minimum, and a style transfer in small."""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.optimizer import Evaluate

Objective = Callable[[Tensor], Tensor]


def evaluation(objective: Objective, losses: list[float] | None = None) -> Evaluate:
    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        x = x.detach().requires_grad_()
        loss = objective(x)
        (gradient,) = torch.autograd.grad(loss, x)
        if losses is not None:
            losses.append(float(loss.detach()))
        return loss.detach(), gradient

    return evaluate


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_start(n: int = 100) -> Tensor:
    return torch.tensor([-1.2, 1.0]).repeat(n // 2)


def quadratic(condition: float, n: int = 100, dtype: torch.dtype = torch.float32) -> Objective:
    weights = torch.logspace(0, -math.log10(condition), n, dtype=dtype)
    return lambda x: 0.5 * (weights * x * x).sum()


def gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)[0]
    return flat @ flat.T / flat.shape[1]


def style_problem(seed: int, size: int = 32) -> tuple[Objective, Tensor]:
    """A small style transfer: three random convolutions, Gram matrices of a noisy painting, a smooth photo."""
    generator = torch.Generator().manual_seed(seed)
    channels = (3, 16, 24, 32)
    kernels = [
        torch.randn(out, into, 3, 3, generator=generator) * math.sqrt(2 / (9 * into))
        for into, out in pairwise(channels)
    ]

    def features(x: Tensor) -> list[Tensor]:
        maps: list[Tensor] = []
        for kernel in kernels:
            x = F.relu(F.conv2d(F.pad(F.max_pool2d(x, 2) if maps else x - 0.5, (1,) * 4, mode="replicate"), kernel))
            maps.append(x)
        return maps

    def clouds(count: int) -> Tensor:
        return F.interpolate(torch.randn(1, 3, count, count, generator=generator), size=(size, size), mode="bicubic")

    photo = (0.5 + 0.15 * clouds(6) + 0.05 * clouds(16)).clamp(0, 1)
    painting = (0.5 + 0.2 * clouds(10) + 0.2 * clouds(size) * clouds(4)).clamp(0, 1)
    content, style = features(photo)[-1], [gram(layer) for layer in features(painting)]

    def objective(x: Tensor) -> Tensor:
        maps = features(x)
        loss = 0.05 * ((maps[-1] - content) ** 2).sum() / (content**2).sum()
        for layer, wanted in zip(maps, style, strict=True):
            loss = loss + ((gram(layer) - wanted) ** 2).sum() / (wanted**2).sum() / len(style)
        return loss

    return objective, photo


def relative(found: Tensor, wanted: Tensor) -> float:
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())
