"""Marbled paper: drops of colour floated on a bath, then drawn through with combs and a stylus.

The drops and their formula: S. Lu, A. Jaffer, X. Jin, H. Zhao, X. Mao, "Mathematical marbling", IEEE CG&A 2012. All
moves run backwards, from the finished paper to the bath, so that every pixel finds its drop without any resampling.
"""

import numpy as np
from PIL import Image

from examples.paint.pigment import Array, mix, rgb
from examples.paint.sheet import Sheet, step

INKS = rgb("1d3566", "1f6f78", "f3e6c8", "b5342c", "e0a040", "f3e6c8", "14203c", "7fb3a8", "d9694a", "e8c99a")
BATH = rgb("22406e")[0]
DROPS = 330
CURLS = (
    (150, 150, 88, 1),
    (400, 110, 72, -1),
    (620, 190, 95, 1),
    (260, 390, 92, -1),
    (510, 430, 84, 1),
    (90, 500, 66, -1),
    (700, 470, 70, -1),
)


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    x, y = sheet.grid
    px, py = x + 1.2 * sheet.noise(40, 3), y + 1.2 * sheet.noise(40, 3)
    for cx, cy, radius, way in CURLS:
        px, py = _curl(px, py, (cx, cy), radius, way)
    px = px - 9 * np.sin(py / 21)
    py = py - _comb(px, 17, 26)
    px = px - _comb(py + 21, 42, 46)
    py = py + _comb(px + 17, 34, 60)
    colours = _drops(sheet, px, py)
    veins = 0.05 * sheet.noise(70, 3) + 0.035 * sheet.paper(1.4) + 0.02 * sheet.noise(3, 2, stretch=8)
    print_marks = step(2.7, sheet.grain(1.1), 0.6) * 0.5
    return sheet.develop(mix(colours * (1 + veins[..., None]), INKS[2], print_marks))


def _comb(across: Array, pitch: float, pull: float) -> Array:
    """How far a comb with teeth ``pitch`` apart drags the ink beside each of its teeth."""
    away = np.abs((across / pitch) % 1.0 - 0.5) * pitch
    return np.asarray(pull * np.exp(-away / (0.22 * pitch)), np.float32)


def _curl(px: Array, py: Array, at: tuple[float, float], radius: float, way: int) -> tuple[Array, Array]:
    """A stylus turned on the spot: ink winds up, most at the middle."""
    dx, dy = px - at[0], py - at[1]
    distance = np.hypot(dx, dy)
    turn = way * 5.2 * np.exp(-((distance / radius) ** 2) * 1.6)
    cosine, sine = np.cos(turn), np.sin(turn)
    return at[0] + cosine * dx - sine * dy, at[1] + sine * dx + cosine * dy


def _drops(sheet: Sheet, px: Array, py: Array) -> Array:
    """Undo the drops from the last to the first; a pixel has its colour when a drop closes over it."""
    rng = sheet.rng
    at = rng.uniform([-60, -60], [sheet.width + 60, sheet.height + 60], (DROPS, 2))
    radii, inks = rng.uniform(12, 58, DROPS) * np.linspace(1.15, 0.6, DROPS), INKS[rng.integers(0, len(INKS), DROPS)]
    at, radii = at.astype(np.float32), radii.astype(np.float32)
    shape, qx, qy = px.shape, px.ravel(), py.ravel()
    colours = np.broadcast_to(BATH, (qx.size, 3)).copy()
    alive = np.arange(qx.size)
    for (cx, cy), radius, ink in zip(at[::-1], radii[::-1], inks[::-1], strict=True):
        dx, dy = qx - cx, qy - cy
        squared = dx * dx + dy * dy
        ratio = squared / radius**2
        inside = ratio < 1
        rim = 0.10 * np.sqrt(ratio[inside]) ** 6
        colours[alive[inside]] = ink * (1.03 - rim)[:, None]
        shrink = np.sqrt(1 - 1 / ratio[~inside])
        qx, qy, alive = cx + dx[~inside] * shrink, cy + dy[~inside] * shrink, alive[~inside]
    return np.asarray(colours.reshape(*shape, 3), np.float32)
