"""Cells that follow a direction field, as tile setters lay them.

A centroidal Voronoi diagram whose metric turns with the field: A. Hausner, "Simulating decorative mosaics",
SIGGRAPH 2001.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree  # type: ignore[import-untyped]

from examples.paint.pigment import Array
from examples.paint.sheet import Sheet

Index = NDArray[np.int64]

CANDIDATES = 7
ROWS_AT_ONCE = 96


@dataclass(frozen=True)
class Cells:
    """Which cell each pixel is in, how far (design units) its border is, and where the cells sit (N, 2)."""

    index: Index
    border: Array
    centres: Array


def lay(sheet: Sheet, starts: Array, angle: Array, *, rounds: int = 8, squareness: float = 1.0) -> Cells:
    """Relax ``starts`` (N, 2) into evenly spread cells; ``squareness`` 1 gives square tiles, 0 round pebbles."""
    x, y = sheet.grid
    pixels = np.stack([x, y], axis=-1)
    stride = max(1, round(2 * sheet.unit))
    coarse = pixels[stride // 2 :: stride, stride // 2 :: stride].reshape(-1, 2)
    centres = starts
    for _ in range(rounds):
        nearest, _ = _assign(coarse, centres, sheet.sample(angle, centres, 0), squareness)
        counts = np.bincount(nearest, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, coarse[:, i], len(centres)) for i in (0, 1)], axis=-1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres).astype(np.float32)
    index, border = _assign_all(pixels, centres, sheet.sample(angle, centres, 0), squareness)
    return Cells(index, border, centres)


def _assign_all(pixels: Array, centres: Array, turns: Array, squareness: float) -> tuple[Index, Array]:
    bands = [pixels[i : i + ROWS_AT_ONCE] for i in range(0, len(pixels), ROWS_AT_ONCE)]
    parts = [_assign(band.reshape(-1, 2), centres, turns, squareness) for band in bands]
    index = np.concatenate([part[0] for part in parts]).reshape(pixels.shape[:2])
    return index, np.concatenate([part[1] for part in parts]).reshape(pixels.shape[:2]).astype(np.float32)


def _assign(points: Array, centres: Array, turns: Array, squareness: float) -> tuple[Index, Array]:
    """Nearest cell of each point under the turned metric, and the distance to the border with the next one."""
    _, near = cKDTree(centres).query(points, k=min(CANDIDATES, len(centres)))
    offset = points[:, None] - centres[near]
    cosine, sine = np.cos(turns[near]), np.sin(turns[near])
    u = np.abs(cosine * offset[..., 0] + sine * offset[..., 1])
    v = np.abs(cosine * offset[..., 1] - sine * offset[..., 0])
    distance = squareness * np.maximum(u, v) + (1 - squareness) * np.hypot(u, v)
    order = np.argpartition(distance, 1, axis=1)[:, :2]
    first, second = (np.take_along_axis(distance, order[:, i : i + 1], 1)[:, 0] for i in (0, 1))
    return np.take_along_axis(near, order[:, :1], 1)[:, 0], (second - first) / 2
