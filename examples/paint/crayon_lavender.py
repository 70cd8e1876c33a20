"""Crayon lavender: fields at sunset in wax crayon, hatched layer on layer over rough paper."""

import numpy as np
from PIL import Image, ImageDraw

from examples.paint.pigment import Array, Ramp, mix, rgb, vary
from examples.paint.sheet import Sheet, step
from examples.paint.strokes import scatter, trace

PAPER = rgb("ecd3b6")[0]
SKY = Ramp.of("3f5fae", "7a7fc8", "d98fb4", "f8a978", "fdd079")
HILLS = Ramp.of("31407f", "5560a8", "8a7cc0")
LAVENDER = Ramp.of("2c1f63", "55379c", "8a5cc9", "bd93e0", "ecc6e6")
EARTH = Ramp.of("4a6a3a", "88964a", "d9a860", "f2cf8c")
SUN = (545, 205, 46)
VANISHING = (500, 205)
# spacing, stroke length, stroke width, turn against the form, pressure
LAYERS = ((6.5, 60, 6.5, 0.0, 0.35), (5.5, 46, 4.2, 0.5, 0.15), (5.5, 42, 3.6, -0.45, 0.0), (4.8, 30, 2.7, 0.12, -0.25))


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    colours, angle = _scene(sheet)
    tooth = sheet.paper(0.8) + 0.3 * sheet.grain(0.45)
    picture = PAPER * (1 + 0.02 * tooth[..., None])
    for spacing, length, width, turn, pressure in LAYERS:
        starts = scatter(sheet, spacing)
        paths = trace(sheet, angle + turn + 0.1 * sheet.noise(60), starts, length, 7)
        chosen = vary(sheet.sample(colours, starts), sheet.rng, 0.055, 0.03)
        picture = _hatch(sheet, picture, paths, chosen, width, tooth, pressure)
    return sheet.develop(picture)


def _hatch(
    sheet: Sheet, picture: Array, paths: Array, colours: Array, width: float, tooth: Array, pressure: float
) -> Array:
    """Wax catches on the raised tooth; pressing harder fills the hollows."""
    wax, load = (
        Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)),
        Image.new("L", (sheet.shape[1], sheet.shape[0]), 0),
    )
    pens = ImageDraw.Draw(wax), ImageDraw.Draw(load)
    thick = np.maximum(1, np.round(width * np.exp(sheet.rng.normal(0, 0.25, len(paths))) * sheet.unit)).astype(int)
    force = np.clip(sheet.rng.normal(175, 45, len(paths)), 40, 255).astype(int)
    for path, tone, wide, hard in zip(
        (paths * sheet.unit).reshape(len(paths), -1).tolist(), (colours * 255).astype(int), thick, force, strict=True
    ):
        pens[0].line(path, tuple(tone), int(wide), joint="curve")
        pens[1].line(path, int(hard), int(wide), joint="curve")
    carried = sheet.blur(np.asarray(load, np.float32) / 255, 0.7)
    cover = step(0.36 - 0.35 * pressure, carried + 0.26 * tooth - 0.06, 0.42)
    return mix(picture, np.asarray(wax, np.float32) / 255, cover * 0.92)


def _scene(sheet: Sheet) -> tuple[Array, Array]:
    x, y = sheet.grid
    sun = np.hypot(x - SUN[0], y - SUN[1])
    colours = SKY(y / 235 + 0.12 * sheet.noise(90, 2, stretch=3.5) + 0.3 * np.exp(-sun / 95))
    clouds = step(0.35, sheet.noise(60, 3, stretch=4), 0.4) * 0.6
    colours = mix(colours, SKY(y / 235 + 0.34), clouds)
    colours = mix(colours, rgb("ffe9a0")[0], step(-SUN[2], -sun, 8))
    angle = np.where(sun < 150, np.arctan2(y - SUN[1], x - SUN[0]) + np.pi / 2, 0.22 * np.sin(x / 90) - 0.15)
    for level, swing, tone in ((212, 26, 0.85), (240, 20, 0.35)):
        ridge = sheet.ridge(level, swing, 240)
        colours = mix(colours, HILLS(tone + 0.2 * sheet.noise(50, 2)), step(ridge, y, 3))
        angle = np.where(y > ridge, -0.45 + 0.5 * sheet.noise(120), angle)
    return _trees(sheet, *_rows(sheet, colours, angle))


def _rows(sheet: Sheet, colours: Array, angle: Array) -> tuple[Array, Array]:
    """Rows that run to one vanishing point, each lit on its sunward side."""
    x, y = sheet.grid
    horizon = 268 + 7 * np.sin(x / 90)
    depth = np.clip(y - VANISHING[1], 1, None)
    lane = (x - VANISHING[0]) / depth * 3.1 + 0.10 * np.sin(depth / 30)
    across = (lane % 1.0) - 0.5
    bush = np.cos(across * 2 * np.pi)
    tone = (
        0.52
        + 0.30 * np.sin((across + 0.12) * 2 * np.pi)
        + 0.16 * bush
        + 0.14 * sheet.noise(30, 3)
        + 0.14 * np.clip((330 - y) / 60, 0, 1)
    )
    field = mix(EARTH(0.55 + 0.3 * sheet.noise(40, 2)), LAVENDER(tone), step(-0.45, bush, 0.5))
    inside = step(horizon, y, 3)
    heading = np.arctan2(y - VANISHING[1], x - VANISHING[0]) + 0.5 * np.sign(across)
    return mix(colours, field, inside), np.where(inside > 0.5, heading, angle).astype(np.float32)


def _trees(sheet: Sheet, colours: Array, angle: Array) -> tuple[Array, Array]:
    x, y = sheet.grid
    for cx, foot, tall, wide in ((118, 300, 205, 23), (165, 296, 150, 18), (72, 297, 130, 17), (690, 290, 95, 13)):
        up = np.clip((foot - y) / tall, -1, 2)
        half = wide * np.sqrt(np.clip(np.sin(np.pi * np.clip(up * 0.94 + 0.06, 0, 1) ** 0.75), 0, 1)) + 3 * sheet.noise(
            16, 2
        )
        inside = (np.abs(x - cx) < half) & (up > 0) & (up < 1)
        tone = mix(
            rgb("1c3b34")[0], rgb("7a9a4a")[0], np.clip(0.35 + 0.55 * (x - cx) / wide + 0.3 * sheet.noise(20, 2), 0, 1)
        )
        colours = mix(colours, tone, inside.astype(np.float32))
        angle = np.where(inside, np.pi / 2 + 0.5 * (x - cx) / wide, angle).astype(np.float32)
    return colours, angle
