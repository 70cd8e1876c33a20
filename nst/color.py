"""Whose colours: keep the photo's, or bring its palette to the painting first.

Both ways are from Gatys, Bethge, Hertzmann and Shechtman, "Preserving color in neural artistic style transfer" (2016,
arXiv:1606.05897): luminance only, and a linear transfer of colour statistics. Pictures here are tensors of shape
(1, 3, H, W), gamma-encoded sRGB in [0, 1], floats from end to end: 8-bit steps in between would show as bands.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst.images import Picture

_LUMA = (0.299, 0.587, 0.114)  # Rec. 601, the Y of YIQ, as in the paper

# The least variance of a colour direction that is still stretched: two thirds of an 8-bit step. What lies below is
# quantisation noise, and would be blown up to the photo's full contrast.
_LEAST_VARIANCE = 1e-5


def to_tensor(picture: Picture, device: torch.device | str = "cpu") -> Tensor:
    """The picture's colours as a tensor (1, 3, H, W) in [0, 1], in memory of its own; alpha stays behind."""
    channels_first = np.array(np.moveaxis(picture.rgb, 2, 0), np.float32, order="C", copy=True)
    return torch.from_numpy(channels_first)[None].to(device)


def to_picture(image: Tensor, alpha: NDArray[np.float32] | None = None) -> Picture:
    """A tensor (1, 3, H, W), clipped to [0, 1], as a picture with this alpha (H, W)."""
    channels_last = image.detach()[0].clamp(0, 1).permute(1, 2, 0)
    return Picture(np.array(channels_last.cpu().float().numpy(), order="C", copy=True), alpha)


def keep_luminance(result: Tensor, content: Tensor) -> Tensor:
    """The result's luminance with the photo's colours.

    A pixel's chroma is its distance from the grey of the same luma, so that swapping Y in YIQ is the result's luma plus
    the photo's chroma. Departure from the paper: where that leaves the gamut, the pixel is desaturated just as far as
    needed instead of being clipped channel by channel; luma and hue survive, and only saturation gives.

    Args:
        result: (1, 3, H, W); values outside of [0, 1] are allowed.
        content: (1, 3, H, W), the photo at the same size.

    Returns:
        (1, 3, H, W) in [0, 1].
    """
    grey = luma(result).clamp(0, 1)
    chroma = content - luma(content)
    return (grey + _saturation_that_fits(grey, chroma) * chroma).clamp(0, 1)


def luma(image: Tensor) -> Tensor:
    """Rec. 601 luma, (1, 1, H, W)."""
    weights = torch.tensor(_LUMA, dtype=image.dtype, device=image.device)
    return (image * weights.view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def match_palette(style: Tensor, content: Tensor) -> Tensor:
    """The painting in the photo's palette: its pixels moved by ``palette_transform`` and clipped to [0, 1].

    Args:
        style: (1, 3, H, W).
        content: (1, 3, H', W').
    """
    matrix, offset = palette_transform(style, content)
    recolored = matrix @ style.flatten(2)[0] + offset
    return recolored.reshape(style.shape).clamp(0, 1)


def palette_transform(style: Tensor, content: Tensor) -> tuple[Tensor, Tensor]:
    """The linear map ``matrix @ pixel + offset`` that gives the painting's pixels the photo's mean and covariance.

    It is the paper's "Image Analogies" colour transfer: the photo's covariance to the power 1/2 times the painting's to
    the power -1/2, both symmetric. Departure: the painting's variances are bounded from below, so that a grey or
    one-colour painting gives numbers and no amplified noise; there the covariance stays below the photo's.

    Returns:
        A matrix (3, 3) and an offset (3, 1), of the painting's type and on its device.
    """
    style_mean, style_covariance = _statistics(style)
    content_mean, content_covariance = _statistics(content)
    matrix = _power(content_covariance, 0.5, 0.0) @ _power(style_covariance, -0.5, _LEAST_VARIANCE)
    offset = content_mean - matrix @ style_mean
    return matrix.to(style), offset.to(style)


def _saturation_that_fits(grey: Tensor, chroma: Tensor) -> Tensor:
    """The largest factor up to 1, (1, 1, H, W), by which chroma may be added to a grey without leaving [0, 1]."""
    room = torch.where(chroma > 0, 1 - grey, grey)
    tiny = torch.finfo(chroma.dtype).tiny
    return (room / chroma.abs().clamp_min(tiny)).amin(dim=1, keepdim=True).clamp(max=1)


def _statistics(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3, 1) and covariance (3, 3) over the pixels, in double precision on the CPU."""
    pixels = image.detach().flatten(2)[0].cpu().double()
    mean = pixels.mean(dim=1, keepdim=True)
    centred = pixels - mean
    return mean, centred @ centred.T / pixels.shape[1]


def _power(covariance: Tensor, exponent: float, least: float) -> Tensor:
    """A symmetric matrix to a power, its eigenvalues bounded from below."""
    variances, directions = torch.linalg.eigh(covariance)
    power: Tensor = directions @ torch.diag(variances.clamp_min(least) ** exponent) @ directions.T
    return power
