"""Cubist table: a guitar, a bottle and pears seen from many sides at once, in earth colours and slate."""

import numpy as np
from PIL import Image

from examples.paint.cells import Index
from examples.paint.pigment import Array, Ramp, mix, rgb, vary
from examples.paint.sheet import Sheet, lit, step
from examples.paint.strokes import Brush, Painting, scatter, trace

WALL = Ramp.of("2f3a44", "5d6f78", "9aa39a", "cfc6ae")
TABLE = Ramp.of("3a2416", "7a4d26", "b98446", "e0bc7c")
WOOD = Ramp.of("5a2c12", "a5622a", "d99a4c", "f0cd88")
GLASS = Ramp.of("12302e", "2c5f55", "6b9a86", "cfdcc4")
PEAR = Ramp.of("6b5a1c", "a8983a", "d9c865", "f2e8b0")
GLAZES = rgb("c98a3c", "3f6280", "9c4f38", "7d8a5a", "d9c9a0", "2c3a48")
CUTS = (
    (0.75, -85),
    (-0.15, -250),
    (1.3, 60),
    (-0.75, 215),
    (0.35, -150),
    (1.22, -120),
    (-0.55, -60),
    (0.95, 20),
    (-1.15, 40),
    (0.12, 95),
    (-0.3, 130),
    (1.45, 150),
    (0.62, 205),
    (-0.85, -190),
    (1.05, -250),
)
ARCS = ((300, 360, 175), (520, 300, 120), (180, 520, 140), (420, 610, 190))
BRUSHES = (
    Brush(17, 34, 10, 0.018, 0.1, 0.35, 1.9),
    Brush(11, 20, 8, 0.018, 0.1, 0.35, 1.9),
    Brush(7.5, 12, 6, 0.02, 0.12, 0.35, 1.9),
)


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    facet = _facets(sheet)
    count = int(facet.max()) + 1
    colours = _broken(sheet, facet, count)
    headings = sheet.rng.uniform(-np.pi / 2, np.pi / 2, count).astype(np.float32)[facet]
    painting = Painting(sheet, rgb("4a3a2c")[0])
    for brush in BRUSHES:
        starts = scatter(sheet, brush.width * 0.8)
        chosen = vary(sheet.sample(colours, starts), sheet.rng, 0.035, 0.012)
        painting.stroke(trace(sheet, headings, starts, brush.length), chosen, brush)
    softened = np.stack([sheet.blur(channel, 5) for channel in np.moveaxis(painting.colour, -1, 0)], axis=-1)
    touched = mix(painting.colour, np.clip(colours + np.clip(painting.colour - softened, -0.11, 0.11), 0, 1), 0.85)
    picture = _drawn(sheet, touched, facet)
    light = sheet.relief(sheet.blur(painting.height, 0.5) + 0.10 * sheet.weave(), 1.5)
    return sheet.develop(lit(picture, light, 0.32, 0.25))


def _facets(sheet: Sheet) -> Index:
    """The sheet cut by straight lines and a few arcs; each piece has a number."""
    x, y = sheet.grid
    cx, cy = sheet.width / 2, sheet.height / 2
    code = np.zeros(sheet.shape, np.int64)
    for turn, offset in CUTS:
        code = code * 2 + ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn) > offset)
    for ax, ay, radius in ARCS:
        code = code * 2 + (np.hypot(x - ax, y - ay) > radius)
    return np.unique(code, return_inverse=True)[1].reshape(sheet.shape)


def _broken(sheet: Sheet, facet: Index, count: int) -> Array:
    """Every facet shows the still life from a place of its own, with its own light running across it."""
    x, y = sheet.grid
    rng = sheet.rng
    scene = _still_life(sheet)
    shift = rng.normal(0, 24, (count, 2)).astype(np.float32)[facet]
    turn = rng.normal(0, 0.16, count).astype(np.float32)[facet]
    dx, dy = x - sheet.width / 2, y - sheet.height / 2
    seen = np.stack([x + shift[..., 0] - turn * dy, y + shift[..., 1] + turn * dx], axis=-1)
    colours = sheet.sample(scene, seen.astype(np.float32), 1)
    heading = rng.uniform(0, 2 * np.pi, count).astype(np.float32)[facet]
    ramp = dx * np.cos(heading) + dy * np.sin(heading)
    middle, spread = _statistics(facet, ramp, count)
    slope = np.clip((ramp - middle[facet]) / (spread[facet] * 1.7 + 1), -1, 1)
    lightness = 1 + 0.42 * slope + rng.normal(0, 0.09, count).astype(np.float32)[facet]
    glaze = GLAZES[rng.integers(len(GLAZES), size=count)][facet]
    shaded = mix(colours, glaze, rng.uniform(0, 0.45, count)[facet]) * lightness[..., None]
    return mix(shaded, rgb("f0e6cc")[0], np.clip(slope - 0.35, 0, 1) * 0.55)


