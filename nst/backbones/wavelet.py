"""The backbone that needs no weights: fixed oriented filters on an image pyramid.

What comes from where:

- matching the statistics of oriented band-pass responses, at several scales and between them, to make a texture: Portilla
  and Simoncelli, "A parametric texture model based on joint statistics of complex wavelet coefficients" (IJCV 2000);
- rectifying each response both ways and taking second moments, which makes a Gram matrix see phase and sign: Brochard,
  Zhang and Mallat, "Generalized rectifier wavelet covariance models for texture synthesis" (ICLR 2022);
- a single layer of filters of several sizes as a rival of VGG for textures: Ustyuzhaninov, Brendel, Gatys and Bethge,
  "Texture synthesis using shallow convolutional networks with random filters" (2016);
- moments between a map and its shifted self, for structure longer than a filter: Berger and Memisevic, "Incorporating
  long-range consistency in CNN-based texture generation" (ICLR 2017);
- Gabor filters as the simple cells of vision: Daugman (JOSA A 1985); opponent colours: Ruderman, Cronin and Chiao (1998).

Everything else (which moments, what counts as content, all the numbers) is ours, by measurement.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.layers import WAVELET_LEVELS
from nst.options import check_layers

_WIDTH = 7  # of a filter, px
_SMALLEST = 12  # px on the short side of a level: two filters side by side


class _Rectified(torch.autograd.Function):
    """Positive halves, negative halves and colours side by side, without the copies that ``cat`` would make."""

    @staticmethod
    def forward(ctx: Any, responses: Tensor, colors: Tensor) -> Tensor:
        count = responses.shape[1]
        out = responses.new_empty((1, 2 * count + 3, *responses.shape[2:])).contiguous(
            memory_format=torch.channels_last
        )
        torch.clamp(responses, min=0, out=out[:, :count])
        torch.clamp(responses, max=0, out=out[:, count : 2 * count])
        out[:, 2 * count :] = colors
        ctx.save_for_backward(responses)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        (responses,) = ctx.saved_tensors
        count = responses.shape[1]
        positive, negative, colors = gradient.split((count, count, 3), dim=1)
        return torch.where(responses > 0, positive, negative), colors


class Wavelet:
    name = "wavelet"
    style_gain = 20.0
    color_gain = 1.0
    content_layers: Mapping[str, float] = {f"edge{n}": 0.25 for n in range(4)}
    style_layers: Mapping[str, float] = {"stroke0": 4 / 9, **{f"stroke{n}": 1 / 9 for n in range(1, 6)}}

    def __init__(self, device: torch.device | str = "cpu", chroma: int = 4) -> None:
        self._opponents = _opponents().to(device)
        bank = _bank(8, chroma).to(device)
        self._bank = bank.contiguous(memory_format=torch.channels_last)
        self._blur = _blur().to(device)
        g = _gabors(4)
        tex = torch.zeros(64, 8, 7, 7)
        for i in range(8):
            tex[8 * i : 8 * i + 8, i] = g[:, ]
        self._tex = tex.to(device).contiguous(memory_format=torch.channels_last)
        self._fine = torch.cat([bank, _grain(bank.device)]).contiguous(memory_format=torch.channels_last)

    def features(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        check_layers("layers", tuple(layers), self.name)
        deepest = max(int(name[-1]) for name in layers)
        x = F.conv2d((image - 0.45) * 4, self._opponents)
        maps: dict[str, Tensor] = {}
        for level in range(deepest + 1):
            if min(x.shape[2:]) < _SMALLEST:
                break
            if f"color{level}" in layers:
                maps[f"color{level}"] = self._colors(x)
            if f"edge{level}" in layers or f"stroke{level}" in layers:
                bank = self._fine if level == 0 else self._bank
                y = F.conv2d(_padded(x, _WIDTH // 2).contiguous(memory_format=torch.channels_last), bank)
                stroke = _Rectified.apply(y, x * self.color_gain)
                maps[f"stroke{level}"] = stroke
                if f"far{level}" in layers or f"tex{level}" in layers:
                    e = (y[:, 0:16:2].square() + y[:, 1:16:2].square() + 1e-3).sqrt()
                    if f"far{level}" in layers:
                        a = torch.cat([e, x * self.color_gain], 1)
                        d = self.reach
                        h, w = a.shape[2] - 2 * d, a.shape[3] - 2 * d
                        if min(h, w) > 8:
                            maps[f"far{level}"] = torch.cat([a[:, :, d + i : d + i + h, d + j : d + j + w] for i, j in ((0, 0), (0, d), (d, 0), (d, d), (d, -d))], 1)
                    if f"tex{level}" in layers:
                        q = F.conv2d(_padded(e, 2), self._blur[:1].expand(8, 1, 5, 5), groups=8, stride=2)
                        if min(q.shape[2:]) > 8:
                            z = F.conv2d(_padded(q, 3).contiguous(memory_format=torch.channels_last), self._tex)
                            maps[f"tex{level}"] = torch.cat([F.relu(z), -F.relu(-z), q], 1)
                maps[f"edge{level}"] = stroke[:, : 2 * len(bank)]
            x = F.conv2d(_padded(x, 2), self._blur, groups=3, stride=2)
        return {name: maps[name] for name in layers if name in maps}


    reach = 4
    thresholds = (-1.0, -0.5, 0.0, 0.5, 1.0)

    def _colors(self, x: Tensor) -> Tensor:
        parts = [torch.ones_like(x[:, :1]), x]
        for t in self.thresholds:
            parts.append(F.relu(x - t))
        return torch.cat(parts, 1)


def _padded(x: Tensor, width: int) -> Tensor:
    return F.pad(x, (width,) * 4, mode="reflect")


def _opponents() -> Tensor:
    return torch.tensor([[0.577, 0.577, 0.577], [0.707, 0, -0.707], [0.408, -0.816, 0.408]]).view(3, 3, 1, 1)


def _blur() -> Tensor:
    row = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    return (row[:, None] * row[None]).expand(3, 1, 5, 5).contiguous()


def _bank(luminance: int, chroma: int) -> Tensor:
    light, color = _gabors(luminance), _gabors(chroma)
    bank = torch.zeros(len(light) + 2 * len(color), 3, _WIDTH, _WIDTH)
    bank[: len(light), 0] = light
    bank[len(light) : len(light) + len(color), 1] = color
    bank[len(light) + len(color) :, 2] = color
    return bank


def _grain(device):
    k = torch.zeros(12, 3, 7, 7)
    d1 = [((3, 3), (3, 4)), ((3, 3), (4, 3)), ((3, 3), (4, 4)), ((3, 4), (4, 3))]
    for i, (a, b) in enumerate(d1):
        k[i, 0][a] = 1; k[i, 0][b] = -1
    for i, (dy, dx) in enumerate(((0, 1), (1, 0), (1, 1), (1, -1))):
        k[4 + i, 0, 3, 3] = 2; k[4 + i, 0, 3 + dy, 3 + dx] = -1; k[4 + i, 0, 3 - dy, 3 - dx] = -1
    for c in (1, 2):
        k[6 + 2 * c, c, 3, 3] = 1; k[6 + 2 * c, c, 3, 4] = -1
        k[7 + 2 * c, c, 3, 3] = 1; k[7 + 2 * c, c, 4, 3] = -1
    return (k / k.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).to(device)


def _gabors(orientations: int) -> Tensor:
    reach = torch.arange(_WIDTH) - _WIDTH // 2
    y, x = torch.meshgrid(reach.float(), reach.float(), indexing="ij")
    filters = []
    for k in range(orientations):
        angle = math.pi * k / orientations
        across, along = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        envelope = torch.exp(-(across**2) / (2 * 1.2**2) - along**2 / (2 * 1.92**2))
        for wave in (torch.sin, torch.cos):
            gabor = envelope * wave(1.6 * across / 1.2)
            gabor = gabor - gabor.mean()
            filters.append(gabor / gabor.norm())
    return torch.stack(filters)
