"""The classic single-scale algorithm, written down again from its formulas; it knows nothing of ``nst``.

What gordicaleksa/pytorch-neural-style-transfer publishes as its defaults: content is the mean squared error of one
layer's features (weight 1e5); style is the summed squared error of Gram matrices over C H W, averaged over the layers
(3e4); total variation is the sum of absolute differences (1). Pictures are 0..255 less ImageNet's mean, fed to
torchvision's trained networks as they are, in-place ReLUs and zero padding included. ``torch.optim.LBFGS`` with a
strong Wolfe search and its default history of 100 moves the pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import squeezenet1_0, vgg19

CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1e5, 3e4, 1.0
_MEAN = (123.675, 116.28, 103.53)

State = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Network:
    """torchvision's ``features``, and the numbers of the modules that content and style are read behind."""

    features: nn.Sequential
    content: int
    style: tuple[int, ...]

    def maps(self, x: Tensor) -> dict[int, Tensor]:
        """Feature maps behind the modules looked at, computed no deeper than needed."""
        found = {}
        for index, module in enumerate(self.features):
            x = module(x)
            if index in (self.content, *self.style):
                found[index] = x
            if index == max(self.content, *self.style):
                break
        return found


def vgg19_network(state: State) -> Network:
    """VGG-19, content at relu4_2, style at relu1_1 to relu5_1; ``state`` is the state dict of its ``features``."""
    return Network(_loaded(vgg19, state), content=22, style=(1, 6, 11, 20, 29))


def squeezenet_network(state: State) -> Network:
    """SqueezeNet 1.0 with its stem at stride 1: content at fire5, style at relu1, fire2 to fire5 and fire7."""
    features = _loaded(squeezenet1_0, state)
    stem = features[0]
    assert isinstance(stem, nn.Conv2d)
    stem.stride, stem.padding = (1, 1), (3, 3)
    return Network(features, content=7, style=(1, 3, 4, 5, 7, 9))


def random_weights(model: Callable[[], nn.Module], seed: int = 0) -> State:
    """Seeded weights for ``model().features``, scaled after He et al. (arXiv 1502.01852) so that nothing vanishes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in _features(model).state_dict().items()}
    return {
        key: torch.randn(shape, generator=generator) * (2 / shape[1:].numel()) ** 0.5
        if len(shape) == 4
        else torch.zeros(shape)
        for key, shape in shapes.items()
    }


def weights_of(path: Path) -> State:
    """The ``features`` of a safetensors file in torchvision's layout, in float32."""
    prefix = "features."
    return {key.removeprefix(prefix): value.float() for key, value in load_file(path).items() if key.startswith(prefix)}


def prepared(image: Tensor) -> Tensor:
    """sRGB in [0, 1], shape (1, 3, H, W), in the range this algorithm optimises in."""
    return 255 * image - image.new_tensor(_MEAN).view(1, 3, 1, 1)


def picture(x: Tensor) -> Tensor:
    """The inverse of ``prepared``; unclamped."""
    return (x + x.new_tensor(_MEAN).view(1, 3, 1, 1)) / 255


def gram(features: Tensor) -> Tensor:
    """F F^T / (C H W) of maps (1, C, H, W)."""
    _, channels, height, width = features.shape
    flat = features.reshape(channels, height * width)
    return (flat @ flat.t()) / (channels * height * width)


def total_variation(x: Tensor) -> Tensor:
    """Sum of absolute differences of neighbours."""
    return (x[:, :, :, :-1] - x[:, :, :, 1:]).abs().sum() + (x[:, :, :-1, :] - x[:, :, 1:, :]).abs().sum()


class Objective:
    """The published objective of a photo and a painting, both ``prepared``."""

    def __init__(self, network: Network, content: Tensor, style: Tensor) -> None:
        self._network = network
        with torch.no_grad():
            self._content = network.maps(content)[network.content].clone()
            self._style = {index: gram(maps) for index, maps in network.maps(style).items() if index in network.style}

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Content, style and total variation of a ``prepared`` picture, each times its weight."""
        maps = self._network.maps(x)
        content = ((maps[self._network.content] - self._content) ** 2).mean()
        style = sum(
            (((gram(maps[index]) - wanted) ** 2).sum() for index, wanted in self._style.items()), x.new_zeros(())
        )
        return CONTENT_WEIGHT * content, STYLE_WEIGHT * style / len(self._style), TV_WEIGHT * total_variation(x)

    def loss(self, x: Tensor) -> Tensor:
        """Their sum."""
        content, style, tv = self.terms(x)
        return content + style + tv


def optimise(
    loss: Callable[[Tensor], Tensor], start: Tensor, evaluations: int, watch: Callable[[Tensor], None]
) -> None:
    """Minimise from ``start`` for so many evaluations; ``watch`` is shown the evaluated picture after each."""
    x = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS((x,), max_iter=evaluations, max_eval=evaluations, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(x)
        value.backward()  # type: ignore[no-untyped-call]
        watch(x.detach())
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]


def _features(model: Callable[[], nn.Module]) -> nn.Sequential:
    features = model().features
    assert isinstance(features, nn.Sequential)
    return features


def _loaded(model: Callable[[], nn.Module], state: State) -> nn.Sequential:
    with torch.device("meta"):
        features = _features(model)
    features.load_state_dict(dict(state), assign=True)
    return features.eval().requires_grad_(False)
