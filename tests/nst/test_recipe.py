"""What a run will do: every default and every ``auto`` resolved against the backbone."""

import pytest
import torch

from nst.backbones import Backbone, load_backbone
from nst.backbones.squeezenet import SqueezeNet
from nst.backbones.states import random_state
from nst.backbones.vgg import VGG
from nst.errors import InvalidOption
from nst.losses import FORMULAS
from nst.objective import Objective
from nst.options import PRESETS, StyleOptions
from nst.recipe import objective_for, resolve


@pytest.fixture(scope="module")
def vgg() -> Backbone:
    return VGG("vgg16", random_state("vgg16"))


@pytest.fixture(scope="module")
def squeezenet() -> Backbone:
    return SqueezeNet(random_state("squeezenet"))


@pytest.mark.parametrize(
    ("backbone", "objective"),
    [("vgg19", "classic"), ("vgg16", "classic"), ("squeezenet", "normalized"), ("wavelet", "normalized")],
)
def test_auto_is_the_published_objective_where_there_is_one(backbone: str, objective: str) -> None:
    assert objective_for(backbone, StyleOptions()) == objective
    assert objective_for(backbone, StyleOptions(objective="classic-sum")) == "classic-sum"


def test_the_published_weights_are_those_of_each_formula(vgg: Backbone) -> None:
    published = {"classic": (1e5, 3e4, 1), "classic-mean": (1, 1e6, 0), "classic-sum": (1, 0.01, 0)}
    for objective, wanted in published.items():
        weights = resolve(StyleOptions(objective=objective), vgg, 1).weights
        assert (weights.content, weights.style, weights.tv) == wanted


def test_a_weight_that_was_given_counts_even_if_it_is_zero(vgg: Backbone) -> None:
    weights = resolve(StyleOptions(content_weight=0, tv_weight=5), vgg, 1).weights
    assert (weights.content, weights.style, weights.tv) == (0, 3e4, 5)


def test_nothing_to_optimise_is_refused(vgg: Backbone) -> None:
    with pytest.raises(InvalidOption, match="above 0"):
        resolve(StyleOptions(content_weight=0, style_weight=0, tv_weight=0), vgg, 1)


def test_classic_averages_the_style_layers_and_classic_mean_adds_them(vgg: Backbone) -> None:
    averaged = resolve(StyleOptions(objective="classic"), vgg, 1).style_layers
    assert averaged == {f"relu{block}_1": 1 / 5 for block in range(1, 6)}
    added = resolve(StyleOptions(objective="classic-mean"), vgg, 1)
    assert added.style_layers == {f"conv{block}_1": 1.0 for block in range(1, 6)}
    assert added.content_layers == {"conv4_2": 1.0}


def test_another_backbone_uses_its_own_layers_with_a_published_formula(squeezenet: Backbone) -> None:
    recipe = resolve(StyleOptions(objective="classic-mean"), squeezenet, 1)
    assert tuple(recipe.style_layers) == tuple(squeezenet.style_layers)
    assert set(recipe.style_layers.values()) == {1.0}
    assert recipe.content_layers == squeezenet.content_layers


def test_layers_and_their_weights_can_be_chosen(vgg: Backbone) -> None:
    options = StyleOptions(
        style_layers=("relu1_1", "relu2_1"), style_layer_weights=(3, 1), content_layers=("relu3_1", "relu4_1")
    )
    recipe = resolve(options, vgg, 1)
    assert recipe.style_layers == {"relu1_1": 0.75, "relu2_1": 0.25}
    assert recipe.content_layers == {"relu3_1": 0.5, "relu4_1": 0.5}
    assert recipe.layers == ("relu3_1", "relu4_1", "relu1_1", "relu2_1")


def test_a_layer_of_another_network_is_refused(squeezenet: Backbone) -> None:
    with pytest.raises(InvalidOption, match="no such layer"):
        resolve(StyleOptions(style_layers=("relu1_1",)), squeezenet, 1)


