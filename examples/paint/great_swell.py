"""Great swell: breaking waves with claws of foam, printed flat from woodblocks under a graded sky."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from examples.paint.pigment import Array, Ramp, mix, rgb
from examples.paint.sheet import Sheet, step

PAPER, INDIGO, FOAM = rgb("f0e4c8", "15284a", "f6efdc")
SKY = Ramp.of("6b8490", "b3b6a6", "e6d6ae", "efd9b0", "e8b58e")
BLUES = Ramp.of("12305e", "1c4a82", "3a77a6", "7fb0c0", "c9dcd0")
SUN = (585, 120, 40)
# A wave that breaks to the right, from its back over the lip to the tip; 1 is the radius of its hollow, y points down.
BACK = (
    (-30, 2.2),
    (-9, 1.4),
    (-4.2, 1.12),
    (-2.9, 0.72),
    (-2.0, -0.1),
    (-1.35, -0.95),
    (-0.6, -1.45),
    (0.2, -1.45),
    (0.8, -1.02),
    (0.99, -0.42),
)
TIP, TROUGH = -0.40, 1.45


@dataclass(frozen=True)
class Wave:
    """The centre and radius of a wave's hollow, and the way it breaks: 1 right, -1 left."""

    x: float
    y: float
    radius: float
    way: int

    def place(self, points: Array) -> Array:
        """Points of the model wave, in design units of the sheet."""
        return np.asarray(points * [self.way * self.radius, self.radius] + [self.x, self.y], np.float32)


WAVES = (
    Wave(640, 318, 34, -1),
    Wave(505, 345, 44, -1),
    Wave(262, 232, 128, 1),
    Wave(655, 415, 66, -1),
    Wave(432, 470, 62, 1),
    Wave(92, 470, 74, 1),
    Wave(668, 525, 58, -1),
)


def paint(sheet: Sheet) -> Image.Image:
    """Paint the picture."""
    picture = _mountain(sheet, _sky(sheet))
    for wave in WAVES:
        picture = _foam(sheet, _water(sheet, picture, wave), wave)
    grain = sheet.noise(4.5, 3, stretch=26) * 0.6 + 0.4 * sheet.noise(60, 2, stretch=3)
    printed = picture * (1 + 0.05 * grain[..., None] + 0.022 * sheet.paper(1.2)[..., None])
    starved = step(1.4, grain + 0.5 * sheet.grain(0.8), 0.7) * 0.4
    return sheet.develop(mix(printed, PAPER, starved))


def _sky(sheet: Sheet) -> Array:
    x, y = sheet.grid
    colours = SKY(y / 330 + 0.035 * sheet.noise(120, 2, stretch=5))
    sun = step(-SUN[2], -np.hypot(x - SUN[0], y - SUN[1]), 1.2)
    colours = mix(colours, rgb("cf4a32")[0] * (1 - 0.15 * (y - SUN[1])[..., None] / SUN[2]), sun)
    for level, height, shift in ((95, 13, 0), (140, 9, 190), (55, 8, 410)):
        bank = np.abs(y - level - 5 * np.sin((x + shift) / 46)) - height * np.sin((x + shift) / 118)
        colours = mix(colours, rgb("f4e8cf")[0], step(0, -bank, 1.5) * 0.9)
        colours = mix(colours, INDIGO, np.exp(-((bank / 0.9) ** 2)) * 0.35)
    return colours


def _mountain(sheet: Sheet, picture: Array) -> Array:
    x, y = sheet.grid
    away = np.abs(x - 452)
    edge = 205 + 150 * (1 - np.exp(-away / 115)) + 2.5 * sheet.noise(14, 2)
    tone = BLUES(0.30 + 0.5 * np.clip((y - 205) / 120, 0, 1))
    snow = step(y, 238 + 15 * np.abs(((away + 6 * sheet.noise(30)) / 13) % 2 - 1), 1.2)
    picture = mix(picture, mix(tone, FOAM, snow), step(edge, y, 1.4))
    return mix(picture, INDIGO, np.exp(-(((y - edge) / 1.1) ** 2)) * 0.8)


def _rounded(points: Array, rounds: int = 5) -> Array:
    """Chaikin's corner cutting: a smooth curve through the middle of a coarse one."""
    for _ in range(rounds):
        near, far = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        inner = np.stack([near, far], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], inner, points[-1:]])
    return points


def _profile(wave: Wave) -> Array:
    """The wave's outline: up its back, over the lip, down the hollow and out along the trough."""
    turns = np.linspace(TIP, TROUGH - 2 * np.pi, 60)
    hollow = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    run = np.linspace(0.4, 16, 90)
    trough = np.stack([run, 1.02 + 0.10 * np.sin(run * 1.5) + 0.03 * run], axis=-1)
    back = _rounded(np.array(BACK))
    return wave.place(np.concatenate([back, hollow, trough]))


