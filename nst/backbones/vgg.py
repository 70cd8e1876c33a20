"""VGG-16 and VGG-19 (Simonyan and Zisserman, arXiv 1409.1556), the networks of Gatys, Ecker and Bethge (CVPR 2016)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from nst.backbones.network import Network, check_choice, padded
from nst.backbones.pooling import RectifiedMaxPool
from nst.backbones.states import built

POOLINGS = ("max", "avg")


class VGG(Network):
    """torchvision's VGG up to pool5, layer by layer: ``convN_M`` before its ReLU, ``reluN_M`` after, ``poolN``.

    Average pooling, which Gatys et al. found smoother, shrinks the maps and starves the layers below; it is rescaled by
    2, the factor crowsonkb/style-transfer-pytorch uses to keep the magnitude of max pooling.

    Edge padding is of the first layer only, also after crowsonkb: there a border of zeros would be a border of grey,
    which an optimised picture answers with a frame. Deeper layers keep their zeros, as trained: padded copies of their
    maps would double the memory of a gradient.

    Args:
        name: vgg16 or vgg19.
        state: the state dict of torchvision's ``features``; kept, not copied, where it already has the layout used.
        pooling: max or avg.
        padding: of conv1_1: edge, or zeros as trained (for parity with the classic ports).
        input_scale: see ``nst.backbones.network.INPUT_SCALES``.
        device: where it lives.

    Raises:
        InvalidOption: there is no such pooling, padding or input scale.
    """

    def __init__(
        self,
        name: str,
        state: Mapping[str, Tensor],
        *,
        pooling: str = "max",
        padding: str = "edge",
        input_scale: str = "imagenet",
        device: torch.device | str = "cpu",
    ) -> None:
        check_choice("pooling", pooling, POOLINGS)
        super().__init__(
            name,
            [_stage(module, pooling, padding) for module in built(name, state)],
            content_layers={"relu4_2": 1.0},
            style_layers={f"relu{block}_1": 1 / 5 for block in range(1, 6)},
            input_scale=input_scale,
            device=device,
        )


def _stage(module: nn.Module, pooling: str, padding: str) -> nn.Module:
    """torchvision's module, but nothing in place: a map handed out must stay what it was."""
    if isinstance(module, nn.Conv2d) and module.in_channels == 3:
        return padded(module, padding)
    if isinstance(module, nn.ReLU):
        return nn.ReLU()
    if isinstance(module, nn.MaxPool2d):
        # The sum of four over two: the mean, times 2.
        return nn.AvgPool2d(2, divisor_override=2) if pooling == "avg" else RectifiedMaxPool()
    return module
