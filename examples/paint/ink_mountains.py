"""Ink mountains: peaks rising out of mist, in brush and ink on old paper, with a red sun and a seal."""

import numpy as np
from PIL import Image, ImageDraw

from examples.paint.pigment import Array, mix, rgb
from examples.paint.sheet import Sheet, step

PAPER, VERMILION = rgb("eadfc6", "b3322a")
INK = np.array([2.35, 2.22, 2.0], np.float32)
INDIGO = np.array([1.9, 1.15, 0.62], np.float32)
UMBER = np.array([0.55, 0.95, 1.5], np.float32)
RANGES = ((205, 95, 210, 0.26), (300, 95, 170, 0.46), (390, 120, 150, 0.75), (545, 90, 140, 1.05), (650, 85, 150, 1.65))
SUN = (372, 128, 44)


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    x, y = sheet.grid
    absorbed: Array = (
        0.10 * UMBER * (0.5 + 0.5 * sheet.noise(260, 3))[..., None]
        + 0.05 * INDIGO * step(0.1, sheet.noise(150, 3, stretch=2.5) + (300 - y) / 500, 0.9)[..., None]
    )
    for level, swing, wavelength, depth in RANGES:
        ridge = sheet.ridge(level, swing, wavelength, 5)
        absorbed = _mountain(sheet, absorbed, ridge, depth)
    absorbed = absorbed + INK * _drawn(sheet, ridge)[..., None]
    fibres = 1 + 0.05 * sheet.paper(1.3) + 0.04 * sheet.noise(5, 2, stretch=9)
    picture = PAPER * (1 + 0.02 * sheet.paper(2)[..., None]) * np.exp(-absorbed * fibres[..., None])
    sun = step(-SUN[2], -np.hypot(x - SUN[0], y - SUN[1]) + 0.8 * sheet.noise(9, 2), 2.4) * (
        0.74 + 0.1 * sheet.noise(30, 3)
    )
    hidden = np.exp(-absorbed[..., 0] * 1.5)
    return sheet.develop(_seal(sheet, mix(picture, VERMILION * 1.06, sun * hidden)))


def _mountain(sheet: Sheet, behind: Array, ridge: Array, depth: float) -> Array:
    """Ink strongest on the ridge, drawn out with water downwards into the mist that hides what is behind."""
    _, y = sheet.grid
    below = y - ridge - 1.4 * sheet.noise(6, 2)
    inside = step(0, below, 1.6)
    reach = 120 + 50 * sheet.noise(130, 2)
    mist = np.clip(1 - below / reach, 0, 1) ** 1.5
    rock = _rock(sheet, below)
    line = np.exp(-np.abs(below - 1.5) / 2.2) * np.clip(0.55 + 0.8 * sheet.noise(45, 2), 0, 1.2)
    ink = depth * inside * (mist * (0.30 + 0.55 * rock) + 0.5 * line + 0.03)
    tint = INDIGO * np.float32(0.5 * (1 - min(depth, 1)))
    return np.asarray(behind * (1 - inside * 0.96)[..., None] + (INK * 0.85 + tint) * ink[..., None])


def _rock(sheet: Sheet, below: Array) -> Array:
    """Texture strokes down the slope: split-brush streaks, dry where the brush ran out."""
    folds = sheet.noise(44, 4)
    streaks = np.abs(sheet.noise(26, 5, stretch=0.36, gain=0.62)) * 1.5
    slopes = np.clip(0.5 + 0.9 * folds, 0, 1)
    dry = np.exp(-((streaks / 0.2) ** 2)) * step(0.3, slopes + 0.25 * sheet.grain(0.8), 0.5)
    return np.asarray((0.75 * slopes + 0.75 * dry) * np.clip(1.25 - below / 190, 0, 1), np.float32)


