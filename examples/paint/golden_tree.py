"""Golden tree: branches wound into spirals on gold leaf, with enamel ornaments and a meadow of jewels."""

import numpy as np
from PIL import Image, ImageDraw

from examples.paint.pigment import Array, Ramp, mix, rgb
from examples.paint.sheet import Sheet, lit, step

GOLD = Ramp.of("6e4a1a", "a97a2c", "d3a647", "ecca74", "f8e6a8")
BRONZE = Ramp.of("2c1a12", "5a3418", "8f5a22", "c08a36")
JEWELS = rgb("1f4f8a", "2f8f83", "c23b3b", "e7792b", "f4e3b0", "6b2f6e", "3d6f3a", "f2b632", "16233f")
DARK = rgb("1d120d")[0]
LIMBS = (
    (-1.62, 0.0042, 330, 24),
    (-2.15, -0.0068, 300, 21),
    (-1.05, 0.0068, 300, 21),
    (-2.65, 0.0078, 285, 18),
    (-0.48, -0.0078, 285, 18),
    (-1.85, 0.0064, 300, 19),
    (-1.3, -0.0064, 300, 19),
    (-2.9, -0.0060, 250, 16),
    (-0.22, 0.0060, 250, 16),
    (3.25, -0.0082, 235, 14),
    (-0.11, 0.0082, 235, 14),
)
TRUNK_TOP = (384, 400)


class Gilding:
    """Ornaments in flat colour with raised edges, on gold."""

    def __init__(self, sheet: Sheet, ground: Array) -> None:
        """Start on a ground of gold leaf."""
        self.sheet = sheet
        self.colour = Image.fromarray((np.clip(ground, 0, 1) * 255).astype(np.uint8))
        self.height = Image.new("L", self.colour.size, 60)
        self._pen, self._relief = ImageDraw.Draw(self.colour), ImageDraw.Draw(self.height)

    def shape(self, outline: Array, colour: Array, rise: int) -> None:
        """A filled shape (N, 2), design units."""
        points = (np.asarray(outline) * self.sheet.unit).ravel().tolist()
        self._pen.polygon(points, tuple((np.clip(colour, 0, 1) * 255).astype(int)))
        self._relief.polygon(points, rise)

    def disc(self, at: Array, radius: float, colour: Array, rise: int, sides: int = 18) -> None:
        """A hand-cut disc."""
        turns = np.linspace(0, 2 * np.pi, sides, endpoint=False) + self.sheet.rng.uniform(0, 1)
        wobble = radius * (1 + self.sheet.rng.normal(0, 0.04, (sides, 1)))
        self.shape(at + wobble * np.stack([np.cos(turns), np.sin(turns)], axis=-1), colour, rise)


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    gilding = Gilding(sheet, _leaf(sheet))
    _small_spirals(sheet, gilding)
    _meadow(sheet, gilding)
    _trunk(sheet, gilding)
    for heading, wind, length, width in LIMBS:
        start = np.array([TRUNK_TOP[0] + 21.6 * np.cos(heading), TRUNK_TOP[1] + 10])
        _branch(sheet, gilding, (start, heading), wind, length, width)
    colours = np.asarray(gilding.colour, np.float32) / 255
    height = np.asarray(gilding.height, np.float32) / 255
    body = sheet.blur(height, 0.8) + 0.07 * sheet.noise(5, 3) + 0.04 * sheet.grain(0.7)
    aged = colours * (1 + 0.09 * sheet.noise(60, 4)[..., None] + 0.04 * sheet.grain(0.8)[..., None])
    return sheet.develop(lit(aged, sheet.relief(body, 1.7), 0.36, 0.7))


def _leaf(sheet: Sheet) -> Array:
    """Squares of gold leaf: overlaps show as brighter seams, worn places as warm bole."""
    x, y = sheet.grid
    u, v = x + 3 * sheet.noise(60, 2), y + 3 * sheet.noise(60, 2)
    tones = sheet.rng.normal(0, 0.07, (40, 40)).astype(np.float32)[
        (v // 64).astype(int) % 40, (u // 64).astype(int) % 40
    ]
    seam = np.exp(-(np.minimum(u % 64, v % 64) ** 2) / 4)
    glow = 0.26 * np.exp(-np.hypot(x - 384, y - 230) / 260)
    worn = step(0.75, sheet.noise(34, 4), 0.5) * 0.3
    gold = GOLD(0.46 + tones + 0.08 * seam + glow + 0.09 * sheet.noise(24, 3))
    return mix(gold, rgb("8a3f22")[0], worn)


def _path(start: tuple[Array, float], wind: float, length: float, steps: int = 150) -> tuple[Array, Array]:
    """A branch that winds ever tighter: points (N, 2) and the heading at each."""
    t = np.linspace(0, 1, steps)
    bend = wind * (0.35 + 1.15 * t + 10.5 * np.clip(t - 0.34, 0, 1) ** 1.3)
    heading = start[1] + np.cumsum(bend) * length * 2.1 / steps
    stride = length * 2.1 / steps
    track = start[0] + stride * np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=-1), axis=0)
    return track, heading


def _ribbon(track: Array, heading: Array, width: Array) -> Array:
    normal = np.stack([-np.sin(heading), np.cos(heading)], axis=-1) * width[:, None] / 2
    return np.concatenate([track + normal, (track - normal)[::-1]])


