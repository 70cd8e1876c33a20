"""Small pictures for tests that paint: seeded, and with something on them."""

import numpy as np
import torch
import torch.nn.functional as F

from nst.images import Picture


def photo(width: int = 72, height: int = 64, seed: int = 0, alpha: bool = False) -> Picture:
    """Soft clouds, as a photo; with a ramp of opacity where ``alpha`` is asked for."""
    opacity = np.linspace(0, 1, width * height, dtype=np.float32).reshape(height, width) if alpha else None
    return Picture(_clouds(width, height, seed, cells=5, contrast=0.25), opacity)


def painting(width: int = 80, height: int = 66, seed: int = 1) -> Picture:
    """Hard and busy, as a painting."""
    return Picture((_clouds(width, height, seed, cells=20, contrast=0.6) > 0.5).astype(np.float32) * 0.8 + 0.1)


def _clouds(width: int, height: int, seed: int, *, cells: int, contrast: float) -> "np.typing.NDArray[np.float32]":
    noise = torch.randn(1, 3, cells, cells, generator=torch.Generator().manual_seed(seed))
    clouds = 0.5 + contrast * F.interpolate(noise, (height, width), mode="bilinear")
    return np.ascontiguousarray(clouds.clamp(0, 1)[0].permute(1, 2, 0).numpy(), np.float32)
