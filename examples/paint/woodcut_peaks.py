"""Woodcut: sun, peaks, firs and a lake, carved in lines that follow the forms, printed from three blocks."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from examples.paint.pigment import Array, mix, rgb
from examples.paint.sheet import Sheet, step

PAPER, BLACK, RED, OCHRE = rgb("f1e6cd", "17181f", "c8402b", "e0a548")
SUN = (505, 235, 78)
LAKE = 690


@dataclass(frozen=True)
class Plan:
    """What the carver has pencilled on the block: darkness 0..1, and a phase in lines across which the gouge runs."""

    dark: Array
    phase: Array
    red: Array
    ochre: Array


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    plan = _lake(sheet, _land(sheet, _sky(sheet)))
    key = _carve(sheet, plan)
    picture = PAPER * (1 + 0.018 * sheet.paper()[..., None] + 0.02 * sheet.noise(160, 2)[..., None])
    for block, ink, cover in ((plan.ochre, OCHRE, 0.9), (plan.red, RED, 0.93), (key, BLACK, 0.97)):
        picture = mix(picture, ink * (1 + 0.05 * sheet.noise(90, 2)[..., None]), _pressed(sheet, block) * cover)
    return sheet.develop(picture)


def _pressed(sheet: Sheet, block: Array) -> Array:
    """Ink as the block leaves it: wood grain, starved spots, a darker squeezed rim."""
    grain = sheet.noise(3.2, 2, stretch=22) * 0.55 + sheet.grain(0.7) * 0.5 + sheet.noise(120, 2) * 0.5
    covered = 1 - 0.85 * step(1.25, grain, 0.5)
    rim = np.clip(block - sheet.blur(block, 1.6), 0, 1)
    return np.clip(sheet.blur(block, 0.35) * covered + 0.5 * rim, 0, 1)


def _carve(sheet: Sheet, plan: Plan) -> Array:
    """Black where a line is left standing: its width grows with the darkness, its edges shake with the hand."""
    wander = plan.phase + 0.13 * sheet.noise(26, 2) + 0.05 * sheet.noise(7)
    wave = np.abs((wander % 1.0) * 2 - 1)
    taper = plan.dark + 0.16 * sheet.noise(34, 2) + 0.05 * sheet.noise(6)
    standing = step(0, taper * 1.16 - 0.08 - wave, 0.10)
    return np.where(plan.dark > 0.97, 1.0, np.where(plan.dark < 0.03, 0.0, standing)).astype(np.float32)


def _sky(sheet: Sheet) -> Plan:
    x, y = sheet.grid
    dx, dy = x - SUN[0], y - SUN[1]
    distance, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    rays = turn * 64 / (2 * np.pi)
    dark = np.clip(0.16 + (distance - 110) / 620 + 0.13 * np.cos(turn * 8), 0, 0.86)
    clouds = step(0.35, sheet.noise(150, 3, stretch=2.6) - 0.6 * np.abs(y - 190) / 200, 0.1)
    swirl = (y + 14 * np.sin(x / 38 + y / 30) + 10 * sheet.noise(80)) / 8.5
    phase, dark = np.where(clouds > 0.5, swirl, rays), np.where(clouds > 0.5, 0.34, dark)
    disc = step(-SUN[2], -distance, 1.5)
    dark = np.where(distance < SUN[2] + 9, 0.0, dark)
    ochre = np.clip(1.25 - distance / 420, 0, 1) * (1 - disc)
    return Plan(
        dark.astype(np.float32),
        phase,
        disc,
        step(0.32, ochre.astype(np.float32) + 0.12 * sheet.noise(60, 2), 0.06) * (1 - disc),
    )


def _land(sheet: Sheet, plan: Plan) -> Plan:
    x, y = sheet.grid
    dark, phase, red, ochre = plan.dark, plan.phase, plan.red, plan.ochre
    for apex, top, slope, tint in (((150), 250, 0.95, 0), (400, 365, 0.70, 1), (30, 440, 0.62, 0), (560, 470, 0.5, 1)):
        jag = 26 * sheet.noise(70, 4)
        edge = top + slope * np.abs(x - apex) + jag
        inside = y > edge
        lit_side = (x + 0.35 * (y - top) + 30 * sheet.noise(60, 3)) > apex
        fall = np.where(lit_side, y - 1.1 * (x - apex), y + 0.9 * (x - apex)) + 12 * sheet.noise(60, 2)
        shade = np.where(lit_side, 0.20, 0.80) + 0.18 * sheet.noise(48, 2) + 0.2 * np.clip((y - top) / 300, 0, 1)
        outline = (y > edge) & (y < edge + 3.4)
        dark = np.where(inside, np.where(outline, 1.0, np.clip(shade, 0.06, 0.95)), dark)
        phase = np.where(inside, fall / 8.0, phase)
        red = np.where(inside, 0.0, red)
        ochre = np.where(inside, float(tint) * lit_side, ochre)
    return _firs(sheet, Plan(dark, phase, red.astype(np.float32), ochre.astype(np.float32)))


def _firs(sheet: Sheet, plan: Plan) -> Plan:
    x, y = sheet.grid
    dark, phase, ochre = plan.dark, plan.phase, plan.ochre
    for foot in np.sort(sheet.rng.uniform(-10, sheet.width + 10, 26)):
        tall = sheet.rng.uniform(60, 150)
        up = (LAKE + 4 - y) / tall
        tiers = 0.24 * tall * (1 - up) * (0.62 + 0.5 * ((up * 7 + 0.06 * np.abs(x - foot)) % 1.0)[...])
        inside = (up > 0) & (up < 1) & (np.abs(x - foot) < tiers)
        dark = np.where(inside, np.where(x > foot + 1, 0.72, 0.98), dark)
        phase = np.where(inside, (y - 0.7 * np.abs(x - foot)) / 6.0, phase)
        ochre = np.where(inside, 0.0, ochre)
    return Plan(dark.astype(np.float32), phase.astype(np.float32), plan.red, ochre.astype(np.float32))


def _lake(sheet: Sheet, plan: Plan) -> Plan:
    x, y = sheet.grid
    wet = y > LAKE
    mirror = np.stack([x + 5 * np.sin(y / 5), np.clip(2 * LAKE - y * 1.0, 0, None)], axis=-1).astype(np.float32)
    path = np.abs(x - SUN[0] + 10 * np.sin(y / 7)) < 26 + 0.35 * (y - LAKE)
    reflected = 0.30 + 0.5 * sheet.sample(plan.dark, mirror)
    dark = np.where(wet, np.where(path, 0.22, np.clip(reflected, 0.2, 0.9)), plan.dark)
    ripples = (y + 5 * np.sin(x / 33 + y / 9) + 6 * sheet.noise(60, 2)) / (4.5 + 0.05 * np.clip(y - LAKE, 0, None))
    red = np.where(wet, path * step(0.1, sheet.noise(9, 1, stretch=6), 0.2), plan.red)
    phase = np.where(wet, ripples, plan.phase)
    return Plan(
        dark.astype(np.float32),
        phase.astype(np.float32),
        red.astype(np.float32),
        np.where(wet, 0.0, plan.ochre).astype(np.float32),
    )