def _branch(
    sheet: Sheet, gilding: Gilding, start: tuple[Array, float], wind: float, length: float, width: float
) -> None:
    track, heading = _path(start, wind, length)
    t = np.linspace(0, 1, len(track))
    body = width * (1 - t) ** 0.75 * 0.9 + width * 0.14
    if length > 62:
        for at in (0.16, 0.30, 0.44):
            i = int(at * len(track))
            side = -np.sign(wind) if at != 0.30 else np.sign(wind)
            child = length * sheet.rng.uniform(0.42, 0.56)
            sharper = side * abs(wind) * length / child * sheet.rng.uniform(0.9, 1.15)
            _branch(sheet, gilding, (track[i], float(heading[i]) + side * -0.25), float(sharper), child, body[i] * 0.62)
    gilding.shape(_ribbon(track, heading, body + 3.2), DARK, 110)
    gilding.shape(_ribbon(track, heading, body), BRONZE(0.50 + 0.1 * sheet.rng.normal()), 190)
    gilding.shape(_ribbon(track - [0.8, 1.0], heading, body * 0.22), GOLD(0.80), 235)
    if length > 70 and width > 5:
        _jewels_along(sheet, gilding, track, heading, body)


def _jewels_along(sheet: Sheet, gilding: Gilding, track: Array, heading: Array, body: Array) -> None:
    for i in range(12, len(track) // 2, 11):
        jewel = JEWELS[sheet.rng.integers(len(JEWELS))]
        gilding.disc(track[i], float(body[i]) * 0.30, DARK, 150)
        gilding.disc(track[i], float(body[i]) * 0.22, jewel, 255)


def _trunk(sheet: Sheet, gilding: Gilding) -> None:
    """The trunk, inlaid with rectangles, triangles and eyes."""
    t = np.linspace(0, 1, 40)
    half = 17 + 46 * t**2.6
    wave = 384 + 7 * np.sin(t * 5)
    down = TRUNK_TOP[1] - 12 + t * (sheet.height - TRUNK_TOP[1] + 20)
    for grow, colour, rise in ((3.0, DARK, 110), (0.0, BRONZE(0.45), 190)):
        left, right = np.stack([wave - half - grow, down], -1), np.stack([wave + half + grow, down], -1)
        gilding.shape(np.concatenate([left, right[::-1]]), colour, rise)
    for _ in range(230):
        k = sheet.rng.uniform(0.02, 0.97)
        reach = np.interp(k, t, half) - 7
        at = np.array([np.interp(k, t, wave) + sheet.rng.uniform(-reach, reach), np.interp(k, t, down)])
        _ornament(sheet, gilding, at, sheet.rng.uniform(3.5, 7.5))


def _ornament(sheet: Sheet, gilding: Gilding, at: Array, size: float) -> None:
    rng = sheet.rng
    jewel, inner = JEWELS[rng.integers(len(JEWELS), size=2)]
    kind = rng.integers(4)
    if kind == 0:
        box = np.array([[-0.6, -1], [0.6, -1], [0.6, 1], [-0.6, 1]]) * size
        gilding.shape(at + box * 1.22, DARK, 120)
        gilding.shape(at + box, GOLD(0.85) if rng.random() < 0.5 else jewel, 235)
        gilding.shape(at + box * 0.5, inner, 200)
    elif kind == 1:
        sharp = np.array([[0, -1.2], [0.9, 0.8], [-0.9, 0.8]]) * size
        gilding.shape(at + sharp * 1.2, DARK, 120)
        gilding.shape(at + sharp, jewel, 240)
    else:
        gilding.disc(at, size * 0.98, DARK, 120)
        gilding.disc(at, size * 0.8, jewel, 240)
        gilding.disc(at, size * 0.42, GOLD(0.9) if kind == 2 else inner, 200)


def _meadow(sheet: Sheet, gilding: Gilding) -> None:
    """The ground: a carpet of ornaments, small at the horizon and large in front."""
    t = np.linspace(-10, sheet.width + 10, 60)
    edge = sheet.height - 92 + 12 * np.sin(t / 95) + 6 * np.sin(t / 37)
    floor = np.array([[sheet.width + 10, sheet.height + 10], [-10, sheet.height + 10]])
    gilding.shape(np.concatenate([np.stack([t, edge], -1), floor]), rgb("3c3a1c")[0], 90)
    rows = np.sort(sheet.rng.uniform(0, 1, 1150))
    for k in rows:
        px = sheet.rng.uniform(-5, sheet.width + 5)
        py = np.interp(px, t, edge) + 4 + k * 100
        _ornament(sheet, gilding, np.array([px, py]), 2.2 + 6.5 * k)


def _small_spirals(sheet: Sheet, gilding: Gilding) -> None:
    """Faint spirals incised all over the ground."""
    places = sheet.rng.uniform([0, 0], [sheet.width, sheet.height - 90], (330, 2))
    for at in places:
        wind = sheet.rng.choice([-1, 1]) * sheet.rng.uniform(0.018, 0.034)
        track, heading = _path((at, sheet.rng.uniform(0, 6.3)), float(wind), 62, 70)
        t = np.linspace(0, 1, len(track))
        tone = GOLD(np.clip(sheet.rng.choice([0.16, 0.24, 0.92]) + sheet.rng.normal(0, 0.05), 0.05, 0.98))
        gilding.shape(_ribbon(track, heading, 0.9 + 2.0 * (1 - t)), tone, 95)
