"""placeholder while measured"""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.layers import WAVELET_LEVELS


class Wavelet:
    name = "wavelet"
    style_gain = 200.0
    content_layers: Mapping[str, float] = {"band1": 1 / 3, "band2": 1 / 3, "band3": 1 / 3}
    style_layers: Mapping[str, float] = {"band0": 0.5, "band1": 0.2, "band2": 0.1, "band3": 0.1, "band4": 0.1}

    def __init__(self, device: torch.device | str = "cpu") -> None:
        r = torch.arange(7.0) - 3
        y, x = torch.meshgrid(r, r, indexing="ij")
        bank = []
        for k in range(8):
            t = math.pi * k / 8
            u, v = x * math.cos(t) + y * math.sin(t), -x * math.sin(t) + y * math.cos(t)
            e = torch.exp(-(u**2 / 2.88 + v**2 / 7.4))
            for wave in (torch.sin, torch.cos):
                f = e * wave(1.6 * u / 1.2)
                f = f - f.mean()
                bank.append(f / f.norm())
        self._bank = torch.stack(bank)[:, None].repeat(3, 1, 1, 1).to(device)
        self._opp = (
            torch.tensor([[0.577, 0.577, 0.577], [0.707, 0, -0.707], [0.408, -0.816, 0.408]])
            .view(3, 3, 1, 1)
            .to(device)
        )

    def features(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        x = F.conv2d((image - 0.45) * 4, self._opp)
        maps = {}
        for level in range(WAVELET_LEVELS):
            if min(x.shape[2:]) < 8:
                break
            y = F.conv2d(F.pad(x, (3, 3, 3, 3), mode="reflect"), self._bank, groups=3)
            maps[f"band{level}"] = torch.cat([F.relu(y), F.relu(-y), x * 0.3], 1)
            x = F.avg_pool2d(x, 2)
        return {n: m for n, m in maps.items() if n in layers}
