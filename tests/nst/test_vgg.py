"""VGG against torchvision's own modules, run one after the other with the same seeded random weights."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import get_model

from nst.backbones import Backbone
from nst.backbones.states import State, random_state
from nst.backbones.vgg import VGG
from nst.errors import InvalidOption
from nst.layers import LAYERS
from nst.losses import second_moments

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


@pytest.fixture(scope="module")
def state() -> State:
    return random_state("vgg19")


@pytest.fixture(scope="module")
def vgg(state: State) -> VGG:
    return VGG("vgg19", state)


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def plain_maps(name: str, state: State, x: Tensor) -> dict[str, Tensor]:
    """Every layer of torchvision's network, each map copied before the next in-place ReLU can reach it."""
    with torch.device("meta"):
        net = get_model(name).features
    net.load_state_dict(state, assign=True)
    maps: dict[str, Tensor] = {}
    with torch.no_grad():
        for layer, module in zip(LAYERS[name], net, strict=True):
            x = module(x)
            maps[layer] = x.clone()
    return maps


def assert_same_maps(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for layer, value in expected.items():
        assert torch.allclose(found[layer], value, rtol=1e-4, atol=1e-4), layer


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_every_layer_equals_torchvision_s(name: str, image: Tensor) -> None:
    state = random_state(name)
    vgg = VGG(name, state, padding="zeros")
    assert_same_maps(vgg.features(image, LAYERS[name]), plain_maps(name, state, (image - MEAN) / STD))


def test_the_classic_input_scale_is_255_without_division(state: State, image: Tensor) -> None:
    vgg = VGG("vgg19", state, padding="zeros", input_scale="caffe255")
    classic = 255 * image - torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
    expected = plain_maps("vgg19", state, classic)["relu5_1"]
    torch.testing.assert_close(vgg.features(image, ["relu5_1"])["relu5_1"], expected, rtol=1e-4, atol=1e-2)


def test_it_is_a_backbone(vgg: VGG) -> None:
    assert isinstance(vgg, Backbone)
    assert vgg.name == "vgg19"
    assert sum(vgg.content_layers.values()) == pytest.approx(1)
    assert sum(vgg.style_layers.values()) == pytest.approx(1)
    assert {*vgg.content_layers, *vgg.style_layers} <= set(LAYERS["vgg19"])


def test_a_map_is_the_same_alone_and_beside_later_ones(vgg: VGG, image: Tensor) -> None:
    together = vgg.features(image, LAYERS["vgg19"])
    for layer in LAYERS["vgg19"]:
        assert torch.equal(vgg.features(image, [layer])[layer], together[layer]), layer


def test_a_gradient_is_the_same_whether_or_not_the_maps_between_are_asked_for(state: State) -> None:
    image = torch.rand(1, 3, 37, 50, generator=torch.Generator().manual_seed(2))  # odd sizes at two poolings
    vgg, plain = VGG("vgg19", state), VGG("vgg19", state)
    for index, layer in enumerate(LAYERS["vgg19"]):
        if layer.startswith("pool"):
            plain.stages[index] = nn.MaxPool2d(2)
    lean, kept, classic = (
        gradient_of_two_layers(net, image, asked)
        for net, asked in ((vgg, ["relu1_1", "relu4_2"]), (vgg, LAYERS["vgg19"]), (plain, LAYERS["vgg19"]))
    )
    assert lean.abs().max() > 0
    assert torch.equal(lean, kept)
    assert torch.equal(lean, classic)


def gradient_of_two_layers(vgg: VGG, image: Tensor, asked: Sequence[str]) -> Tensor:
    pixels = image.clone().requires_grad_()
    maps = vgg.features(pixels, asked)
    (gradient,) = torch.autograd.grad(maps["relu1_1"].square().sum() + maps["relu4_2"].square().sum(), pixels)
    return gradient


def test_no_map_behind_a_pooling_s_relu_is_kept_for_the_gradient(vgg: VGG) -> None:
    image, kept = torch.rand(1, 3, 128, 128, requires_grad=True), {}

    def keep(value: Tensor) -> Tensor:
        if value.shape[0] == 1:
            kept[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        maps = vgg.features(image, ["relu1_1", "relu2_1"])
    assert list(maps) == ["relu1_1", "relu2_1"]
    whole = maps["relu1_1"].nbytes
    assert sum(kept.values()) < 2.25 * whole  # relu1_1, a quarter for pool1 and for its maxima, half for relu2_1


@pytest.mark.parametrize("kind", ["conv", "relu", "pool"])
def test_a_map_stays_what_it_was_when_later_ones_are_computed(vgg: VGG, image: Tensor, kind: str) -> None:
    layers = [layer for layer in LAYERS["vgg19"] if layer.startswith(kind)]
    together = vgg.features(image, [*layers, "pool5"])
    for layer in layers:
        assert torch.equal(together[layer], vgg.features(image, [layer])[layer]), layer


def test_conv_maps_are_taken_before_the_relu(vgg: VGG, image: Tensor) -> None:
    maps = vgg.features(image, ["conv1_1", "relu1_1", "conv4_2", "relu4_2", "relu5_1"])
    for block in ("1_1", "4_2"):
        conv, relu = maps[f"conv{block}"], maps[f"relu{block}"]
        assert conv.min() < 0 <= relu.min()
        assert torch.equal(conv.clamp(min=0), relu)


def test_the_picture_is_not_modified(vgg: VGG, image: Tensor) -> None:
    before = image.clone()
    vgg.features(image, ["relu2_1"])
    assert torch.equal(image, before)


def test_nothing_below_the_deepest_layer_asked_for_is_computed(vgg: VGG, image: Tensor) -> None:
    ran: list[str] = []
    hooks = [
        stage.register_forward_hook(recorder(ran, layer))
        for layer, stage in zip(LAYERS["vgg19"], vgg.stages, strict=True)
        if not layer.startswith("relu")  # which may be replaced by leaner ones
    ]
    vgg.features(image, ["relu3_1", "relu1_1"])
    for hook in hooks:
        hook.remove()
    assert ran == ["conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "conv3_1"]


def recorder(ran: list[str], layer: str) -> Callable[[nn.Module, object, object], None]:
    def record(module: nn.Module, inputs: object, output: object) -> None:
        ran.append(layer)

    return record


def test_asking_for_no_layer_gives_no_map(vgg: VGG, image: Tensor) -> None:
    assert vgg.features(image, []) == {}


def test_average_pooling_is_rescaled_by_two(state: State, image: Tensor) -> None:
    maps = VGG("vgg19", state, pooling="avg").features(image, ["relu1_2", "pool1"])
    expected = 2 * nn.functional.avg_pool2d(maps["relu1_2"], 2)
    torch.testing.assert_close(maps["pool1"], expected)


def test_average_pooling_keeps_the_magnitude_of_max_pooling(state: State, image: Tensor) -> None:
    by_max, by_avg = (VGG("vgg19", state, pooling=p).features(image, ["relu5_1"])["relu5_1"] for p in ("max", "avg"))
    assert 0.3 < by_avg.std() / by_max.std() < 3


@pytest.mark.parametrize(("padding", "has_border"), [("edge", False), ("zeros", True)])
def test_only_zero_padding_paints_a_border_on_a_plain_picture(state: State, padding: str, has_border: bool) -> None:
    plain = torch.full((1, 3, 16, 16), 0.9)
    conv = VGG("vgg19", state, padding=padding).features(plain, ["conv1_1"])["conv1_1"]
    spread = (conv - conv[:, :, 8:9, 8:9]).abs().max()
    assert (spread > 0.1) == has_border


def test_inside_the_border_both_paddings_agree(state: State, image: Tensor) -> None:
    edge, zeros = (VGG("vgg19", state, padding=p).features(image, ["conv1_1"])["conv1_1"] for p in ("edge", "zeros"))
    torch.testing.assert_close(edge[..., 1:-1, 1:-1], zeros[..., 1:-1, 1:-1], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(edge, zeros)


def test_a_picture_of_64_px_has_every_layer(vgg: VGG) -> None:
    maps = vgg.features(torch.rand(1, 3, 64, 64), ["relu5_1", "pool5"])
    assert maps["relu5_1"].shape == (1, 512, 4, 4)
    assert maps["pool5"].shape == (1, 512, 2, 2)


def test_a_tiny_picture_has_the_layers_it_is_large_enough_for(vgg: VGG) -> None:
    maps = vgg.features(torch.rand(1, 3, 9, 30), ["relu1_1", "relu4_1", "relu5_1"])
    assert list(maps) == ["relu1_1", "relu4_1"]
    assert maps["relu4_1"].shape == (1, 512, 1, 3)


def test_the_gradient_reaches_every_pixel_and_no_weight(vgg: VGG, image: Tensor) -> None:
    pixels = image.clone().requires_grad_()
    vgg.features(pixels, ["relu4_2"])["relu4_2"].square().sum().backward()  # type: ignore[no-untyped-call]
    assert pixels.grad is not None
    assert (pixels.grad.abs().sum(1) > 0).all()
    assert all(not p.requires_grad and p.grad is None for p in vgg.parameters())


def test_the_gradient_is_contiguous_like_the_picture(vgg: VGG, image: Tensor) -> None:
    pixels = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(vgg.features(pixels, ["relu2_1"])["relu2_1"].sum(), pixels)
    assert gradient.is_contiguous()


def test_the_gradient_of_a_gram_matrix_comes_back_channels_last_like_its_map(vgg: VGG, image: Tensor) -> None:
    pixels = image.clone().requires_grad_()
    features = vgg.features(pixels, ["relu1_1"])["relu1_1"]
    (gradient,) = torch.autograd.grad(second_moments(features).square().sum(), features)
    assert gradient.stride() == features.stride()
    assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_the_gradient_equals_torchvision_s(state: State, image: Tensor) -> None:
    with torch.device("meta"):
        net = get_model("vgg19").features[:12]  # up to relu3_1
    net.load_state_dict(state, assign=True, strict=False)
    ours, theirs = image.clone().requires_grad_(), image.clone().requires_grad_()
    VGG("vgg19", state, padding="zeros").features(ours, ["relu3_1"])["relu3_1"].mean().backward()  # type: ignore[no-untyped-call]
    net((theirs - MEAN) / STD).mean().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-8)


def test_it_holds_the_convolutions_and_nothing_else(state: State, vgg: VGG) -> None:
    assert sum(p.numel() for p in vgg.parameters()) == sum(v.numel() for v in state.values()) == 20_024_384
    assert not vgg.training
    assert all(p.dtype == torch.float32 for p in vgg.parameters())


def test_an_unknown_layer_names_the_one_that_was_meant(vgg: VGG, image: Tensor) -> None:
    with pytest.raises(InvalidOption, match="relu4_9") as caught:
        vgg.features(image, ["relu4_9"])
    assert "relu4_" in caught.value.hint


@pytest.mark.parametrize("choice", [{"pooling": "l2"}, {"padding": "reflect"}, {"input_scale": "caffe"}])
def test_an_unknown_choice_is_refused(state: State, choice: dict[str, str]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(choice))):
        VGG("vgg19", state, **choice)
