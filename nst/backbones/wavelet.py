"""The backbone that needs no weights: fixed oriented filters on an image pyramid, and a second layer on their energies.

What comes from where:

- statistics of oriented band-pass responses, and of their magnitudes, at several scales make a texture: Portilla and
  Simoncelli, "A parametric texture model based on joint statistics of complex wavelet coefficients" (IJCV 2000);
- rectifying each response both ways lets second moments see phase and sign: Brochard, Zhang and Mallat, "Generalized
  rectifier wavelet covariance models for texture synthesis" (ICLR 2022);
- one layer of filters of several sizes rivals VGG for textures: Ustyuzhaninov, Brendel, Gatys and Bethge, "Texture
  synthesis using shallow convolutional networks with random filters" (2016);
- filters on local energy, as a second stage of vision: Chubb and Sperling, "Drift-balanced random stimuli" (1988), and
  Bruna and Mallat, "Invariant scattering convolution networks" (2013).

Ours, by measurement: pixel differences beside the Gabor filters at the finest level; the ``density`` layer, which keeps
the optimiser from putting all strokes where the photo is busy and none into its sky; content as plain, unrectified
responses; and all the numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from nst.backbones.filters import binomial, differences, each_alone, embedded, gabors, opponents, over_opponents
from nst.layers import LAYERS
from nst.options import check_layers

_WIDTH = 7  # of the first layer's filters, px
_ORIENTATIONS, _CHROMA_ORIENTATIONS = 6, 3
_TEXTURE_WIDTH, _TEXTURE_ORIENTATIONS = 5, 4
_WINDOW = 16  # px over which density is averaged
_SMALLEST = 12  # px on the short side of a map with filters on it

_GREY, _CONTRAST = 0.45, 4.0  # bring pixels to about zero mean and unit spread
_COLOR_GAIN = 0.5  # of the colours beside the strokes: their share of the layer's moments
_NOISE = 1e-3  # energy of about two grey levels: less is as good as flat


class Wavelet:
    """Layers of level n, which sees the picture at 1 / 2**n of its size (C is 24 at levels above 0, else 36):

    - ``edge{n}``, (1, C, H, W): responses of the oriented filters on luminance and two chromas. Content.
    - ``stroke{n}``, (1, 2C + 3, H, W): the same, rectified both ways, beside the colours themselves.
    - ``density{n}``, (1, 7, H / 8 - 1, W / 8 - 1): log energy of each orientation in a window, beside a constant.
    - ``texture{n}``, (1, 102, H / 2, W / 2): a second layer of filters on the energies, rectified, beside the energies.

    Args:
        device: where the filters live.
    """

    name = "wavelet"
    style_gain = 90.0
    gradient_slope = 0.0  # its bands are balanced already: 0.25 was worse, -0.25 no better
    content_layers: Mapping[str, float] = {"edge0": 0.42, "edge1": 0.42, "edge2": 0.11, "edge3": 0.05}

    def __init__(self, device: torch.device | str = "cpu") -> None:
        bank = over_opponents(gabors(_ORIENTATIONS, _WIDTH), gabors(_CHROMA_ORIENTATIONS, _WIDTH))
        fine = over_opponents(differences(second=True), differences(second=False))
        self.style_layers: Mapping[str, float] = _shares(_WEIGHTS)
        self._opponents = opponents().to(device)
        self._binomial = binomial().to(device)
        self._bank = _channels_last(bank.to(device))
        self._finest_bank = _channels_last(torch.cat([bank, embedded(fine, _WIDTH)]).to(device))
        second = each_alone(gabors(_TEXTURE_ORIENTATIONS, _TEXTURE_WIDTH), _ORIENTATIONS)
        self._texture_bank = _channels_last(second.to(device))

    def features(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Maps of a picture; see ``Backbone.features``. Levels that the picture is too small for are left out."""
        check_layers("layers", tuple(layers), self.name)
        levels = max((int(name[-1]) for name in layers), default=-1) + 1
        x = F.conv2d((image - _GREY) * _CONTRAST, self._opponents)
        maps: dict[str, Tensor] = {}
        for level in range(levels):
            if min(x.shape[2:]) < _SMALLEST:
                break
            maps |= self._level(level, x, [name for name in layers if name.endswith(str(level))])
            x = F.conv2d(_padded(x, 2), self._binomial, groups=3, stride=2)
        return {name: maps[name] for name in layers if name in maps}

    def _level(self, level: int, x: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        if not names:
            return {}
        edge = _filtered(x, self._finest_bank if level == 0 else self._bank)
        maps = {f"edge{level}": edge}
        if f"stroke{level}" in names:
            maps[f"stroke{level}"] = cast(Tensor, _Rectified.apply(edge, _COLOR_GAIN * x))
        if f"density{level}" in names or f"texture{level}" in names:
            energy = _energy(edge[:, : 2 * _ORIENTATIONS])
            if min(x.shape[2:]) >= 2 * _WINDOW:
                maps[f"density{level}"] = _density(energy)
            if min(x.shape[2:]) >= 2 * _SMALLEST:
                maps[f"texture{level}"] = self._texture(energy)
        return maps

    def _texture(self, energy: Tensor) -> Tensor:
        magnitude = F.avg_pool2d((energy + _NOISE).sqrt(), 2)
        return cast(Tensor, _Rectified.apply(_filtered(magnitude, self._texture_bank), magnitude))


#: Of the style layers. The finest strokes count double; textures half, for their content is large.
_WEIGHTS = {
    **{name: 1.0 for name in LAYERS["wavelet"] if name.startswith("stroke")},
    "stroke0": 2.0,
    **{f"density{level}": 1.0 for level in range(4)},
    **{f"texture{level}": 0.5 for level in range(4)},
}


def _shares(weights: Mapping[str, float]) -> Mapping[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


class _Rectified(torch.autograd.Function):
    """Positive halves, negative halves and what stands beside them as one map, without the copies of ``cat``."""

    @staticmethod
    def forward(ctx: Any, responses: Tensor, beside: Tensor) -> Tensor:
        count = responses.shape[1]
        shape = (1, 2 * count + beside.shape[1], *responses.shape[2:])
        out = torch.empty(shape, dtype=responses.dtype, device=responses.device, memory_format=torch.channels_last)
        torch.clamp(responses, min=0, out=out[:, :count])
        torch.clamp(responses, max=0, out=out[:, count : 2 * count])
        out[:, 2 * count :] = beside
        ctx.save_for_backward(responses)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        (responses,) = ctx.saved_tensors
        count = responses.shape[1]
        positive, negative = gradient[:, :count], gradient[:, count : 2 * count]
        return torch.where(responses > 0, positive, negative), gradient[:, 2 * count :]


def _energy(pairs: Tensor) -> Tensor:
    """Squared magnitude of odd and even responses together: blind to phase, (1, 2N, H, W) to (1, N, H, W)."""
    squares = pairs.square()
    return squares[:, 0::2] + squares[:, 1::2]


def _density(energy: Tensor) -> Tensor:
    """How much is going on around each place, as a logarithm: what is flat is far from what is lively.

    The moments of a map care little for a blank sky as long as other places make up for it; those of this one do not.
    """
    level = 1 + 0.5 * (F.avg_pool2d(energy, _WINDOW, stride=_WINDOW // 2) + _NOISE).log()
    return torch.cat([torch.ones_like(level[:, :1]), level], dim=1)


def _filtered(x: Tensor, bank: Tensor) -> Tensor:
    return F.conv2d(_channels_last(_padded(x, bank.shape[-1] // 2)), bank)


def _padded(x: Tensor, width: int) -> Tensor:
    # The picture mirrored at its border: zeros would be an edge, and the optimiser would paint a frame along it.
    return F.pad(x, (width,) * 4, mode="reflect")


def _channels_last(tensor: Tensor) -> Tensor:
    # Three times faster than contiguous for these few-channel convolutions, forward and backward (oneDNN, AVX-512).
    return tensor.contiguous(memory_format=torch.channels_last)
