"""The sheet under the paint: its coordinates, its noise, its paper or canvas, its light, and the final print.

Painters think in *design units*: the long side of every sheet is 768 of them, whatever the size of the print.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates  # type: ignore[import-untyped]

from examples.paint.pigment import Array

LONG_SIDE = 768
OVERSAMPLING = 2


@dataclass(frozen=True)
class Sheet:
    """``width`` x ``height`` design units, ``unit`` working pixels to each, and the painter's dice."""

    width: int
    height: int
    unit: float
    rng: Generator

    @classmethod
    def cut(cls, width: int, height: int, long_side: int, seed: int) -> "Sheet":
        """A sheet of the given shape for a print ``long_side`` pixels long."""
        longest = max(width, height)
        unit = OVERSAMPLING * long_side / LONG_SIDE
        fitted = round(width * LONG_SIDE / longest), round(height * LONG_SIDE / longest)
        return cls(*fitted, unit, np.random.default_rng(seed))

    @property
    def shape(self) -> tuple[int, int]:
        """Working pixels: rows, columns; whole multiples of the oversampling."""
        rows, columns = (round(side * self.unit / OVERSAMPLING) * OVERSAMPLING for side in (self.height, self.width))
        return rows, columns

    @cached_property
    def grid(self) -> tuple[Array, Array]:
        """x and y of every working pixel, in design units."""
        rows, columns = self.shape
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        return (x + 0.5) / np.float32(self.unit), (y + 0.5) / np.float32(self.unit)

    def noise(self, wavelength: float, octaves: int = 1, *, stretch: float = 1.0, gain: float = 0.5) -> Array:
        """Smooth fractal noise, about -1..1; ``stretch`` > 1 draws it out along x."""
        total, weight = np.zeros(self.shape, np.float32), 1.0
        for octave in range(octaves):
            total += weight * self._octave(wavelength * stretch / 2**octave, wavelength / 2**octave)
            weight *= gain
        return total * np.float32(np.sqrt(1 - gain**2) if octaves > 1 else 1)

    def _octave(self, wave_x: float, wave_y: float) -> Array:
        cells = self.height / wave_y, self.width / wave_x
        knots = self.rng.normal(size=(int(cells[0]) + 5, int(cells[1]) + 5)).astype(np.float32)
        shift_y, shift_x = self.rng.uniform(1, 2, 2)
        box = (shift_x, shift_y, shift_x + cells[1], shift_y + cells[0])
        size = (self.shape[1], self.shape[0])
        return np.asarray(Image.fromarray(knots).resize(size, Image.Resampling.BICUBIC, box)) * np.float32(0.75)

    def grain(self, size: float = 0.5) -> Array:
        """Fine uncorrelated grain, blurred to ``size`` units: zero mean, unit deviation."""
        grain = self.blur(self.rng.normal(size=self.shape).astype(np.float32), size)
        return np.asarray(grain / (grain.std() + 1e-6), np.float32)

    def blur(self, field: Array, radius: float) -> Array:
        """Gaussian blur of a plane, ``radius`` in design units."""
        return np.asarray(gaussian_filter(field, radius * self.unit, mode="nearest"), np.float32)

    def ridge(self, level: float, swing: float, wavelength: float, octaves: int = 4) -> Array:
        """A horizon line: one y per column (1, columns)."""
        profile = self.noise(wavelength, octaves)[: 1 + self.shape[0] // 97]
        return np.asarray(level + swing * profile[:1], np.float32)

    def sample(self, plane: Array, points: Array, order: int = 1) -> Array:
        """``plane`` at points (..., 2) given as x, y in design units."""
        at = np.moveaxis(points, -1, 0)[::-1] * self.unit - 0.5
        if plane.ndim == 2:
            return np.asarray(map_coordinates(plane, at, order=order, mode="nearest"), np.float32)
        return np.stack([self.sample(plane[..., i], points, order) for i in range(plane.shape[-1])], axis=-1)

    def weave(self, pitch: float = 3.2) -> Array:
        """Canvas weave: threads over and under, a little irregular, about -1..1."""
        x, y = self.grid
        wobble_x, wobble_y = self.noise(24, 2) * 0.5, self.noise(24, 2) * 0.5
        across, down = np.sin(np.pi * (x / pitch + wobble_x)), np.sin(np.pi * (y / pitch + wobble_y))
        return np.asarray(across * np.abs(down) ** 0.5 * np.sign(down) * 0.8 + self.grain(0.6) * 0.25, np.float32)

    def paper(self, tooth: float = 1.6) -> Array:
        """Cold-pressed paper: a pebbled surface at two scales, about -1..1."""
        return np.asarray(np.tanh(self.grain(tooth) * 0.7 + self.grain(tooth * 0.45) * 0.35), np.float32)

    def relief(self, height: Array, depth: float) -> Array:
        """How much light a surface takes from the upper left: about -1..1, zero where flat."""
        slope_y, slope_x = np.gradient(height * np.float32(depth * self.unit))
        return np.asarray(-np.tanh(0.6 * slope_x + 0.8 * slope_y), np.float32)

    def develop(self, colours: Array) -> Image.Image:
        """The print: working pixels averaged down to their final size."""
        levels = np.clip(colours, 0, 1) * 255 + 0.5
        return Image.fromarray(levels.astype(np.uint8)).reduce(OVERSAMPLING)


def step(edge: Array | float, value: Array, softness: Array | float) -> Array:
    """0 below ``edge``, 1 above, with a smooth step ``softness`` wide."""
    t = np.clip((value - edge) / softness + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def lit(colours: Array, light: Array, strength: float, gloss: float = 0.0) -> Array:
    """Paint under a raking light: shadows multiply, highlights screen, ``gloss`` adds wet glints."""
    shade = (1 + strength * np.minimum(light, 0))[..., None]
    glow = (strength * 0.7 * np.maximum(light, 0) + gloss * np.maximum(light - 0.45, 0) ** 2)[..., None]
    return np.asarray(colours * shade + (1 - colours * shade) * glow, np.float32)
