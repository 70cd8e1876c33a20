"""Autumn, palette knife: a wood on fire and its reflection, laid on in slabs of oil that catch the light."""

import numpy as np
from PIL import Image

from examples.paint.pigment import Array, Ramp, mix, rgb, vary
from examples.paint.sheet import Sheet, lit, step
from examples.paint.strokes import Brush, Painting, scatter, trace

SKY = Ramp.of("f7ead0", "f3cf9b", "c9c4c8", "7fa3c4", "4a74a8")
LEAVES = Ramp.of("4a1020", "8e1c2a", "cf3d22", "ee7b1e", "f6b432", "fbe08a")
WOOD = Ramp.of("140f1e", "2c1c2e", "4a2a34", "3b3f63")
BANK = Ramp.of("1d2a2a", "31503c", "7a7a2c", "c9962e")
WATER = Ramp.of("0c1830", "1b3a66", "3a6c9e", "8fb4c8")
SHORE = 468
KNIVES = (
    Brush(36, 62, 18, 0.014, 0.08, 0.3, 2.2, 0.06),
    Brush(22, 40, 14, 0.014, 0.08, 0.35, 2.2, 0.06),
    Brush(13, 24, 10, 0.016, 0.1, 0.4, 2.2, 0.08),
)
TRUNKS = 18


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    colours, angle = _scene(sheet)
    painting = Painting(sheet, rgb("5b3a2c")[0])
    for knife in KNIVES:
        starts = scatter(sheet, knife.width * 0.72)
        starts = starts if knife is not KNIVES[2] else starts[: len(starts) // 2]
        _slabs(sheet, painting, colours, angle, starts, knife)
    _trunks(sheet, painting)
    leaves = scatter(sheet, 13)
    leaves = leaves[(leaves[:, 1] < 330) & (sheet.sample(colours, leaves)[:, 0] > 0.75)][: len(leaves) // 5]
    _slabs(sheet, painting, colours, angle, leaves, KNIVES[2])
    body = sheet.blur(painting.height, 0.55) + 0.5 * sheet.blur(painting.height, 2.2)
    light = sheet.relief(body + 0.03 * sheet.weave(), 2.1)
    return sheet.develop(lit(painting.colour, light, 0.42, 0.9))


def _slabs(sheet: Sheet, painting: Painting, colours: Array, angle: Array, starts: Array, knife: Brush) -> None:
    chosen = vary(sheet.sample(colours, starts), sheet.rng, 0.05, 0.022)
    turned = angle + sheet.noise(40) * 0.35
    painting.stroke(trace(sheet, turned, starts, knife.length), chosen, knife)


def _scene(sheet: Sheet) -> tuple[Array, Array]:
    """Local colours, and the direction in which the knife is drawn."""
    x, y = sheet.grid
    glow = np.exp(-(((x - 340) / 120) ** 2 + ((y - 350) / 210) ** 2))
    land = SKY(0.85 - 0.95 * glow - 0.25 * y / 400 + 0.18 * sheet.noise(70, 3))
    opening = np.abs(x - 345 - 30 * np.sin(y / 90)) / (95 + 0.16 * (430 - y))
    masses = step(1.0, opening + 0.42 * sheet.noise(85, 4), 0.2)
    shadow = 0.5 * np.clip((y - 300) / 130, 0, 1) + 0.16 * np.clip(opening - 1.8, 0, 2)
    tone = 0.60 + 0.30 * sheet.noise(52, 3) + 0.5 * glow - shadow
    land = mix(land, LEAVES(tone), masses)
    bank = step(SHORE - 34 + 12 * sheet.noise(110, 2), y, 14)
    land = mix(land, BANK(0.42 + 0.3 * sheet.noise(34, 2) + 0.5 * glow), bank)
    mirror = np.clip(2 * SHORE - y + 10 * sheet.noise(26, 2, stretch=4), 0, sheet.height - 1)
    reflected = sheet.sample(land, np.stack([x + 5 * sheet.noise(14), mirror], axis=-1).astype(np.float32))
    water = mix(WATER(0.42 + 0.25 * sheet.noise(30, 2, stretch=5)), reflected * 0.92, 0.74)
    wet = (y > SHORE).astype(np.float32)
    leaning = np.where(masses > 0.5, 0.9 + 1.3 * sheet.noise(75, 2), 0.25 * sheet.noise(90) - 0.35)
    return mix(land, water, wet), np.where(wet > 0, 0.12 * sheet.noise(50), leaning).astype(np.float32)


def _trunks(sheet: Sheet, painting: Painting) -> None:
    """Dark trunks that grow out of the bank, each with its broken reflection."""
    rng = sheet.rng
    feet = np.concatenate([rng.uniform(5, 245, TRUNKS // 2), rng.uniform(440, 765, TRUNKS - TRUNKS // 2)])
    t = np.linspace(0, 1, 14)[None]
    lean, tops = rng.normal(0, 26, (TRUNKS, 1)), rng.uniform(-20, 190, (TRUNKS, 1))
    bend = rng.normal(0, 8, (TRUNKS, 1)) * np.sin(t * rng.uniform(3, 6, (TRUNKS, 1)))
    paths = np.stack([feet[:, None] + lean * t + bend, SHORE - 12 + (tops - SHORE) * t], axis=-1).astype(np.float32)
    chosen = vary(WOOD(rng.uniform(0, 1, TRUNKS)), rng, 0.03, 0.01)
    painting.stroke(paths, chosen, Brush(9, 0, 8, 0.05, 0.08, 0.45, 2.0))
    below = paths[:, :8].copy()
    below[..., 1] = 2 * SHORE - 12 - below[..., 1]
    below[..., 0] += rng.normal(0, 1.2, below.shape[:2])
    painting.stroke(below, chosen * 0.9, Brush(7, 0, 6, 0.05, 0.3, 0.4, 2.0))
