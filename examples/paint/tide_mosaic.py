"""Tide mosaic: two fish and a sun in hand-cut glass with gold, set along the forms."""

import numpy as np
from PIL import Image

from examples.paint.cells import lay
from examples.paint.pigment import Array, Ramp, mix, rgb, vary
from examples.paint.sheet import Sheet, lit, step
from examples.paint.strokes import scatter

SEA = Ramp.of("0d2b45", "11507a", "1b86a3", "4fb8b4", "a9dccb")
SKY = Ramp.of("f6e3b4", "f0c987", "e8a66a", "d98472")
SUN = Ramp.of("fff2c4", "f7c948", "e58f2a", "c2452d")
CORAL = Ramp.of("fbe9c9", "f6a657", "e2603a", "a52a2f", "5a1a2e")
GOLD = Ramp.of("fff0b0", "e9bd52", "a8741f", "5d3a12")
FISH = ((245, 345, -0.22, 178), (575, 425, 3.32, 150))
SUN_AT = (575, 120, 74)
GROUT = rgb("3a3a3c")[0]
TILE = 7.6


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    colours, angle = _cartoon(sheet)
    tiles = lay(sheet, scatter(sheet, TILE), angle)
    glass = vary(sheet.sample(colours, tiles.centres), sheet.rng, 0.055, 0.018)
    tilt = sheet.rng.normal(0, 1, (len(glass), 2)).astype(np.float32)[tiles.index]
    x, y = sheet.grid
    dome = step(0.68, tiles.border + 0.14 * sheet.grain(0.8), 0.9)
    lean = (
        tilt[..., 0] * (x - tiles.centres[tiles.index, 0]) + tilt[..., 1] * (y - tiles.centres[tiles.index, 1])
    ) * 0.03
    streaks = 0.05 * sheet.noise(9, 3, stretch=3)[..., None]
    picture = mix(GROUT * (1 + 0.16 * sheet.grain(0.7)[..., None]), glass[tiles.index] + streaks, dome)
    light = sheet.relief(sheet.blur(dome * (1 + lean) + 0.03 * sheet.grain(1.0), 0.5), 1.5)
    return sheet.develop(lit(picture, light, 0.42, 0.9))


def _cartoon(sheet: Sheet) -> tuple[Array, Array]:
    """The design under the tiles: its colours, and the direction in which the rows run."""
    x, y = sheet.grid
    horizon = 175 + 10 * np.sin(x / 70)
    swell = y + 24 * np.sin(x / 92 + y / 60) + 26 * sheet.noise(190, 2)
    water = SEA(0.48 + 0.36 * np.sin(swell / 13.5) * (0.5 + 0.5 * sheet.noise(80)) - 0.3 * (y - 330) / 300)
    sky = SKY(y / 190 + 0.1 * np.sin((y + 9 * np.sin(x / 40)) / 6))
    colours = mix(sky, water, step(horizon, y, 2))
    distance = np.hypot(x - SUN_AT[0], y - SUN_AT[1])
    rays = 0.5 + 0.5 * np.cos(np.arctan2(y - SUN_AT[1], x - SUN_AT[0]) * 18)
    glow = (y < horizon) * (distance < SUN_AT[2] * (1.3 + 1.1 * (rays > 0.5)))
    colours = mix(colours, SUN(0.22 + 0.3 * rays + 0.2 * (distance > SUN_AT[2] * 1.5)), glow.astype(np.float32))
    colours = mix(
        colours, SUN(distance / SUN_AT[2] * 0.75), ((distance < SUN_AT[2]) & (y < horizon)).astype(np.float32)
    )
    field = np.where(y < horizon, distance, swell)
    for fish in FISH:
        colours, field = _fish(sheet, fish, colours, field)
    slope_y, slope_x = np.gradient(sheet.blur(field.astype(np.float32), 1.5))
    return colours, np.arctan2(slope_y, slope_x).astype(np.float32)


def _fish(sheet: Sheet, fish: tuple[float, float, float, float], colours: Array, field: Array) -> tuple[Array, Array]:
    """A fish set from the outside in: a dark row, a gold row, then scales; tile rows run around it."""
    x, y = sheet.grid
    cx, cy, turn, size = fish
    flip = -1.0 if np.cos(turn) < 0 else 1.0
    u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / size
    v = flip * (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / size
    body = np.maximum(np.hypot(u, v - 0.62), np.hypot(u, v + 0.62)) - 1.03
    tail = np.maximum(
        np.abs(v) - 0.05 - 0.75 * np.clip(-0.62 - u, 0, 1), np.maximum(u + 0.6, -1.14 + 0.35 * np.abs(v) - u)
    )
    back = np.maximum(np.abs(u + 0.08 + 0.35 * (v + 0.4)) - 0.30, np.abs(v + 0.40) - 0.15 + 0.2 * (u + 0.3))
    shape = np.minimum(np.minimum(body, tail), back)
    inside = _scales(u, v)
    inside = mix(
        inside, GOLD(0.30 + 0.30 * np.sin(u * 30 + 8 * np.abs(v))), ((body > 0.0) | (u < -0.66)).astype(np.float32)
    )
    inside = mix(inside, CORAL(0.02 + 0.3 * np.abs(v)), ((u > 0.44) & (body < 0)).astype(np.float32))
    inside = mix(
        inside,
        GOLD(np.full_like(u, 0.5)),
        ((np.abs(np.hypot(u - 0.28, v) - 0.20) < 0.035) & (u > 0.36)).astype(np.float32),
    )
    eye = np.hypot(u - 0.60, v + 0.07) * size
    inside = mix(inside, rgb("fdf6e0")[0], (eye < 15).astype(np.float32))
    inside = mix(inside, rgb("10142a")[0], (eye < 7.5).astype(np.float32))
    colours = mix(colours, SEA(np.full_like(u, 0.0)), ((shape > 0) & (shape < 7.5 / size)).astype(np.float32))
    colours = mix(colours, inside, (shape <= 0).astype(np.float32))
    rows = np.where(eye < 22, eye, shape * size)
    return colours, np.where(shape < 26 / size, rows, field)


def _scales(u: Array, v: Array) -> Array:
    """Coral above, cream below, in overlapping arcs."""
    arcs = 0.5 + 0.5 * np.sin(u * 30 + 6 * np.cos(v * 26))
    return CORAL(0.66 - 0.85 * (v + 0.12) + 0.26 * (arcs - 0.5))
