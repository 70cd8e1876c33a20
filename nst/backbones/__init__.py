"""Fixed feature extractors behind one interface, found by name.

    backbone = load_backbone("wavelet")
    backbone.features(image, ("edge0", "texture1"))     # {layer name: (1, C, H', W')}

Importing this package loads no torch, so that a program can ask ``choose_backbone`` without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from nst.backbones import weights as stored
from nst.errors import InvalidOption, WeightsError
from nst.layers import LAYERS

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@runtime_checkable
class Backbone(Protocol):
    """A network, or fixed filters, that turns a picture into named maps.

    A backbone is fixed: it has no gradient of its own, draws no random numbers, and may serve any number of runs.
    """

    @property
    def name(self) -> str:
        """Its name in ``nst.layers.LAYERS``."""

    @property
    def content_layers(self) -> Mapping[str, float]:
        """The layers compared with the photo by default, and their weights (they sum to 1)."""

    @property
    def style_layers(self) -> Mapping[str, float]:
        """The layers compared with the painting by default, and their weights (they sum to 1)."""

    @property
    def style_gain(self) -> float:
        """What multiplies the normalized style term, so that a style weight of 1 is a balanced picture here too."""

    @property
    def gradient_slope(self) -> float:
        """How much of its gradient is grain: the slope for ``nst.preconditioner``, found by measurement."""

    def features(self, image: "Tensor", layers: Sequence[str]) -> "dict[str, Tensor]":
        """Maps of a picture.

        Args:
            image: sRGB in [0, 1], float32, shape (1, 3, H, W), on the backbone's device; values a little outside are
                allowed.
            layers: names out of ``nst.layers.LAYERS``; nothing deeper than the deepest of them is computed.

        Returns:
            A map (1, C, H', W') for each of ``layers`` that a picture of this size has; differentiable, never modified
            in place afterwards, and not necessarily contiguous.

        Raises:
            InvalidOption: there is no such layer.
        """


@dataclass(frozen=True, slots=True)
class Choice:
    """The backbone of a run, and why it is this one: a sentence for the person who asked."""

    name: str
    why: str


def choose_backbone(name: str, weights: Path | None = None) -> Choice:
    """What ``name`` stands for here: itself, or for ``auto`` the best backbone that can be loaded now.

    ``auto`` is the network that the file ``weights`` holds; without a file, vgg19 where its weights are stored, else
    wavelet.

    Raises:
        InvalidOption: there is no such backbone.
        WeightsError: ``auto`` was asked with a file that holds none of the known networks.
    """
    if name in LAYERS:
        return Choice(name, f"{name}, because it was asked for.")
    if name != "auto":
        raise InvalidOption("backbone", name, f"it must be one of auto, {', '.join(LAYERS)}")
    if weights is not None:
        return _network_in(weights)
    if (path := stored.find("vgg19")) is not None:
        return Choice("vgg19", f"vgg19, because its weights are at {path}.")
    return Choice(
        "wavelet",
        "wavelet, because vgg19's weights are not on this machine; `nst weights fetch vgg19` brings them.",
    )


def _network_in(weights: Path) -> Choice:
    from nst.backbones.states import identify

    return Choice(name := identify(weights), f"{name}, because {weights.name} holds its weights.")


def load_backbone(
    name: str,
    *,
    weights: Path | None = None,
    device: "torch.device | str" = "cpu",
    pooling: str = "max",
    padding: str = "edge",
    input_scale: str = "imagenet",
) -> Backbone:
    """The backbone ``name`` (or what ``auto`` stands for), ready on ``device``; never downloads anything.

    Args:
        name: one of ``nst.layers.LAYERS``, or ``auto``.
        weights: a torchvision state dict or a safetensors file, instead of the stored one.
        device: where its filters live and its pictures must be.
        pooling: how VGG halves its maps, max or avg; the others have only one way.
        padding: what the trained networks see around the picture: its edge pixels repeated (edge), or zeros.
        input_scale: the range fed to the trained networks, see ``nst.backbones.network.INPUT_SCALES``.

    Raises:
        InvalidOption: there is no such backbone, pooling, padding or input scale.
        WeightsError: the weights are missing, damaged or of another network.
    """
    name = choose_backbone(name, weights).name
    if name == "wavelet":
        return _wavelet(weights, device)
    from nst.backbones.squeezenet import SqueezeNet
    from nst.backbones.states import load_state
    from nst.backbones.vgg import VGG

    state = load_state(name, weights or stored.require(name))
    if name == "squeezenet":
        return SqueezeNet(state, padding=padding, input_scale=input_scale, device=device)
    return VGG(name, state, pooling=pooling, padding=padding, input_scale=input_scale, device=device)


def _wavelet(weights: Path | None, device: "torch.device | str") -> Backbone:
    if weights is not None:
        raise WeightsError(f"wavelet takes no weights, but was given {weights}", hint="Leave --weights out.")
    from nst.backbones.wavelet import Wavelet

    wavelet: Backbone = Wavelet(device)
    return wavelet
