"""The terms of the objective: functions of features, strangers to the network that made them.

Notation of Gatys, Ecker and Bethge (CVPR 2016): F, P are feature maps of the picture and of the photo, G, A Gram
matrices of the picture and of the painting, l runs over layers. The published programs disagree about every factor in
front of these sums, so each ``Formula`` is one program's choice, written out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor

PIXEL_RANGE = 255.0
_FAINT = 0.05  # mean square of a feature map; the photos measured have more


class _SecondMoments(torch.autograd.Function):
    """F F^T, with the symmetry of its gradient used: one matrix product backwards instead of two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        flat = features.flatten(2)[0]
        moments: Tensor = flat @ flat.mT
        return moments

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        result = torch.empty_like(features)  # not a view, so that autograd adds the other gradients to it in place
        torch.mm(gradient + gradient.mT, features.flatten(2)[0], out=result.flatten(2)[0])
        return result


def second_moments(features: Tensor) -> Tensor:
    """The raw Gram matrix, summed over space (Gatys et al. 2016, equation 3).

    Args:
        features: (1, C, H, W).

    Returns:
        (C, C).
    """
    moments = _SecondMoments.apply(features.float())  # half precision would overflow
    return cast(Tensor, moments)


def gram_matrix(features: Tensor) -> Tensor:
    """Second moments per pixel, so that pictures of different sizes compare: (1, C, H, W) to (C, C)."""
    return second_moments(features) / features[0, 0].numel()


def _gram_per_entry(features: Tensor) -> Tensor:
    return second_moments(features) / features.numel()


def relative_error(found: Tensor, target: Tensor) -> Tensor:
    """Squared distance in units of the target's own squared norm: 0 when equal, about 1 when unrelated."""
    return (found - target).square().sum() / target.square().sum().clamp_min(1e-12)


def relative_distance(found: Tensor, target: Tensor) -> Tensor:
    """``relative_error`` of feature maps; a target without features counts as one with faint ones.

    Else nothing could be painted on a blank photo: every stroke would be infinitely far from it.
    """
    return (found - target).square().mean() / target.square().mean().clamp_min(_FAINT)


def mean_squared_error(found: Tensor, target: Tensor) -> Tensor:
    """Mean over all entries of the squared difference."""
    return (found - target).square().mean()


def squared_error(found: Tensor, target: Tensor) -> Tensor:
    """Sum over all entries of the squared difference."""
    return (found - target).square().sum()


def total_variation(image: Tensor) -> Tensor:
    """Sum of absolute differences of neighbours on the 0..255 scale (anisotropic; Rudin, Osher and Fatemi 1992)."""
    across, down = _differences(image)
    return PIXEL_RANGE * (across.abs().sum() + down.abs().sum())


def mean_squared_variation(image: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels, both directions added: the same for a pattern at every size."""
    across, down = _differences(image)
    return across.square().mean() + down.square().mean()


def out_of_range(image: Tensor) -> Tensor:
    """Mean squared distance of the pixels from [0, 1].

    Not in the papers: clamping inside of the objective makes L-BFGS diverge (a well-known trap), while without any
    bound the colours drift out of what a file can hold and the final clamp undoes a part of the style.
    """
    return (image - image.clamp(0, 1)).square().mean()


def _differences(image: Tensor) -> tuple[Tensor, Tensor]:
    return image[..., :, 1:] - image[..., :, :-1], image[..., 1:, :] - image[..., :-1, :]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts."""

    content: float
    style: float
    tv: float


@dataclass(frozen=True, slots=True)
class Formula:
    """One published way to write the objective, with the weights and layers published with it."""

    name: str
    gram: Callable[[Tensor], Tensor]
    content: Callable[[Tensor, Tensor], Tensor]
    style: Callable[[Tensor, Tensor], Tensor]
    tv: Callable[[Tensor], Tensor]
    weights: Weights
    averages_style: bool  # whether style is the mean over layers (else the sum)
    input_scale: str = "imagenet"  # what is fed to a trained network
    bounded: bool = False  # whether pixels are pulled back into [0, 1]
    content_layers: tuple[str, ...] = ()  # where the recipe has its own; else the backbone's
    style_layers: tuple[str, ...] = ()


_CONVS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

FORMULAS: Mapping[str, Formula] = MappingProxyType(
    {
        formula.name: formula
        for formula in (
            # Ours: each term in units of its target, so that a weight means the same at every size and backbone.
            Formula(
                "normalized",
                gram_matrix,
                relative_distance,
                relative_error,
                mean_squared_variation,
                Weights(content=1.0, style=1.0, tv=0.0),
                averages_style=True,
                bounded=True,
            ),
            # gordicaleksa/pytorch-neural-style-transfer and its descendants: ImageNet weights fed with 0..255.
            Formula(
                "classic",
                _gram_per_entry,
                mean_squared_error,
                squared_error,
                total_variation,
                Weights(content=1e5, style=3e4, tv=1.0),
                averages_style=True,
                input_scale="caffe255",
            ),
            # The PyTorch tutorial and its descendants: layers before their ReLU, which must not be modified in place.
            Formula(
                "classic-mean",
                _gram_per_entry,
                mean_squared_error,
                mean_squared_error,
                total_variation,
                Weights(content=1.0, style=1e6, tv=0.0),
                averages_style=False,
                content_layers=("conv4_2",),
                style_layers=_CONVS,
            ),
            # Plain sums, as in first tutorials; the Gram matrix is not normalised at all.
            Formula(
                "classic-sum",
                second_moments,
                squared_error,
                squared_error,
                total_variation,
                Weights(content=1.0, style=0.01, tv=0.0),
                averages_style=False,
                content_layers=_CONVS,
                style_layers=_CONVS,
            ),
        )
    }
)
