"""Night wind: a sky of whirling strokes over wheat, in thick oil."""

import numpy as np
from PIL import Image

from examples.paint.pigment import Array, Ramp, mix, rgb, vary
from examples.paint.sheet import Sheet, lit, step
from examples.paint.strokes import Brush, Painting, scatter, trace

SKY = Ramp.of("0b1540", "14306f", "1f559c", "3f87b8", "8fc2bd", "d9dfb0")
LIGHTS = Ramp.of("fff3b8", "f9d35c", "e8a02e", "b9b06a", "4f8fb0")
HILLS = Ramp.of("0a1630", "16344f", "1f5558", "4b8467")
WHEAT = Ramp.of("5a3512", "a8691c", "dca032", "f5d774", "7a8a3a")
WHIRLS = ((300, 175, 105, 1.0), (520, 235, 70, -1.0), (90, 265, 60, -0.9))
STARS = ((640, 95, 34), (150, 75, 20), (420, 60, 15), (730, 205, 16), (235, 330, 13), (60, 165, 12), (560, 130, 11))
BRUSHES = (Brush(20, 96, 12, 0.03), Brush(12, 54, 9, 0.028), Brush(7.5, 36, 6, 0.03))


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    angle, colours = _composition(sheet)
    painting = Painting(sheet, rgb("2a2a38")[0])
    for brush in BRUSHES:
        starts = scatter(sheet, brush.width * 0.85)
        chosen = vary(sheet.sample(colours, starts), sheet.rng, 0.05, 0.016)
        painting.stroke(trace(sheet, angle, starts, brush.length), chosen, brush)
    light = sheet.relief(sheet.blur(painting.height, 0.45) + 0.05 * sheet.weave(), 2.2)
    return sheet.develop(lit(painting.colour, light, 0.38, 0.5))


def _composition(sheet: Sheet) -> tuple[Array, Array]:
    """Stroke directions and local colours of sky, hills and field."""
    angle, colours = _sky(sheet)
    _, y = sheet.grid
    for level, swing, tone in ((395, 34, 0.75), (430, 30, 0.45), (462, 22, 0.15)):
        ridge = sheet.ridge(level, swing, 300)
        inside = step(ridge, y, 3)
        slope = np.arctan(np.gradient(ridge[0]) * sheet.unit)[None]
        angle = np.where(inside > 0.5, slope + 0.25 * sheet.noise(120), angle)
        depth = np.clip((y - ridge) / 60, 0, 1)
        colours = mix(colours, HILLS(tone - 0.4 * depth + 0.16 * sheet.noise(30, 3)), inside)
    ridge = sheet.ridge(492, 14, 260)
    inside = step(ridge, y, 3)
    sway = -np.pi / 2 + 0.75 * sheet.noise(150, 2) + 0.5
    return np.where(inside > 0.5, sway, angle), mix(colours, WHEAT(0.5 + 0.42 * sheet.noise(46, 3)), inside)


def _sky(sheet: Sheet) -> tuple[Array, Array]:
    x, y = sheet.grid
    flow_x, flow_y = 0.55 + 0 * x, 0.28 * np.sin(x / 105 + y / 160) + 0.2 * sheet.noise(200, 2)
    tone = 0.30 + 0.17 * sheet.noise(95, 3, stretch=2.4) + 0.16 * (y / 400)
    for cx, cy, radius, turn in WHIRLS:
        dx, dy = x - cx, (y - cy) * 1.15
        distance = np.hypot(dx, dy) + 1e-3
        pull = 3.2 * turn * np.exp(-((distance / radius) ** 2))
        flow_x, flow_y = flow_x - pull * dy / distance, flow_y + pull * dx / distance
        bands = np.sin(distance / radius * 9 + np.arctan2(dy, dx) * turn)
        tone = tone + np.exp(-((distance / radius) ** 2) * 0.8) * (0.20 + 0.22 * bands)
    colours = SKY(tone)
    return _stars(sheet, flow_x, flow_y, colours)


def _stars(sheet: Sheet, flow_x: Array, flow_y: Array, colours: Array) -> tuple[Array, Array]:
    x, y = sheet.grid
    for cx, cy, radius in STARS:
        dx, dy = x - cx, y - cy
        distance = np.hypot(dx, dy) + 1e-3
        pull = 6 * np.exp(-((distance / (radius * 2.4)) ** 2))
        flow_x, flow_y = flow_x - pull * dy / distance, flow_y + pull * dx / distance
        rings = distance / (radius * 2.6) + 0.10 * np.sin(distance / radius * 7)
        colours = mix(colours, LIGHTS(rings), np.clip(1.25 - distance / (radius * 2.5), 0, 1) ** 0.7)
    return np.asarray(np.arctan2(flow_y, flow_x), np.float32), colours
