"""SqueezeNet against torchvision's own forward pass, with random weights and, where they are at hand, trained ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.models import get_model

from nst.backbones import Backbone, load_backbone
from nst.backbones.squeezenet import SqueezeNet
from nst.backbones.states import State, random_state
from nst.errors import InvalidOption
from nst.layers import LAYERS

#: Where each layer is taken in torchvision's ``features``.
INDEX = {
    "conv1": 0, "relu1": 1, "fire2": 3, "fire3": 4, "fire4": 5, "fire5": 7, "fire6": 8, "fire7": 9, "fire8": 10,
    "fire9": 12,
}  # fmt: skip

SHARED = Path(__file__).resolve().parents[3] / "shared"
TRAINED = SHARED / "weights" / "squeezenet1_0-imagenet.safetensors"
with_trained_weights = pytest.mark.skipif(not TRAINED.is_file(), reason="the trained weights are not beside the clone")


@pytest.fixture(scope="module")
def state() -> State:
    return random_state("squeezenet")


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def plain_maps(state: State, image: Tensor) -> dict[str, Tensor]:
    """torchvision's maps with a stem at stride 1, each copied before the next in-place ReLU can reach it."""
    net = get_model("squeezenet1_0").features
    net.load_state_dict(state)
    net[0].stride, net[0].padding = (1, 1), (3, 3)
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
    x, maps = (image - mean) / std, []
    with torch.no_grad():
        for module in net:
            x = module(x)
            maps.append(x.clone())
    return {layer: maps[index] for layer, index in INDEX.items()}


def test_every_layer_equals_torchvision_s_with_a_stem_at_stride_1(state: State, image: Tensor) -> None:
    found = SqueezeNet(state, padding="zeros").features(image, LAYERS["squeezenet"])
    expected = plain_maps(state, image)
    assert list(found) == list(LAYERS["squeezenet"])
    for layer, value in expected.items():
        assert torch.allclose(found[layer], value, rtol=1e-4, atol=1e-4), layer


def test_it_is_a_backbone(state: State) -> None:
    net: Backbone = SqueezeNet(state)
    assert isinstance(net, Backbone)
    assert net.name == "squeezenet"
    assert sum(net.content_layers.values()) == pytest.approx(1)
    assert sum(net.style_layers.values()) == pytest.approx(1)


@pytest.mark.parametrize("padding", ["edge", "zeros"])
def test_the_first_maps_have_the_picture_s_size(state: State, image: Tensor, padding: str) -> None:
    maps = SqueezeNet(state, padding=padding).features(image, ["conv1", "relu1", "fire2", "fire5", "fire9"])
    sizes = {layer: tuple(value.shape[-2:]) for layer, value in maps.items()}
    assert sizes == {"conv1": (48, 64), "relu1": (48, 64), "fire2": (24, 32), "fire5": (12, 16), "fire9": (6, 8)}


def test_a_map_is_the_same_alone_and_beside_later_ones(state: State, image: Tensor) -> None:
    net = SqueezeNet(state)
    together = net.features(image, LAYERS["squeezenet"])
    for layer in LAYERS["squeezenet"]:
        assert torch.equal(net.features(image, [layer])[layer], together[layer]), layer


def test_conv1_is_taken_before_the_relu(state: State, image: Tensor) -> None:
    maps = SqueezeNet(state).features(image, ["conv1", "relu1", "fire2"])
    assert maps["conv1"].min() < 0
    assert torch.equal(maps["conv1"].clamp(min=0), maps["relu1"])


def test_weights_below_the_deepest_layer_asked_for_do_not_matter(state: State, image: Tensor) -> None:
    broken = {key: value.clone() for key, value in state.items()}
    for key in broken:
        if int(key.partition(".")[0]) > INDEX["fire5"]:
            broken[key].fill_(float("nan"))
    expected = SqueezeNet(state).features(image, ["relu1", "fire5"])
    found = SqueezeNet(broken).features(image, ["relu1", "fire5"])
    assert all(torch.equal(found[layer], value) for layer, value in expected.items())


