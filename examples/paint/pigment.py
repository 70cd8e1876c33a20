"""Colours: hand-chosen palettes, mixed in OKLab so that blends stay clean.

B. Ottosson, "A perceptual color space for image processing", 2020.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]

LMS_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB_FROM_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
RAMP_STEPS = 1024


def rgb(*codes: str) -> Array:
    """Colours from six-digit hex codes: (N, 3), sRGB in 0..1."""
    return np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes], np.float32)


def to_oklab(colours: ArrayLike) -> Array:
    """(..., 3) sRGB in 0..1 to OKLab."""
    srgb = np.asarray(colours, np.float64)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ LMS_FROM_RGB.T) @ LAB_FROM_LMS.T, np.float32)


def from_oklab(lab: ArrayLike) -> Array:
    """(..., 3) OKLab to sRGB, clipped to 0..1."""
    lms = (np.asarray(lab, np.float64) @ np.linalg.inv(LAB_FROM_LMS).T) ** 3
    linear = np.clip(lms @ np.linalg.inv(LMS_FROM_RGB).T, 0, 1)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(srgb, np.float32)


@dataclass(frozen=True)
class Ramp:
    """A smooth run of colours, looked up by a number in 0..1."""

    table: Array

    @classmethod
    def of(cls, *codes: str) -> "Ramp":
        """A ramp through evenly spaced hex colours."""
        lab = to_oklab(rgb(*codes))
        stops, steps = np.linspace(0, 1, len(codes)), np.linspace(0, 1, RAMP_STEPS)
        return cls(from_oklab(np.stack([np.interp(steps, stops, channel) for channel in lab.T], axis=-1)))

    def __call__(self, t: ArrayLike) -> Array:
        """Colours at ``t`` (clipped to 0..1): shape of ``t`` plus (3,)."""
        index = np.clip(np.asarray(t) * (RAMP_STEPS - 1), 0, RAMP_STEPS - 1).astype(np.int32)
        return np.asarray(self.table[index])


def vary(colours: Array, rng: Generator, lightness: float, tint: float) -> Array:
    """The same colours, each a little lighter or darker and a little off in hue: (N, 3) to (N, 3)."""
    spread = rng.normal(size=colours.shape) * np.array([lightness, tint, tint])
    return from_oklab(to_oklab(colours) + spread)


def mix(under: Array, over: Array, amount: ArrayLike) -> Array:
    """``over`` laid on ``under`` with an opacity in 0..1 per pixel."""
    alpha = np.asarray(amount, np.float32)
    alpha = alpha[..., None] if alpha.ndim else alpha
    return (under + (over - under) * alpha).astype(np.float32)
