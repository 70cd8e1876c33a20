"""Watercolour poppies: wet washes that bleed, dry edges that darken, pigment that settles in the paper."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.paint.pigment import Array, rgb
from examples.paint.sheet import Sheet, step

PAPER = rgb("faf5ea")[0]
POPPIES = ((205, 190, 98), (375, 265, 112), (130, 345, 70), (330, 110, 56), (455, 130, 44))
BUDS = ((90, 185, 20), (480, 345, 22), (265, 48, 16))


class Washes:
    """Transparent layers on wet paper: what each of them takes away from the light."""

    def __init__(self, sheet: Sheet) -> None:
        """Start with clean paper."""
        self.sheet = sheet
        self.absorbed = np.zeros((*sheet.shape, 3), np.float32)
        self.tooth = sheet.paper(1.5)
        self.wetness = sheet.noise(110, 3)
        self._feathers = [sheet.noise(60, 5, gain=0.58) for _ in range(4)]
        self._pools = [sheet.noise(48, 4) for _ in range(3)]

    def lay(self, field: Array, colour: str, strength: float, bleed: float = 1.0) -> None:
        """One wash where ``field`` (design units, positive inside) says so; ``bleed`` 0 dry, 3 soaking wet."""
        rng = self.sheet.rng
        feather, pool = self._feathers[rng.integers(4)], self._pools[rng.integers(3)]
        near = _box(field > -22 * (1 + bleed))
        rough = (field + feather * (2.0 + 6.5 * bleed) + 0.5 * self.tooth)[near]
        soft = 1.1 + 26 * bleed * np.clip(0.12 + self.wetness[near], 0, 1) ** 1.4
        cover = step(0, rough, soft)
        rim = np.exp(-((np.clip(rough, 0, None) / 2.4) ** 2)) * cover / (0.4 * soft)
        grains = 1 + 0.20 * self.tooth[near] + 0.55 * pool[near]
        density = strength * (cover * np.clip(grains, 0.12, 2) + 0.62 * np.clip(rim, 0, 1))
        self.absorbed[near] += density[..., None] * _absorbance(colour)

    def lift(self, field: Array, amount: float) -> None:
        """Take pigment out again with a damp brush."""
        self.absorbed *= 1 - amount * step(0, field + 4 * self._feathers[0], 9)[..., None]


def _box(inside: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold all of a mask: most washes touch a small part of the sheet."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _absorbance(colour: str) -> Array:
    """What a pigment takes from red, green and blue (Beer and Lambert), so that washes multiply."""
    return np.asarray(-np.log(rgb(colour)[0] * 0.97 + 0.01), np.float32)


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    x, y = sheet.grid
    washes = Washes(sheet)
    _background(sheet, washes)
    for poppy in POPPIES:
        _stem(sheet, washes, poppy)
    for poppy in sorted(POPPIES, key=lambda flower: flower[2]):
        _poppy(sheet, washes, poppy)
    for bx, by, size in BUDS:
        _stem(sheet, washes, (bx, by, size))
        washes.lay(size - np.hypot(x - bx, (y - by) * 0.75), "5f7a3a", 0.9, 0.3)
        washes.lay(size * 0.4 - np.hypot(x - bx + 3, (y - by + size * 1.15) * 0.7), "d8321f", 1.0, 0.3)
    _splatter(sheet, washes)
    light = sheet.relief(sheet.blur(washes.tooth, 0.4), 0.55)
    return sheet.develop(PAPER * np.exp(-washes.absorbed) * (1 + 0.05 * light)[..., None])


def _background(sheet: Sheet, washes: Washes) -> None:
    x, y = sheet.grid
    for cx, cy, radius, colour, strength in (
        (120, 110, 150, "8fc0d8", 0.55),
        (420, 330, 170, "a8c6e0", 0.5),
        (300, 420, 190, "c9d99a", 0.6),
        (90, 480, 150, "f1d79a", 0.5),
        (450, 560, 190, "8fb8a8", 0.65),
        (200, 640, 210, "7f9fc4", 0.6),
        (330, 90, 120, "f4cdb8", 0.5),
    ):
        washes.lay(radius - np.hypot(x - cx, (y - cy) * 0.9), colour, strength, 3.0)
    for _ in range(26):
        foot, tall = sheet.rng.uniform(0, sheet.width), sheet.rng.uniform(120, 330)
        rise = np.clip((sheet.height - y) / tall, 0, 1)
        blade = sheet.rng.uniform(3, 7) * (1 - rise) - np.abs(x - foot - sheet.rng.normal(0, 60) * rise**2)
        washes.lay(
            np.where(y > sheet.height - tall, blade, -30),
            sheet.rng.choice(["7fa050", "4f8068", "a3b04f", "5f8fa0"]),
            0.55,
            0.45,
        )


def _stem(sheet: Sheet, washes: Washes, poppy: tuple[float, float, float]) -> None:
    x, y = sheet.grid
    cx, cy, size = poppy
    down = np.clip((y - cy) / (sheet.height - cy), 0, 1)
    spine = cx + 26 * np.sin(down * 3 + cx) * down + (270 - cx) * 0.35 * down**2
    foot = cy + size * (0.62 if size > 30 else 1.05)
    half = (2.0 + size / 60) * (0.8 + 0.4 * np.sin(y / 23 + cx))
    washes.lay(np.where(y > foot, half - np.abs(x - spine), -30), "6f8f4c", 0.85, 0.1)


def _poppy(sheet: Sheet, washes: Washes, poppy: tuple[float, float, float]) -> None:
    """Five crumpled petals, each its own wash, folds dropped in wet, and a dark heart."""
    x, y = sheet.grid
    rng = sheet.rng
    cx, cy, size = poppy
    tilt = rng.uniform(0, 2 * np.pi)
    for k in range(5):
        turn = tilt + k * 2 * np.pi / 5 + rng.normal(0, 0.12)
        px, py = cx + 0.42 * size * np.cos(turn), cy + 0.34 * size * np.sin(turn)
        around = np.arctan2(y - py, x - px)
        edge = size * 0.58 * (1 + 0.07 * np.sin(around * 5 + k) + 0.045 * np.sin(around * 11 + 2 * k))
        petal = edge - np.hypot(x - px, (y - py) * 1.12)
        washes.lay(petal, rng.choice(["ee4b2e", "e8392c", "f4693a", "e04050"]), rng.uniform(0.42, 0.66), 0.28)
        fold = np.sin((around + turn) * 9 + 3 * washes.wetness)
        washes.lay(np.minimum(petal - 6, 13 * fold - 6), "c01f2e", 0.26, 0.5)
    away = np.hypot(x - cx, (y - cy) * 1.1)
    washes.lift(0.62 * size - np.hypot(x - cx + 0.3 * size, y - cy + 0.34 * size) - 0.25 * size, 0.34)
    around = np.arctan2(y - cy, x - cx)
    washes.lay(size * (0.20 + 0.07 * np.sin(around * 9)) - away, "3a2038", 1.05, 0.5)
    washes.lay(size * 0.10 - away, "3f4a2a", 0.9, 0.15)
    for _ in range(34):
        turn, reach = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.17, 0.33)
        _drop(
            sheet,
            washes,
            (cx + reach * np.cos(turn), cy + reach * np.sin(turn)),
            size * rng.uniform(0.010, 0.022),
            "1c1424",
            1.5,
        )


def _splatter(sheet: Sheet, washes: Washes) -> None:
    rng = sheet.rng
    for _ in range(95):
        at = rng.uniform(0, sheet.width), rng.uniform(0, sheet.height)
        colour = rng.choice(["e8392c", "f4693a", "5f8fa0", "7fa050", "c01f2e"])
        _drop(sheet, washes, at, float(np.exp(rng.normal(0.35, 0.6))), colour, rng.uniform(0.3, 0.8))


def _drop(sheet: Sheet, washes: Washes, at: tuple[float, float], radius: float, colour: str, strength: float) -> None:
    x, y = sheet.grid
    reach = radius + 2
    rows = slice(max(0, int((at[1] - reach) * sheet.unit)), max(0, int((at[1] + reach) * sheet.unit)) + 1)
    columns = slice(max(0, int((at[0] - reach) * sheet.unit)), max(0, int((at[0] + reach) * sheet.unit)) + 1)
    edge = radius - np.hypot(x[rows, columns] - at[0], y[rows, columns] - at[1])
    density = strength * (step(0, edge, 0.9) + 0.5 * np.exp(-((edge / 0.8) ** 2)) * (edge > 0))
    washes.absorbed[rows, columns] += density[..., None] * _absorbance(colour)