def _water(sheet: Sheet, picture: Array, wave: Wave) -> Array:
    """Bands that run with the curl, thick and thin in turn, darker towards the trough."""
    x, y = sheet.grid
    outline = _profile(wave)
    floor = np.array([[outline[-1, 0], 2000], [outline[0, 0], 2000]], np.float32)
    body, edge = (Image.new("L", (sheet.shape[1], sheet.shape[0]), 0) for _ in range(2))
    ImageDraw.Draw(body).polygon((np.concatenate([outline, floor]) * sheet.unit).ravel().tolist(), 255)
    ImageDraw.Draw(edge).line((outline * sheet.unit).ravel().tolist(), 255, max(1, round(2.1 * sheet.unit)))
    u, v = wave.way * (x - wave.x) / wave.radius, (y - wave.y) / wave.radius
    lines = wave.radius / 13
    bands = np.hypot(u + 0.10 * np.sin(v * 2), v) * lines + 0.10 * sheet.noise(26, 2)
    rising = np.abs((bands % 1.0) * 2 - 1)
    width = 0.46 + 0.26 * np.sin(np.floor(bands) * 2.1)
    deep = BLUES(0.20 + 0.26 * np.clip(-v, -0.4, 1.4) + 0.12 * np.sin(np.floor(bands) * 1.3))
    colours = mix(deep, BLUES(np.float32(0.93)), step(width, rising, 0.05))
    colours = mix(colours, INDIGO, np.exp(-(((rising - width) / 0.09) ** 2)) * 0.6)
    picture = mix(picture, colours, np.asarray(body, np.float32) / 255)
    return mix(picture, INDIGO, np.asarray(edge, np.float32) / 255 * 0.95)


def _foam(sheet: Sheet, picture: Array, wave: Wave) -> Array:
    """Beads of foam, each shaded below and outlined, melted together where they touch."""
    x, y = sheet.grid
    nearest = np.full(sheet.shape, 99, np.float32)
    lifted = np.full(sheet.shape, 99, np.float32)
    for bx, by, size in _beads(sheet, wave):
        rows, columns = (
            slice(max(0, int((at - size - 6) * sheet.unit)), max(0, int((at + size + 6) * sheet.unit)) + 1)
            for at in (by, bx)
        )
        distance = np.hypot(x[rows, columns] - bx, y[rows, columns] - by) - size
        nearest[rows, columns] = np.minimum(nearest[rows, columns], distance)
        bright = np.hypot(x[rows, columns] - bx + 0.25 * size, y[rows, columns] - by + 0.3 * size) - 0.8 * size
        lifted[rows, columns] = np.minimum(lifted[rows, columns], bright)
    bead = mix(np.broadcast_to(BLUES(np.float32(0.9)), picture.shape), FOAM, step(0, -lifted, 1.2))
    picture = mix(picture, bead, step(0, -nearest, 1.0))
    return mix(picture, INDIGO, np.exp(-((nearest / 0.7) ** 2)) * 0.85)


def _crust(sheet: Sheet) -> list[tuple[float, float, float]]:
    """Foam torn off the top of the lip: clumps that thin out down the back."""
    rng, beads = sheet.rng, []
    crest = _rounded(np.array(BACK[-6:]))
    for k, (px, py) in enumerate(crest[60:]):
        along = k / (len(crest) - 60)
        for _ in range(rng.poisson(0.75 * along)):
            off = rng.normal(0, 0.045, 2)
            beads.append((px + off[0], py + off[1], rng.uniform(0.015, 0.03 + 0.055 * along)))
    return beads


def _beads(sheet: Sheet, wave: Wave) -> Array:
    """Foam (N, 3) as x, y, size: claws that bud from the lip into the hollow, a crust on the crest, spray beyond."""
    rng, beads = sheet.rng, []
    for turn in np.linspace(-2.5, TIP, max(8, int(wave.radius * 0.20))):
        crest = (turn + 2.5) / (2.5 + TIP)
        size, heading = (0.04 + 0.085 * crest) * rng.uniform(0.85, 1.2), turn + 2.1
        px, py = np.cos(turn), np.sin(turn)
        for k in range(int(2 + 6 * crest)):
            beads.append((px, py, size))
            heading += 0.30 + rng.normal(0, 0.2)
            px, py, size = px + 1.2 * size * np.cos(heading), py + 1.2 * size * np.sin(heading), size * 0.83
            if k % 2:
                beads.append(
                    (px + 1.3 * size * np.cos(heading + 1.5), py + 1.3 * size * np.sin(heading + 1.5), size * 0.7)
                )
    beads += _crust(sheet)
    for turn, reach in zip(rng.uniform(-2.0, 0.1, 70), 1.3 + rng.exponential(0.22, 70), strict=True):
        beads.append((0.9 * reach * np.cos(turn), reach * np.sin(turn) - 0.1, rng.uniform(0.6, 1.7) / wave.radius))
    placed = np.array(beads, np.float32)
    return np.concatenate([wave.place(placed[:, :2]), placed[:, 2:] * wave.radius], axis=1)
