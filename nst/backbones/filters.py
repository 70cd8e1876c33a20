"""The fixed filters of the wavelet backbone: nothing here is learnt.

Filters are (N, 1, k, k) or, for the bank, (N, 3, k, k) over opponent colours; each has zero mean (unless it blurs) and
norm 1, so that responses of different filters compare.
"""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

#: Luminance, red against blue, green against magenta: the principal components of natural colours, nearly (Ruderman,
#: Cronin and Chiao, "Statistics of cone responses to natural images", JOSA A 1998).
_OPPONENTS = ((0.577, 0.577, 0.577), (0.707, 0.0, -0.707), (0.408, -0.816, 0.408))

_WAVE = 1.6  # radians per envelope width: about one octave wide
_ENVELOPE = 1.2 / 7  # standard deviation across the wave, as a share of the width
_ELONGATION = 1.6  # along the wave


def opponents() -> Tensor:
    """The change to opponent colours as a 1 x 1 convolution, (3, 3, 1, 1)."""
    return torch.tensor(_OPPONENTS).view(3, 3, 1, 1)


def binomial() -> Tensor:
    """The 5 x 5 blur of Burt and Adelson's pyramid (1983), one for each colour, (3, 1, 5, 5)."""
    row = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    return (row[:, None] * row).expand(3, 1, 5, 5).contiguous()


def gabors(orientations: int, width: int) -> Tensor:
    """Odd and even Gabor filters (Daugman, JOSA A 1985), (2 * orientations, 1, width, width), in pairs."""
    return torch.stack([
        gabor
        for k in range(orientations)
        for gabor in _pair(math.pi * k / orientations, width)
    ])[:, None]  # fmt: skip


def _pair(angle: float, width: int) -> Iterable[Tensor]:
    reach = torch.arange(width) - width // 2
    y, x = torch.meshgrid(reach.float(), reach.float(), indexing="ij")
    across, along = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    spread = _ENVELOPE * width
    envelope = torch.exp(-(across**2) / (2 * spread**2) - along**2 / (2 * (_ELONGATION * spread) ** 2))
    for wave in (torch.sin, torch.cos):
        gabor = envelope * wave(_WAVE * across / spread)
        yield _unit(gabor - gabor.mean())


def differences(second: bool) -> Tensor:
    """First, and if asked second, differences of neighbouring pixels, (2 or 8, 1, 3, 3).

    The Gabor filters end an octave below the finest detail that a picture can hold; without these the optimiser is
    blind to it, and the result comes out soft where the painting is crisp.
    """
    right, below, across, counter = (1, 2), (2, 1), (2, 2), (2, 0)
    if not second:
        return torch.stack([_difference(right), _difference(below)])[:, None]
    firsts = [_difference(end) for end in (right, below, across, counter)]
    seconds = [_difference(end, (2 - end[0], 2 - end[1])) for end in (right, below, across, counter)]
    return torch.stack(firsts + seconds)[:, None]


def _difference(*ends: tuple[int, int]) -> Tensor:
    kernel = torch.zeros(3, 3)
    kernel[1, 1] = len(ends)
    for end in ends:
        kernel[end] = -1
    return _unit(kernel)


def _unit(kernel: Tensor) -> Tensor:
    unit: Tensor = kernel / torch.linalg.vector_norm(kernel)
    return unit


def over_opponents(luminance: Tensor, chroma: Tensor) -> Tensor:
    """Filters (N, 1, k, k) for luminance and (M, 1, k, k) for either chroma as one bank, (N + 2M, 3, k, k)."""
    count, size = len(luminance), luminance.shape[-1]
    bank = torch.zeros(count + 2 * len(chroma), 3, size, size)
    bank[:count, :1] = luminance
    bank[count : count + len(chroma), 1:2] = chroma
    bank[count + len(chroma) :, 2:] = chroma
    return bank


def each_alone(filters: Tensor, channels: int) -> Tensor:
    """All filters (N, 1, k, k) on each channel by itself, (channels * N, channels, k, k).

    As a dense bank, mostly zeros: convolution libraries run it several times faster than the grouped one it stands for.
    """
    bank = torch.zeros(channels * len(filters), channels, *filters.shape[2:])
    for channel in range(channels):
        bank[channel * len(filters) : (channel + 1) * len(filters), channel] = filters[:, 0]
    return bank


def embedded(filters: Tensor, width: int) -> Tensor:
    """The same filters in the middle of a larger window, so that they share one convolution with larger ones."""
    margin = (width - filters.shape[-1]) // 2
    return F.pad(filters, (margin,) * 4)