@pytest.mark.parametrize(("padding", "has_border"), [("edge", False), ("zeros", True)])
@pytest.mark.parametrize("layer", ["conv1", "fire2", "fire4"])
def test_only_zero_padding_paints_a_border_on_a_plain_picture(
    state: State, layer: str, padding: str, has_border: bool
) -> None:
    value = SqueezeNet(state, padding=padding).features(torch.full((1, 3, 64, 64), 0.9), [layer])[layer]
    middle = value[..., value.shape[-2] // 2, value.shape[-1] // 2][..., None, None]
    spread = (value - middle).abs().max() / middle.abs().max()
    assert (spread > 1e-2) == has_border


def test_the_gradient_reaches_every_pixel_and_no_weight(state: State, image: Tensor) -> None:
    net = SqueezeNet(state)
    pixels = image.clone().requires_grad_()
    sum_of_squares(net, pixels, ["fire5"]).backward()  # type: ignore[no-untyped-call]
    assert pixels.grad is not None
    assert (pixels.grad.abs().sum(1) > 0).all()
    assert all(not p.requires_grad and p.grad is None for p in net.parameters())


def sum_of_squares(net: Backbone, pixels: Tensor, layers: Sequence[str]) -> Tensor:
    return torch.stack([value.square().sum() for value in net.features(pixels, layers).values()]).sum()


def test_a_picture_of_64_px_has_every_layer_and_a_tiny_one_the_first(state: State) -> None:
    net = SqueezeNet(state)
    assert list(net.features(torch.rand(1, 3, 64, 64), LAYERS["squeezenet"])) == list(LAYERS["squeezenet"])
    assert list(net.features(torch.rand(1, 3, 2, 40), LAYERS["squeezenet"])) == list(LAYERS["squeezenet"][:5])


def test_an_unknown_padding_is_refused(state: State) -> None:
    with pytest.raises(InvalidOption, match="padding"):
        SqueezeNet(state, padding="reflect")


def photo(name: str) -> Tensor:
    """A picture of the shared set, 224 px on its short side, cropped to a square."""
    with Image.open(SHARED / "data" / "pairs" / "content" / name) as picture:
        scale = 224 / min(picture.size)
        small = picture.convert("RGB").resize((round(picture.width * scale), round(picture.height * scale)))
    left, top = (small.width - 224) // 2, (small.height - 224) // 2
    pixels = np.asarray(small.crop((left, top, left + 224, top + 224)), dtype=np.float32) / 255
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


@with_trained_weights
def test_with_trained_weights_a_tiger_is_a_tiger() -> None:
    from safetensors.torch import load_file

    net = load_backbone("squeezenet", weights=TRAINED, padding="zeros")
    assert isinstance(net, SqueezeNet)
    strided = next(module for module in net.modules() if isinstance(module, nn.Conv2d))
    strided.stride, strided.padding = (2, 2), (0, 0)  # as trained
    weights = load_file(TRAINED)
    with torch.no_grad():
        scores = nn.functional.conv2d(
            net.features(photo("tiger.jpg"), ["fire9"])["fire9"],
            weights["classifier.1.weight"].float(), weights["classifier.1.bias"].float(),
        ).relu().mean((2, 3))  # fmt: skip
    assert int(scores.argmax()) in (282, 292)  # tiger cat, tiger


@with_trained_weights
def test_trained_features_tell_a_picture_from_noise_and_from_its_mirror_image() -> None:
    net = load_backbone("squeezenet", weights=TRAINED)
    tiger = photo("tiger.jpg")
    noise = torch.rand(tiger.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        original, mirrored, random = (net.features(x, ["fire7"])["fire7"] for x in (tiger, tiger.flip(3), noise))
    gram = [torch.einsum("nchw,ndhw->cd", value, value).flatten() for value in (original, mirrored, random)]
    similarity = [float(nn.functional.cosine_similarity(gram[0], other, dim=0)) for other in gram[1:]]
    assert similarity[0] > 0.95 > similarity[1]
