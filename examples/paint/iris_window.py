"""Iris window: leaded glass, lit from behind; a sun in rays, hills, a stream, and irises in front."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt  # type: ignore[import-untyped]

from examples.paint.cells import Index
from examples.paint.pigment import Array, Ramp, mix, rgb, vary
from examples.paint.sheet import Sheet, lit, step

SUN = Ramp.of("fff6c2", "ffd95a", "ffb02e", "f47a20")
SKY = Ramp.of("ffb347", "f58a5a", "d9578a", "8a4fb0", "3a54b8", "1a3a8c")
HILLS = Ramp.of("0e4d4a", "1c7a54", "5da63c", "b9cf3e")
STREAM = Ramp.of("0b3f8a", "1673b8", "35b0d0", "a6e6e0")
LEAF = Ramp.of("0b3d2e", "16714a", "4aa84e", "a8cf50")
PETAL = Ramp.of("32137a", "5a2ab0", "8a4fd6", "c79af0", "f0d8ff")
LEAD = rgb("24262b")[0]
SUN_AT = (300, 265)
IRISES = ((110, 545, 92, -0.16), (300, 500, 104, 0.05), (470, 570, 88, 0.2), (205, 660, 74, 0.1), (395, 680, 70, -0.14))


@dataclass(frozen=True)
class Panes:
    """The cut glass so far: a number and a local colour for every pixel."""

    number: Array
    colours: Array

    def put(self, inside: NDArray[np.bool_], number: Array | float, colours: Array) -> "Panes":
        """Panes with more glass set over them; ``number`` tells the new pieces apart."""
        fresh = np.float32(np.floor(self.number.max()) + 1)
        return Panes(
            np.where(inside, fresh + number, self.number), mix(self.colours, colours, inside.astype(np.float32))
        )


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    panes = _irises(sheet, _stream(sheet, _hills(sheet, _sky(sheet))))
    number = np.unique(panes.number.round(3), return_inverse=True)[1].reshape(sheet.shape).astype(np.int64)
    tones = vary(_average(panes.colours, number), sheet.rng, 0.055, 0.02)[number]
    away = _away_from_lead(sheet, number)
    glass = _glass(sheet, mix(panes.colours, tones, 0.8), away)
    width = 2.1 + 0.5 * sheet.noise(60)
    came = step(0, width - away, 0.9)
    rounded = np.sqrt(np.clip(1 - (away / (width + 0.4)) ** 2, 0, 1))
    metal = lit(
        LEAD * (1 + 0.25 * sheet.grain(0.8)[..., None]), sheet.relief(rounded + 0.06 * sheet.grain(1), 2.0), 0.5, 0.5
    )
    return sheet.develop(mix(glass, metal, came))


def _average(colours: Array, number: Index) -> Array:
    flat, counts = number.ravel(), np.bincount(number.ravel())
    sums = [np.bincount(flat, colours[..., i].ravel()) for i in range(3)]
    return np.asarray(np.stack(sums, axis=-1) / counts[:, None], np.float32)


def _away_from_lead(sheet: Sheet, number: Index) -> Array:
    """Distance to the nearest cut, in design units."""
    inside = np.ones(number.shape, bool)
    inside[1:] &= number[1:] == number[:-1]
    inside[:, 1:] &= number[:, 1:] == number[:, :-1]
    inside[[0, -1]], inside[:, [0, -1]] = False, False
    return sheet.blur(distance_transform_edt(inside).astype(np.float32) / np.float32(sheet.unit), 0.7)


def _glass(sheet: Sheet, colours: Array, away: Array) -> Array:
    """Mouth-blown glass: streaks, seeds, a brighter heart and dimmer edges."""
    streaks = sheet.noise(20, 4, stretch=0.3) * 0.6 + np.sin(sheet.noise(90, 3) * 9) * 0.3
    seeds = step(2.5, sheet.grain(0.9), 0.8)
    heart = 0.72 + 0.34 * np.clip(away / 12, 0, 1) + 0.13 * streaks
    x, y = sheet.grid
    sunlit = 1 + 0.22 * np.exp(-np.hypot(x - SUN_AT[0], y - SUN_AT[1]) / 150)
    body = colours * (heart * sunlit)[..., None] + 0.14 * seeds[..., None]
    ripple = sheet.relief(sheet.noise(9, 3, stretch=0.6), 1.6)
    return lit(np.clip(body, 0, 1), ripple, 0.13)


def _sky(sheet: Sheet) -> Panes:
    x, y = sheet.grid
    dx, dy = x - SUN_AT[0], y - SUN_AT[1]
    distance, turn = np.hypot(dx, dy), np.arctan2(dy, dx) / (2 * np.pi) + 0.5
    warped = distance + 12 * np.sin(turn * 2 * np.pi * 8) + 5 * sheet.noise(120)
    ring = np.searchsorted([64, 104, 150, 200, 262, 330, 410, 500], warped).astype(np.float32)
    cuts = np.array([1, 16, 16, 16, 24, 24, 32, 32, 32])[ring.astype(int)]
    sector = np.floor((turn * cuts + 0.5 * (ring % 2) + 0.02 * sheet.noise(150)) % cuts)
    tone = SKY(distance / 470 - 0.05 + 0.1 * ((sector % 2) - 0.5))
    rays = np.where(
        (ring == 1)[..., None] | ((ring == 2) & (sector % 2 == 0))[..., None], SUN(0.35 + 0.45 * (sector % 2)), tone
    )
    return Panes(ring + sector / 64, np.where((ring == 0)[..., None], SUN(distance / 110), rays))


def _hills(sheet: Sheet, panes: Panes) -> Panes:
    x, y = sheet.grid
    for level, swing, tone, width in ((352, 30, 0.15, 74), (392, 26, 0.5, 62), (436, 22, 0.8, 82)):
        ridge = level + swing * np.sin(x / 92 + level) + 8 * np.sin(x / 37 + level * 2)
        cut = np.floor((x + 0.7 * (y - level) * np.sin(level) + 9 * np.sin(y / 20)) / width)
        row = np.floor((y - ridge) / 46)
        panes = panes.put(y > ridge, (cut + 20 + 40 * row) / 4096, HILLS(tone + 0.12 * ((cut + row) % 3 - 1)))
    return panes


def _stream(sheet: Sheet, panes: Panes) -> Panes:
    x, y = sheet.grid
    run = np.clip((y - 425) / 343, 0, 1)
    middle = 330 + 85 * np.sin(run * 4.2) * (1 - 0.3 * run)
    off = (x - middle) / (22 + 150 * run)
    lane = np.floor((off + 1) * 2)
    cut = np.floor(np.sqrt(run) * 9 + 0.24 * np.sin(lane * 2.4) + 0.3 * off)
    return panes.put(
        (np.abs(off) < 1) & (run > 0), (lane + 6 * cut) / 1024, STREAM(0.42 + 0.24 * np.sin(lane * 1.7 + cut * 2.3))
    )


def _irises(sheet: Sheet, panes: Panes) -> Panes:
    for cx, cy, size, lean in sorted(IRISES, key=lambda iris: iris[1]):
        panes = _leaves(sheet, panes, cx, cy, size, lean)
    for cx, cy, size, lean in sorted(IRISES, key=lambda iris: iris[1]):
        panes = _iris(sheet, panes, (cx, cy), size, lean)
    return panes


def _leaves(sheet: Sheet, panes: Panes, cx: float, cy: float, size: float, lean: float) -> Panes:
    x, y = sheet.grid
    down = np.clip((y - cy) / (sheet.height - cy), 0, 1)
    for i, (bend, width) in enumerate(((1.25, 0.21), (-1.3, 0.22), (0.0, 0.075))):
        top = cy + size * (0.25 + 0.3 * (i % 2)) * (width > 0.1)
        rise = np.clip((y - top) / (sheet.height - top), 0, 1)
        spine = cx + size * (bend * (1 - rise) ** 1.6 * 0.8 - lean * down)
        blade = np.abs(x - spine) < size * width * np.sqrt(rise * 1.4)
        panes = panes.put(
            blade & (y > top),
            (np.floor(rise * 2) + 4 * (x > spine) * (width > 0.1)) / 64,
            LEAF(0.2 + 0.28 * i + 0.22 * (x > spine)),
        )
    return panes


def _iris(sheet: Sheet, panes: Panes, at: tuple[float, float], size: float, lean: float) -> Panes:
    """Three falls that hang, three standards that rise, and a gold signal on each fall."""
    x, y = sheet.grid
    petals = (
        (2.55, 0.95, 0.30),
        (0.6, 0.95, 0.30),
        (-2.2, 0.85, 0.62),
        (-0.95, 0.85, 0.62),
        (1.57, 1.0, 0.14),
        (-1.57, 0.95, 0.88),
    )
    for turn, length, tone in petals:
        heading = turn + lean
        u = ((x - at[0]) * np.cos(heading) + (y - at[1]) * np.sin(heading)) / size
        v = (-(x - at[0]) * np.sin(heading) + (y - at[1]) * np.cos(heading)) / size
        width = 0.30 * np.sin(np.pi * np.clip(u / length, 0, 1) ** 0.75) ** 0.8 * (1 + 0.09 * np.sin(u * 22))
        inside = (np.abs(v) < width) & (u > 0.02)
        panes = panes.put(inside, (v > 0.10 * np.sin(u * 6)) / 64, PETAL(tone + 0.35 * u - 0.3 * np.abs(v)))
        if turn > 0:
            panes = panes.put((np.hypot((u - 0.3) / 0.20, v / 0.055) < 1), 0.0, SUN(0.25 + u))
    return panes
