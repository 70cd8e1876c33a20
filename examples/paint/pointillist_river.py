"""Pointillist river: a summer morning in small touches of pure colour."""

import numpy as np
from PIL import Image, ImageDraw

from examples.paint.pigment import Array, Ramp, from_oklab, mix, rgb, to_oklab
from examples.paint.sheet import Sheet, lit, step
from examples.paint.strokes import scatter

SKY = Ramp.of("5f93cc", "94bede", "e6d9c4", "f6c48e")
FAR = Ramp.of("7d8fc0", "93a8c4", "b8bfa8")
TREES = Ramp.of("1d2f5a", "23583f", "4f8a3c", "a3b548", "e9d76a")
WATER = Ramp.of("24477f", "3f7cae", "86b6c6", "dfe0c0", "f9c98e")
GRASS = Ramp.of("2a3f6e", "2f6b45", "79a03c", "cfc24a", "f4e088")
SAILS = ((470, 262, 92), (360, 255, 46), (585, 258, 60), (642, 250, 34))
SUN = (250, 118)
LAYERS = ((9.0, 12.5), (6.8, 8.6), (5.6, 6.8), (5.4, 5.4))


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    scene = _scene(sheet)
    colour = Image.fromarray((np.broadcast_to(rgb("e7dcc2")[0], scene.shape) * 255).astype(np.uint8))
    height = Image.new("L", colour.size, 40)
    for spacing, size in LAYERS:
        starts = scatter(sheet, spacing)
        _touches(sheet, (colour, height), starts, _divided(sheet, sheet.sample(scene, starts)), size)
    surface = sheet.blur(np.asarray(height, np.float32) / 255, 0.6) + 0.05 * sheet.weave(2.8)
    return sheet.develop(lit(np.asarray(colour, np.float32) / 255, sheet.relief(surface, 1.1), 0.3, 0.35))


def _divided(sheet: Sheet, local: Array) -> Array:
    """Divisionism: each touch is purer than the local colour; some carry its light, some its complement."""
    lab = to_oklab(local)
    kind = sheet.rng.random((len(lab), 1))
    light = lab + np.array([0.08, 0.012, 0.045])
    shade = lab * [0.86, 1, 1] + np.array([0, 0.012, -0.06])
    other = lab * [1, -0.9, -0.9] + np.array([0, 0.03, 0])
    chosen = np.where(
        kind < 0.5, lab * [0.98, 1.4, 1.4], np.where(kind < 0.72, light, np.where(kind < 0.93, shade, other))
    )
    return from_oklab(chosen + sheet.rng.normal(size=lab.shape) * [0.035, 0.014, 0.014])


def _touches(sheet: Sheet, layers: tuple[Image.Image, Image.Image], at: Array, colours: Array, size: float) -> None:
    rng, unit = sheet.rng, sheet.unit
    pens = [ImageDraw.Draw(layer) for layer in layers]
    turn = rng.uniform(0, 2 * np.pi, (len(at), 1)) + np.linspace(0, 2 * np.pi, 14, endpoint=False)
    wobble = 1 + rng.normal(0, 0.07, turn.shape)
    radius = 0.5 * size * np.exp(rng.normal(0, 0.16, (len(at), 1))) * wobble
    squash = rng.uniform(0.68, 0.95, (len(at), 1))
    outline = np.stack([at[:, :1] + radius * np.cos(turn), at[:, 1:] + radius * squash * np.sin(turn)], -1) * unit
    tones, rise = (colours * 255).astype(int), rng.integers(110, 256, len(at))
    for ring, tone, top in zip(outline.reshape(len(at), -1).tolist(), tones, rise, strict=True):
        pens[0].polygon(ring, tuple(tone))
        pens[1].polygon(ring, int(top))


def _scene(sheet: Sheet) -> Array:
    x, y = sheet.grid
    sun = np.hypot(x - SUN[0], (y - SUN[1]) * 1.1)
    colours = SKY(y / 230 + 0.10 * sheet.noise(90, 2, stretch=3) + 0.45 * np.exp(-sun / 80))
    colours = mix(colours, rgb("fff4c8")[0], step(-30, -sun, 10))
    colours = mix(colours, FAR(0.4 + 0.4 * sheet.noise(50, 2)), step(sheet.ridge(218, 13, 190), y, 4))
    colours = mix(colours, _water(sheet), step(246, y, 3))
    for sail in SAILS:
        colours = _sail(sheet, sail, colours)
    bank = step(465 - 0.30 * x + 22 * np.sin(x / 88) + 12 * sheet.noise(90, 2), y, 8)
    stripes = np.sin((x * 0.3 + y) / 26 + sheet.noise(120, 2))
    colours = mix(colours, GRASS(0.44 + 0.27 * stripes + 0.2 * sheet.noise(60, 2) - 0.2 * (y - 420) / 150), bank)
    return _tree(sheet, (705, 180, 150), _tree(sheet, (48, 160, 115), colours))


def _water(sheet: Sheet) -> Array:
    x, y = sheet.grid
    ripples = sheet.noise(13, 2, stretch=7)
    path = np.exp(-(((x - SUN[0] + 18 * ripples) / (16 + 0.20 * (y - 240))) ** 2))
    return WATER(0.55 - 0.45 * (y - 246) / 240 + 0.15 * ripples + 0.6 * path)


def _sail(sheet: Sheet, sail: tuple[float, float, float], colours: Array) -> Array:
    x, y = sheet.grid
    cx, foot, tall = sail
    up = (foot - y) / tall
    for sign, tone in ((1.0, rgb("fff6e2")[0]), (-1.0, rgb("d9d3e6")[0] * 0.8)):
        along = np.where(up > 0, up, -up * 0.8)
        inside = (
            (np.abs((x - cx) - 0.24 * tall * (1 - along)) < 0.24 * tall * (1 - along)) & (along > 0.05) & (along < 1)
        )
        colours = mix(colours, tone, inside * (up * sign > 0) * (0.95 if sign > 0 else 0.6))
    hull = (np.abs(x - cx - 0.15 * tall) < 0.38 * tall) & (np.abs(up) < 0.055)
    return mix(colours, rgb("4a2038")[0], hull.astype(np.float32))


def _tree(sheet: Sheet, tree: tuple[float, float, float], colours: Array) -> Array:
    x, y = sheet.grid
    cx, cy, radius = tree
    trunk = (np.abs(x - cx - 8 * np.sin(y / 50)) < radius * 0.07) & (y > cy) & (y < cy + radius * 1.75)
    colours = mix(colours, rgb("43264a")[0], trunk.astype(np.float32))
    clumps = sheet.noise(62, 3)
    crown = step(0.0, 1 - np.hypot((x - cx) / radius, (y - cy) / radius / 0.95) + 0.28 * clumps, 0.05)
    sunward = ((x - cx) * np.sign(SUN[0] - cx) * 0.8 - (y - cy)) / radius
    lightness = 0.42 + 0.30 * clumps + 0.34 * sunward
    return mix(colours, TREES(lightness), crown)