def _drawn(sheet: Sheet, ground: Array) -> Array:
    """What is put in last with the tip of the brush: pines on the near cliff, birds."""
    layer = Image.new("L", (sheet.shape[1], sheet.shape[0]), 0)
    pen, rng = ImageDraw.Draw(layer), sheet.rng
    for foot, tall in ((64, 235), (142, 150), (470, 165)):
        base = float(ground[0, min(round(foot * sheet.unit), ground.shape[1] - 1)]) + 9
        _pine(sheet, pen, foot, base, tall)
    for i in range(7):
        bx, by, span = 175 + 17 * i + rng.normal(0, 5), 165 + 9 * abs(i - 2) + rng.normal(0, 3), 6 + rng.uniform(0, 3)
        wing = [
            (bx - span, by - span * 0.42),
            (bx - span * 0.4, by - span * 0.5),
            (bx, by),
            (bx + span * 0.5, by - span * 0.55),
            (bx + span, by - span * 0.3),
        ]
        pen.line([(px * sheet.unit, py * sheet.unit) for px, py in wing], 205, max(1, round(1.3 * sheet.unit)))
    soft = sheet.blur(np.asarray(layer, np.float32) / 255, 0.45)
    return np.asarray(soft * (0.72 + 0.22 * sheet.noise(12, 3) + 0.10 * sheet.grain(0.6)), np.float32)


def _pine(sheet: Sheet, pen: ImageDraw.ImageDraw, foot: float, base: float, tall: float) -> None:
    """A leaning trunk, and pads of needles that fan upwards from its boughs."""
    rng, unit = sheet.rng, sheet.unit
    lean, sway = rng.normal(0.18, 0.10) * tall, rng.uniform(5, 8)

    def trunk(k: float) -> tuple[float, float]:
        return foot + lean * k + 0.05 * tall * float(np.sin(k * sway + foot)), base - tall * k

    for k in np.linspace(0, 1, 160):
        (px, py), radius = trunk(k), 0.022 * tall * (1 - 0.8 * k) * rng.uniform(0.75, 1.25)
        box = [(px - radius) * unit, (py - radius) * unit, (px + radius) * unit, (py + radius) * unit]
        pen.ellipse(box, int(rng.uniform(120, 255)))
    for k in np.linspace(0.42, 1.0, 8):
        side = rng.choice([-1, 1]) if k < 0.98 else 0
        reach = tall * (0.40 - 0.24 * k) * rng.uniform(0.75, 1.2)
        px, py = trunk(k)
        ex, ey = px + side * reach, py - reach * rng.uniform(0.0, 0.35)
        pen.line(
            [px * unit, py * unit, (px + ex) / 2 * unit, (py + 2) * unit, ex * unit, ey * unit],
            225,
            max(1, round(1.6 * unit)),
        )
        _pad(sheet, pen, (ex, ey), tall * rng.uniform(0.10, 0.15))
        _pad(sheet, pen, ((px + ex) / 2, (py + ey) / 2), tall * rng.uniform(0.06, 0.11))


def _pad(sheet: Sheet, pen: ImageDraw.ImageDraw, at: tuple[float, float], wide: float) -> None:
    """One pad: fans of needles along a flat arc, dense below, open above."""
    rng, unit = sheet.rng, sheet.unit
    for across in rng.uniform(-1, 1, int(wide * 1.6)):
        nx, ny = at[0] + across * wide, at[1] - 0.30 * wide * (1 - across**2) * rng.uniform(0, 1.3)
        tone, length = int(rng.uniform(110, 250)), wide * rng.uniform(0.16, 0.34)
        for spread in np.linspace(-1.25, 1.25, 8):
            heading = -np.pi / 2 + 0.5 * across + spread + rng.normal(0, 0.1)
            end = (nx + length * np.cos(heading)) * unit, (ny + 0.75 * length * np.sin(heading)) * unit
            pen.line([nx * unit, ny * unit, *end], tone, max(1, round(0.7 * unit)))


def _seal(sheet: Sheet, picture: Array) -> Array:
    """A carved seal: a worn square, and an invented sign cut white into it."""
    x, y = sheet.grid
    u, v = (x - 58) / 17, (y - 96) / 17
    worn = 0.10 * sheet.noise(7, 3)
    block = step(0, 1 - np.maximum(np.abs(u), np.abs(v)) + worn, 0.08)
    cuts = np.minimum.reduce(
        [
            np.abs(np.hypot(u, v - 0.1) - 0.45),
            np.abs(u) + 2 * (v > 0.62),
            np.abs(v + 0.62) + 2 * (np.abs(u) > 0.6),
            np.abs(np.maximum(np.abs(u), np.abs(v)) - 0.86),
        ]
    )
    carved = block * step(0.085, cuts + worn * 0.5, 0.06) * (0.82 + 0.2 * sheet.noise(5, 2))
    return mix(picture, VERMILION, np.clip(carved, 0, 0.95))