def _statistics(facet: Index, values: Array, count: int) -> tuple[Array, Array]:
    flat, size = facet.ravel(), np.bincount(facet.ravel(), minlength=count)
    mean = np.bincount(flat, values.ravel(), count) / size
    square = np.bincount(flat, values.ravel() ** 2, count) / size
    return mean.astype(np.float32), np.sqrt(np.maximum(square - mean**2, 0)).astype(np.float32)


def _still_life(sheet: Sheet) -> Array:
    x, y = sheet.grid
    colours = WALL(0.45 + 0.25 * sheet.noise(150, 2) + 0.2 * (x - 300) / 300)
    table = step(455 + 0.06 * x, y, 2)
    colours = mix(colours, TABLE(0.5 + 0.2 * np.sin((y - 0.3 * x) / 14) + 0.2 * sheet.noise(60, 2)), table)
    colours = _bottle(sheet, colours)
    colours = _guitar(sheet, colours)
    for cx, cy, size in ((430, 585, 50), (505, 610, 46), (120, 640, 44)):
        body = np.minimum(np.hypot(x - cx, y - cy) - size, np.hypot(x - cx - 6, y - cy + size * 1.05) - size * 0.56)
        colours = mix(colours, PEAR(0.55 - 0.5 * (x - cx) / size - 0.15 * (y - cy) / size), step(0, -body, 2))
    return colours


def _bottle(sheet: Sheet, colours: Array) -> Array:
    x, y = sheet.grid
    half = np.where(y < 175, 19, np.where(y < 260, 19 + 42 * step(0, y - 215, 80), 61))
    inside = (np.abs(x - 465) < half) & (y > 70) & (y < 520)
    colours = mix(colours, GLASS(0.35 + 0.5 * np.sin((x - 420) / 24)), inside.astype(np.float32))
    label = inside & (y > 330) & (y < 430)
    lines = 0.9 - 0.35 * (np.abs((y % 14) - 7) < 1.3)
    return mix(colours, rgb("eadfc0")[0] * lines[..., None], label.astype(np.float32))


def _guitar(sheet: Sheet, colours: Array) -> Array:
    x, y = sheet.grid
    turn = 0.42
    u = (x - 255) * np.cos(turn) + (y - 430) * np.sin(turn)
    v = -(x - 255) * np.sin(turn) + (y - 430) * np.cos(turn)
    body = np.minimum(
        np.minimum(np.hypot(u, v - 95) - 128, np.hypot(u, v + 62) - 92), np.maximum(np.abs(u) - 72, np.abs(v) - 70)
    )
    colours = mix(colours, rgb("2a1710")[0], step(0, 7 - body, 2))
    grain = 0.62 + 0.16 * np.sin(u / 5 + 0.8 * sheet.noise(60, 2)) - 0.2 * u / 130
    colours = mix(colours, WOOD(grain), step(0, -body, 2))
    hole = np.hypot(u, v)
    colours = mix(colours, rgb("f0dca8")[0], step(0, 4 - np.abs(hole - 42), 2))
    colours = mix(colours, rgb("1c120e")[0], step(0, 36 - hole, 2))
    neck = (np.abs(u) < 19) & (v < 30) & (v > -430)
    frets = (np.abs((v % 30) - 15) < 1.5) * 0.5
    colours = mix(colours, rgb("3a241a")[0] + frets[..., None], neck.astype(np.float32))
    strings = (np.abs((u % 7) - 3.5) < 0.8) & (np.abs(u) < 17) & (v < 130) & (v > -430)
    bridge = (np.abs(u) < 48) & (np.abs(v - 132) < 8)
    return mix(mix(colours, rgb("efe2bd")[0], strings * 0.85), rgb("2a1710")[0], bridge.astype(np.float32))


def _drawn(sheet: Sheet, picture: Array, facet: Index) -> Array:
    """Charcoal along the cuts, pressed here and lifted there, smudged on one side."""
    edge = np.zeros(sheet.shape, np.float32)
    edge[1:] = facet[1:] != facet[:-1]
    edge[:, 1:] = np.maximum(edge[:, 1:], facet[:, 1:] != facet[:, :-1])
    line = np.clip(sheet.blur(edge, 0.75) * 2.6 * sheet.unit / 2, 0, 1)
    smudge = np.clip(sheet.blur(edge, 5) * 3.0 * sheet.unit / 2, 0, 1)
    pressure = np.clip(0.55 + 0.7 * sheet.noise(80, 2) + 0.25 * sheet.grain(0.6), 0, 1)
    return mix(mix(picture, rgb("241c18")[0], smudge * 0.30), rgb("1a1412")[0], line * pressure * 0.9)