def test_style_layers_that_all_weigh_nothing_are_refused(vgg: Backbone) -> None:
    with pytest.raises(InvalidOption, match="above 0"):
        resolve(StyleOptions(style_layers=("relu1_1",), style_layer_weights=(0,)), vgg, 1)


def test_shares_of_styles_sum_to_one(vgg: Backbone) -> None:
    assert resolve(StyleOptions(), vgg, 4).blend == (0.25,) * 4
    assert resolve(StyleOptions(blend=(3, 1)), vgg, 2).blend == (0.75, 0.25)
    with pytest.raises(InvalidOption, match="one share for each of the 3"):
        resolve(StyleOptions(blend=(3, 1)), vgg, 3)


def test_only_the_normalized_objective_is_balanced_by_the_backbone(squeezenet: Backbone) -> None:
    assert resolve(StyleOptions(), squeezenet, 1).style_gain == squeezenet.style_gain
    assert resolve(StyleOptions(objective="classic"), squeezenet, 1).style_gain == 1


def test_the_adam_preset_is_the_recipe_it_is_named_after(vgg: Backbone) -> None:
    recipe = resolve(StyleOptions.from_dict({**PRESETS["adam-classic"], "backbone": "vgg16"}), vgg, 1)
    assert recipe.formula is FORMULAS["classic-sum"]
    assert recipe.style_layers == recipe.content_layers == {f"conv{block}_1": 1.0 for block in range(1, 6)}


def test_weights_multiply_their_terms() -> None:
    wavelet = load_backbone("wavelet")
    image, photo, style = (torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) for seed in range(3))

    def terms(**weights: float) -> torch.Tensor:
        recipe = resolve(StyleOptions(**weights), wavelet, 1)  # type: ignore[arg-type]
        return Objective(wavelet, recipe, photo, [style]).evaluate(image)[0]

    once = terms(content_weight=1, style_weight=1, tv_weight=1)
    torch.testing.assert_close(
        terms(content_weight=2, style_weight=3, tv_weight=5), once * torch.tensor([2.0, 3.0, 5.0])
    )
    assert terms(content_weight=0, style_weight=0, tv_weight=1).tolist()[:2] == [0, 0]


def test_the_objective_at_its_own_targets_is_zero() -> None:
    wavelet = load_backbone("wavelet")
    photo = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    terms, gradient = Objective(wavelet, resolve(StyleOptions(), wavelet, 1), photo, [photo]).evaluate(photo)
    assert terms.tolist() == pytest.approx([0, 0, 0], abs=1e-8)
    assert gradient.shape == photo.shape
    assert float(gradient.abs().max()) < 1e-4


@pytest.mark.parametrize("objective", FORMULAS)
def test_the_objectives_gradient_is_its_slope(squeezenet: Backbone, objective: str) -> None:
    generator = torch.Generator().manual_seed(0)
    image, photo, style, way = (torch.rand(1, 3, 48, 56, generator=generator) for _ in range(4))
    recipe = resolve(StyleOptions(objective=objective, tv_weight=0), squeezenet, 1)
    measured = Objective(squeezenet, recipe, photo, [style])
    _, gradient = measured.evaluate(image)
    step = 2e-3
    (up, _), (down, _) = (measured.evaluate(image + sign * step * gradient.sign() * way) for sign in (1, -1))
    slope = float((up.double().sum() - down.double().sum()) / (2 * step))
    assert float((gradient * gradient.sign() * way).sum()) == pytest.approx(slope, rel=0.02)


def test_evaluating_leaves_the_picture_alone(squeezenet: Backbone) -> None:
    image, photo, style = (torch.rand(1, 3, 48, 56, generator=torch.Generator().manual_seed(s)) for s in range(3))
    before = image.clone()
    terms, gradient = Objective(squeezenet, resolve(StyleOptions(), squeezenet, 1), photo, [style]).evaluate(image)
    assert torch.equal(image, before)
    assert not (image.requires_grad or terms.requires_grad or gradient.requires_grad)
    assert gradient.is_contiguous()
