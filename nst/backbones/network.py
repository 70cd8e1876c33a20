"""A trained network as named layers: frozen, never modified in place, computed no deeper than asked."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from nst.backbones.pooling import RectifiedMaxPool
from nst.errors import InvalidOption
from nst.layers import LAYERS
from nst.options import check_layers

#: What torchvision's ImageNet networks were trained on: the mean of each channel of sRGB in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)

#: By what the mean-free picture is divided. ``imagenet``: the standard deviations of the training set, as in training.
#: ``caffe255``: nothing but the change to 0..255 (mean 123.675, 116.28, 103.53), which the classic ports feed to these
#: same weights; activations are then about 57 times larger than in training.
INPUT_SCALES: Mapping[str, tuple[float, float, float]] = {
    "imagenet": (0.229, 0.224, 0.225),
    "caffe255": (1 / 255, 1 / 255, 1 / 255),
}

PADDINGS = ("edge", "zeros")


class Normalization(nn.Module):
    """sRGB in [0, 1] to the range a network expects.

    Raises:
        InvalidOption: there is no such input scale.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, input_scale: str) -> None:
        super().__init__()
        check_choice("input_scale", input_scale, tuple(INPUT_SCALES))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(INPUT_SCALES[input_scale]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.std


class Network(nn.Module):
    """The ``Backbone`` that every trained network is: one stage for each of its layers in ``nst.layers.LAYERS``.

    A ReLU overwrites the map before it and is left out before a ``RectifiedMaxPool``, unless these maps are asked for.

    Args:
        name: the backbone's name.
        stages: what computes each layer from the one before, in order; none may modify its input.
        content_layers: the default content layers and their weights.
        style_layers: the default style layers and their weights.
        input_scale: see ``INPUT_SCALES``.
        device: where it lives.
    """

    # Both tried on SqueezeNet, whose trained weights were at hand; taken over for VGG, whose features are of the same
    # kind, and not tuned there. A slope of 0.4 reaches the same loss in about two thirds of the iterations.
    style_gain = 20.0
    gradient_slope = 0.4

    def __init__(
        self,
        name: str,
        stages: Iterable[nn.Module],
        *,
        content_layers: Mapping[str, float],
        style_layers: Mapping[str, float],
        input_scale: str,
        device: torch.device | str,
    ) -> None:
        super().__init__()
        self.name = name
        self.content_layers = content_layers
        self.style_layers = style_layers
        self.normalization = Normalization(input_scale)
        self.stages = nn.ModuleList(stages)
        # Channels last: a tenth faster than contiguous for VGG-19, forward and backward, on one core.
        self.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)

    def features(self, image: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Maps of a picture; see ``Backbone.features``."""
        check_layers("layers", tuple(layers), self.name)
        wanted = set(layers)
        maps: dict[str, Tensor] = {}
        x = self._entered(image)
        for layer, stage in self._lean(wanted):
            if len(maps) == len(wanted) or (min(x.shape[-2:]) < 2 and _halves(stage)):
                break
            x = stage(x)
            if layer in wanted:
                maps[layer] = x
        return maps

    def _lean(self, wanted: Container[str]) -> Iterator[tuple[str, nn.Module]]:
        """Layers and their stages, with less memory for the maps that are not ``wanted``."""
        names, stages = LAYERS[self.name], list(self.stages)
        around = zip(("", *names[:-1]), names, stages, (*stages[1:], None), strict=True)
        for before, layer, stage, after in around:
            if not isinstance(stage, nn.ReLU) or before in wanted:
                yield layer, stage
            elif layer in wanted or not isinstance(after, RectifiedMaxPool):
                yield layer, nn.ReLU(inplace=True)

    def _entered(self, image: Tensor) -> Tensor:
        """The normalised picture, channels last, whose gradient comes back contiguous: optimisers flatten it."""
        x: Tensor = self.normalization(image)
        if x.requires_grad:
            x.register_hook(Tensor.contiguous)  # type: ignore[no-untyped-call]
        return x.contiguous(memory_format=torch.channels_last)


def _halves(stage: nn.Module) -> bool:
    return any(isinstance(module, nn.MaxPool2d | nn.AvgPool2d | RectifiedMaxPool) for module in stage.modules())


def padded(conv: nn.Conv2d, padding: str) -> nn.Module:
    """``conv`` keeping its map's size, the picture continued beyond its border by edge pixels or by zeros.

    Raises:
        InvalidOption: there is no such padding.
    """
    check_choice("padding", padding, PADDINGS)
    width = conv.kernel_size[0] // 2
    conv.padding = (0, 0) if padding == "edge" else (width, width)
    return nn.Sequential(nn.ReplicationPad2d(width), conv) if padding == "edge" else conv


def check_choice(field: str, value: str, choices: Sequence[str]) -> None:
    """Raise InvalidOption unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise InvalidOption(field, value, f"it must be one of {', '.join(choices)}")
