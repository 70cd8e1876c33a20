"""SqueezeNet 1.0 (Iandola et al., arXiv 1602.07360): five megabytes of ImageNet weights, a quarter of VGG's time."""

from collections.abc import Iterator, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models.squeezenet import Fire

from nst.backbones.network import Network, padded
from nst.backbones.states import built

STYLE_LAYERS = ("relu1", "fire2", "fire3", "fire4", "fire5", "fire7")


class SqueezeNet(Network):
    """torchvision's SqueezeNet 1.0 up to fire9: ``conv1`` before its ReLU, ``relu1`` after, ``fire2`` to ``fire9``.

    The stem runs at stride 1 instead of 2: a strided first layer weighs the pixels of odd and even columns differently,
    and its gradient paints that grid into the picture (the noise reported for CaffeNet and GoogLeNet). The network then
    sees the picture at twice the size it was trained on. A pooling belongs to the fire module after it.

    Edge padding is of every layer: the fire modules pad narrow maps, so it costs little, and measured with the trained
    weights the gradient is more even towards the border than with an edge-padded stem alone (in the outermost pixels
    0.8 to 1.1 of its mean over the picture, against 1.1 to 1.6, and 0.4 to 0.7 with zeros).

    Args:
        state: the state dict of torchvision's ``features``; kept, not copied, where it already has the layout used.
        padding: of every convolution: edge, or zeros.
        input_scale: see ``nst.backbones.network.INPUT_SCALES``.
        device: where it lives.

    Raises:
        InvalidOption: there is no such padding or input scale.
    """

    def __init__(
        self,
        state: Mapping[str, Tensor],
        *,
        padding: str = "edge",
        input_scale: str = "imagenet",
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(
            "squeezenet",
            _stages(built("squeezenet", state), padding),
            content_layers={"fire5": 1.0},
            style_layers={layer: 1 / len(STYLE_LAYERS) for layer in STYLE_LAYERS},
            input_scale=input_scale,
            device=device,
        )


def _stages(net: nn.Sequential, padding: str) -> Iterator[nn.Module]:
    pool: list[nn.Module] = []
    for module in net:
        if isinstance(module, nn.MaxPool2d):
            pool = [module]
            continue
        yield nn.Sequential(*pool, _stage(module, padding))
        pool = []


def _stage(module: nn.Module, padding: str) -> nn.Module:
    """torchvision's module, but its first ReLU not in place: conv1 must stay what it was."""
    if isinstance(module, nn.Conv2d):
        module.stride = (1, 1)
        return padded(module, padding)
    if isinstance(module, nn.ReLU):
        return nn.ReLU()
    module.expand3x3 = padded(cast(Fire, module).expand3x3, padding)
    return module
