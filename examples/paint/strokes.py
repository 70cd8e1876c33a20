"""Brush strokes: paths traced along a flow and painted bristle by bristle, in colour and in thickness."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from examples.paint.pigment import Array, vary
from examples.paint.sheet import Sheet

PATH_POINTS = 12


@dataclass(frozen=True)
class Brush:
    """A brush: width and stroke length in design units, how many bristles, how they carry paint.

    ``streak`` is the spread of tone among bristles, ``ragged`` how much of a stroke may be missing at either end,
    ``swell`` the spread of stroke widths, ``cover`` a bristle's thickness against its share of the width, ``taper`` how
    much narrower a stroke is at its ends.
    """

    width: float
    length: float
    bristles: int = 9
    streak: float = 0.035
    ragged: float = 0.22
    swell: float = 0.35
    cover: float = 1.35
    taper: float = 0.45


class Painting:
    """Wet paint on a sheet: a colour layer and the thickness of the paint on it."""

    def __init__(self, sheet: Sheet, ground: Array) -> None:
        """Start from a ground colour: (3,) or (rows, columns, 3), 0..1."""
        self.sheet = sheet
        full = np.broadcast_to(np.clip(ground, 0, 1) * 255, (*sheet.shape, 3)).astype(np.uint8)
        self._colour = Image.fromarray(np.ascontiguousarray(full))
        self._height = Image.new("L", self._colour.size, 0)

    @property
    def colour(self) -> Array:
        """Colours so far: (rows, columns, 3), 0..1."""
        return np.asarray(self._colour, np.float32) / 255

    @property
    def height(self) -> Array:
        """Thickness so far: (rows, columns), 0..1."""
        return np.asarray(self._height, np.float32) / 255

    def stroke(self, paths: Array, colours: Array, brush: Brush) -> None:
        """Paint strokes in order: paths (N, K, 2) in design units, colours (N, 3)."""
        bristles = self._bristles(paths, brush) * self.sheet.unit
        count, hairs = bristles.shape[:2]
        tints = vary(np.repeat(colours, hairs, axis=0), self.sheet.rng, brush.streak, brush.streak * 0.3)
        fills = (tints.reshape(count, hairs, 3) * 255).astype(int)
        self._draw(bristles, fills, brush)

    def _bristles(self, paths: Array, brush: Brush) -> Array:
        """(N, bristles, K, 2): each path fanned out across the brush, thinner at both ends."""
        rng, count = self.sheet.rng, len(paths)
        along = np.gradient(paths, axis=1)
        normal = np.stack([-along[..., 1], along[..., 0]], axis=-1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-6
        t = np.linspace(0, 1, paths.shape[1])
        taper = 1 - brush.taper + brush.taper * np.sin(np.pi * np.clip(t * 0.9 + 0.12, 0, 1)) ** 0.7
        offsets = np.linspace(-0.5, 0.5, brush.bristles)[None] + rng.normal(0, 0.03, (count, brush.bristles))
        width = brush.width * np.exp(rng.normal(0, brush.swell, (count, 1)))
        spread = (offsets * width)[..., None] * taper
        return np.asarray(paths[:, None] + spread[..., None] * normal[:, None], np.float32)

    def _draw(self, bristles: Array, fills: Array, brush: Brush) -> None:
        rng = self.sheet.rng
        count, hairs, points = bristles.shape[:3]
        starts = rng.integers(0, max(1, round(points * brush.ragged)), (count, hairs))
        stops = points - rng.integers(0, max(1, round(points * brush.ragged)), (count, hairs))
        ridge = 105 + 110 * np.abs(np.linspace(-1, 1, hairs)) ** 2
        heights = np.clip(ridge + rng.normal(0, 45, (count, hairs)), 20, 255).astype(int)
        thickness = max(1, round(brush.cover * brush.width * self.sheet.unit / hairs))
        pen, relief = ImageDraw.Draw(self._colour), ImageDraw.Draw(self._height)
        for i in range(count):
            for j in rng.permutation(hairs):
                line = bristles[i, j, starts[i, j] : stops[i, j]].ravel().tolist()
                pen.line(line, tuple(fills[i, j]), thickness)
                relief.line(line, int(heights[i, j]), thickness)


def trace(sheet: Sheet, angle: Array, starts: Array, length: float, points: int = PATH_POINTS) -> Array:
    """Paths (N, points, 2) that follow ``angle`` (radians, per pixel) through their middle points ``starts`` (N, 2)."""
    stride = length / (points - 1)
    half = points // 2
    forward, backward = (_walk(sheet, angle, starts, sign * stride, half) for sign in (1, -1))
    return np.stack([*backward[::-1], starts, *forward][-points:], axis=1).astype(np.float32)


def _walk(sheet: Sheet, angle: Array, starts: Array, stride: float, steps: int) -> list[Array]:
    rows, columns = sheet.shape
    trail: list[Array] = []
    here = starts
    for _ in range(steps):
        column = np.clip(here[:, 0] * sheet.unit, 0, columns - 1).astype(int)
        row = np.clip(here[:, 1] * sheet.unit, 0, rows - 1).astype(int)
        heading = angle[row, column]
        here = here + stride * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
        trail.append(here)
    return trail


def scatter(sheet: Sheet, spacing: float) -> Array:
    """Points (N, 2) that cover the sheet about ``spacing`` apart, jittered, in random order."""
    x, y = np.meshgrid(np.arange(0, sheet.width + spacing, spacing), np.arange(0, sheet.height + spacing, spacing))
    points = np.stack([x.ravel(), y.ravel()], axis=-1)
    points = points + sheet.rng.uniform(-0.6, 0.6, points.shape) * spacing
    return np.asarray(sheet.rng.permutation(points), np.float32)
