"""Options: defaults, limits, presets, JSON, and errors that say which field, which value and which limit."""

import dataclasses
import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nst.errors import InvalidOption
from nst.knob import number
from nst.layers import LAYERS
from nst.options import PRESETS, Knob, StyleOptions, check_layers, knobs

KNOBS = {knob.name: knob for knob in knobs()}
WHOLE = [knob for knob in knobs() if knob.kind is int]
NUMBERS = [knob for knob in knobs() if knob.kind in (int, float)]
WORDS = [knob for knob in knobs() if knob.choices]
LISTS = [knob for knob in knobs() if knob.kind is tuple]
LISTS_OF_NUMBERS = [knob for knob in LISTS if knob.item is float]


def _name(value: object) -> str | None:
    return value.name if isinstance(value, Knob) else None


def _each(some_knobs: list[Knob]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("knob", some_knobs, ids=_name)


def _refused(**values: Any) -> InvalidOption:
    with pytest.raises(InvalidOption) as caught:
        StyleOptions(**values)
    return caught.value


# What a person gets without asking.


def test_the_defaults_are_the_preset_standard() -> None:
    assert StyleOptions.preset("standard") == StyleOptions() == StyleOptions.from_dict({})


@_each(list(knobs()))
def test_an_option_has_its_default_and_a_help_text(knob: Knob) -> None:
    assert getattr(StyleOptions(), knob.name) == knob.default
    assert knob.help
    assert not knob.help.endswith(".")


@_each(NUMBERS)
def test_a_number_has_two_limits_with_its_default_between_them(knob: Knob) -> None:
    assert knob.minimum is not None
    assert knob.maximum is not None
    assert knob.default is None or knob.minimum <= knob.default <= knob.maximum


@_each(WORDS)
def test_the_default_of_a_choice_is_one_of_its_choices(knob: Knob) -> None:
    assert knob.default in knob.choices


def test_some_options_are_for_everybody_and_most_are_advanced() -> None:
    simple = [knob.name for knob in knobs() if not knob.advanced]
    assert simple == ["size", "iterations", "backbone", "style_weight", "color"]


def test_options_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        StyleOptions().size = 128  # type: ignore[misc]


def test_equal_options_are_one_key_of_a_dictionary() -> None:
    assert {StyleOptions(style_layers=("conv1_1",)): 1}[StyleOptions(style_layers=("conv1_1",))] == 1


def test_options_travel_to_another_process() -> None:
    options = StyleOptions.preset("adam-classic")
    assert pickle.loads(pickle.dumps(options)) == options


def test_options_are_named_never_counted() -> None:
    with pytest.raises(TypeError):
        StyleOptions(512)  # type: ignore[call-arg]


# Limits.


@_each(NUMBERS)
def test_the_limits_themselves_are_accepted(knob: Knob) -> None:
    for value in (knob.minimum, knob.maximum):
        assert getattr(StyleOptions.from_dict({knob.name: value}), knob.name) == value


def _just_outside(knob: Knob) -> list[tuple[float, float]]:
    """A value a hair outside each limit, with that limit."""
    assert knob.minimum is not None
    assert knob.maximum is not None
    if knob.kind is int:
        return [(knob.minimum - 1, knob.minimum), (knob.maximum + 1, knob.maximum)]
    below, above = math.nextafter(knob.minimum, -math.inf), math.nextafter(knob.maximum, math.inf)
    return [(below, knob.minimum), (above, knob.maximum)]


OUTSIDE = [
    pytest.param(knob, value, limit, id=f"{knob.name}={value}")
    for knob in [*NUMBERS, *LISTS_OF_NUMBERS]
    for value, limit in _just_outside(knob)
]


@pytest.mark.parametrize(("knob", "value", "limit"), OUTSIDE)
def test_a_value_just_outside_names_the_field_the_value_and_the_limit(knob: Knob, value: float, limit: float) -> None:
    error = _refused(**{knob.name: [value] if knob.kind is tuple else value})
    assert (error.field, error.value) == (knob.name, value)
    assert number(limit) in error.limit
    assert knob.unit in error.limit
    assert str(error) == f"{knob.name} is {value!r}, but {error.limit}"


@pytest.mark.parametrize(
    ("knob", "limit"), [("size", "64 px"), ("seed", "0"), ("style_scale", "0.1"), ("learning_rate", "1e-06")]
)
def test_a_limit_reads_as_a_person_writes_it(knob: str, limit: str) -> None:
    assert _refused(**{knob: -1}).limit == f"the least is {limit}"


def test_a_large_limit_keeps_every_digit() -> None:
    assert _refused(seed=2**32).limit == "the most is 4294967295"


@_each([*NUMBERS, *LISTS_OF_NUMBERS])
@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 10**400, -(10**400), 10**5000],
    ids=["nan", "inf", "-inf", "10**400", "-10**400", "10**5000"],
)
def test_what_is_not_finite_or_too_large_for_a_float_is_refused(knob: Knob, value: float) -> None:
    error = _refused(**{knob.name: [value] if knob.kind is tuple else value})
    assert error.field == knob.name


@_each([*NUMBERS, *LISTS_OF_NUMBERS])
@pytest.mark.parametrize("value", [True, False, "100", b"1", "", [], {}, 1j, object], ids=repr)
def test_what_is_no_number_is_refused_as_one(knob: Knob, value: object) -> None:
    error = _refused(**{knob.name: [value] if knob.kind is tuple else value})
    assert (error.field, error.value) == (knob.name, value)
    assert "number" in error.limit


@_each(WHOLE)
def test_a_fraction_is_no_whole_number(knob: Knob) -> None:
    assert _refused(**{knob.name: knob.default + 0.5}).limit == "it must be a whole number"


@_each(WHOLE)
def test_a_whole_number_may_be_written_with_a_point(knob: Knob) -> None:
    value = getattr(StyleOptions.from_dict({knob.name: float(knob.default)}), knob.name)
    assert value == knob.default
    assert type(value) is int


def test_a_number_without_a_point_becomes_a_float() -> None:
    assert type(StyleOptions(style_scale=2).style_scale) is float


@_each([knob for knob in knobs() if knob.optional])
def test_an_optional_number_may_be_left_to_the_objective(knob: Knob) -> None:
    assert getattr(StyleOptions.from_dict({knob.name: None}), knob.name) is None


@_each([knob for knob in knobs() if not knob.optional])
def test_nothing_is_no_value_of_the_other_options(knob: Knob) -> None:
    error = _refused(**{knob.name: None})
    assert (error.field, error.value) == (knob.name, None)


# Words and lists.


@_each(WORDS)
def test_every_choice_can_be_chosen(knob: Knob) -> None:
    for choice in knob.choices:
        assert getattr(StyleOptions.from_dict({knob.name: choice}), knob.name) == choice


@_each(WORDS)
@pytest.mark.parametrize("value", ["", "AUTO", "no such", 1, True, ["auto"]], ids=repr)
def test_a_word_that_is_no_choice_is_refused(knob: Knob, value: object) -> None:
    error = _refused(**{knob.name: value})
    assert (error.field, error.value) == (knob.name, value)


def test_a_misspelt_choice_is_answered_with_all_and_with_the_nearest() -> None:
    error = _refused(backbone="vgg91")
    assert error.limit == "it must be one of auto, vgg19, vgg16, squeezenet, wavelet"
    assert error.hint.startswith("Did you mean 'vgg1")


@_each(LISTS)
@pytest.mark.parametrize("value", ["conv1_1", 1.0, None, {"conv1_1": 1}, {1.0}, b"12"], ids=repr)
def test_what_is_no_list_is_refused_as_one(knob: Knob, value: object) -> None:
    error = _refused(**{knob.name: value})
    assert (error.field, error.value, error.limit) == (knob.name, value, "it must be a list")


@pytest.mark.parametrize("field", ["content_layers", "style_layers"])
def test_a_layer_is_a_word(field: str) -> None:
    error = _refused(**{field: ["conv1_1", 2]})
    assert (error.field, error.value, error.limit) == (field, 2, "it must be a word")


@pytest.mark.parametrize("field", ["content_layers", "style_layers"])
@pytest.mark.parametrize("backbone", LAYERS)
def test_every_layer_of_a_backbone_can_be_asked_for(backbone: str, field: str) -> None:
    options = StyleOptions.from_dict({"backbone": backbone, field: list(LAYERS[backbone])})
    assert getattr(options, field) == LAYERS[backbone]


@pytest.mark.parametrize("field", ["content_layers", "style_layers"])
def test_a_layer_the_backbone_does_not_have_is_refused_with_the_nearest(field: str) -> None:
    error = _refused(backbone="vgg16", **{field: ["relu1_1", "relu5_4"]})
    assert (error.field, error.value, error.limit) == (field, "relu5_4", "vgg16 has no such layer")
    assert error.hint.startswith("Did you mean 'relu5_")


def test_a_layer_that_resembles_none_is_answered_with_all_there_are() -> None:
    error = _refused(backbone="squeezenet", style_layers=["?"])
    assert all(layer in error.hint for layer in LAYERS["squeezenet"])


def test_layers_wait_for_the_backbone_that_auto_chooses() -> None:
    options = StyleOptions(style_layers=("relu1_1",))
    check_layers("style_layers", options.style_layers, "vgg19")
    with pytest.raises(InvalidOption, match="wavelet has no such layer"):
        check_layers("style_layers", options.style_layers, "wavelet")


@pytest.mark.parametrize("field", ["content_layers", "style_layers"])
def test_a_layer_named_twice_is_refused(field: str) -> None:
    assert _refused(**{field: ["relu1_1", "relu1_1"]}).field == field


def test_there_is_one_weight_for_each_style_layer() -> None:
    options = StyleOptions(style_layers=("relu1_1", "relu2_1"), style_layer_weights=(1, 0.5))
    assert options.style_layer_weights == (1.0, 0.5)


@pytest.mark.parametrize(("layers", "weights"), [(2, 1), (2, 3), (0, 1)])
def test_another_number_of_weights_than_of_layers_is_refused(layers: int, weights: int) -> None:
    error = _refused(style_layers=LAYERS["vgg19"][:layers], style_layer_weights=[1.0] * weights)
    assert error.field == "style_layer_weights"
    assert f"{layers} style_layers" in error.limit


def test_a_share_of_the_blend_may_be_nothing_but_not_every_share() -> None:
    assert StyleOptions(blend=(0, 1)).blend == (0.0, 1.0)
    assert _refused(blend=(0, 0.0)).field == "blend"


# Presets and changes.


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_json(name: str) -> None:
    options = StyleOptions.preset(name)
    assert StyleOptions.from_json(options.to_json()) == options
    assert StyleOptions.from_dict({"preset": name}) == options


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_only_what_it_changes(name: str) -> None:
    unchanged = {field for field, value in PRESETS[name].items() if value == KNOBS[field].default}
    assert not unchanged


def test_draft_costs_less_than_standard_and_fine_costs_more() -> None:
    draft, standard, fine = (StyleOptions.preset(name) for name in ("draft", "standard", "fine"))
    assert draft.size < standard.size < fine.size
    assert draft.iterations < standard.iterations < fine.iterations
    assert draft.plateau > standard.plateau > fine.plateau


def test_the_classic_adam_recipe_is_the_published_one() -> None:
    options = StyleOptions.preset("adam-classic")
    layers = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert (options.optimizer, options.learning_rate, options.iterations) == ("adam", 0.01, 1000)
    assert (options.content_weight, options.style_weight, options.tv_weight) == (1.0, 0.01, 0.0)
    assert (options.content_layers, options.style_layers) == (layers, layers)
    assert (options.objective, options.scales, options.save_every) == ("classic-sum", 1, 100)


def test_what_is_given_beside_a_preset_wins() -> None:
    options = StyleOptions.preset("draft", size=128)
    assert (options.size, options.iterations) == (128, PRESETS["draft"]["iterations"])
    assert StyleOptions.from_dict({"size": 128, "preset": "draft"}) == options


@pytest.mark.parametrize("name", ["", "Draft", "ultra", None, 3, ["draft"], {}])
def test_an_unknown_preset_is_refused_with_those_there_are(name: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        StyleOptions.from_dict({"preset": name})
    assert (caught.value.field, caught.value.value) == ("preset", name)
    assert caught.value.limit == "it must be one of draft, standard, fine, adam-classic"


def test_a_misspelt_preset_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidOption) as caught:
        StyleOptions.preset("standart")
    assert caught.value.hint == "Did you mean 'standard'?"


def test_the_presets_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PRESETS["draft"] = {}  # type: ignore[index]


def test_a_copy_with_a_change_leaves_the_first_as_it_was() -> None:
    options = StyleOptions(size=256)
    assert options.replace(iterations=7, blend=[1, 2]) == StyleOptions(size=256, iterations=7, blend=(1.0, 2.0))
    assert options.iterations == StyleOptions().iterations


@pytest.mark.parametrize("changes", [{"size": 0}, {"preset": "draft"}, {"sise": 128}])
def test_a_change_is_checked_like_a_new_value(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        StyleOptions().replace(**changes)


@pytest.mark.parametrize(
    ("name", "meant"), [("itterations", "iterations"), ("colour", "color"), ("styleWeight", "style_weight")]
)
def test_an_unknown_option_is_answered_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        StyleOptions.from_dict({name: 1})
    assert caught.value.value == name
    assert caught.value.hint == f"Did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["", "zzz", 7, None])
def test_a_name_that_resembles_none_is_answered_with_all_there_are(name: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        StyleOptions.from_dict({name: 1})
    assert all(knob.name in caught.value.hint for knob in knobs())


# JSON.


@pytest.mark.parametrize(
    "text", ["", "{", "size=512", "{'size': 512}", "[" * 100_000, '{"size": ' + "9" * 5000 + "}", "\ud800"], ids=repr
)
def test_text_that_is_no_json_is_one_short_error(text: str) -> None:
    with pytest.raises(InvalidOption, match="it must be JSON") as caught:
        StyleOptions.from_json(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["null", "[]", "512", '"draft"', "true"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="it must be a JSON object"):
        StyleOptions.from_json(text)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "null", "true", '"512"', "[512]"])
def test_json_that_hides_a_value_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        StyleOptions.from_json(f'{{"size": {value}}}')
    assert caught.value.field == "size"


def test_json_holds_every_option_as_plain_values() -> None:
    values = json.loads(StyleOptions(style_layers=("conv1_1",)).to_json())
    assert list(values) == [knob.name for knob in knobs()]
    assert values["style_layers"] == ["conv1_1"]


def _values(knob: Knob) -> some.SearchStrategy[Any]:
    """Every value the option allows."""
    if knob.choices:
        return some.sampled_from(knob.choices)
    if knob.item is str:
        return some.just(())
    if knob.kind is int:
        return some.integers(int(knob.minimum or 0), int(knob.maximum or 0))
    numbers = some.floats(knob.minimum, knob.maximum)
    if knob.name == "blend":
        return some.lists(numbers, max_size=5).filter(lambda shares: not shares or sum(shares) > 0)
    if knob.kind is tuple:
        return some.just(())
    return some.none() | numbers if knob.optional else numbers


@some.composite
def _options(draw: some.DrawFn) -> StyleOptions:
    """Options with any allowed values, and layers that belong to the backbone."""
    values = {knob.name: draw(_values(knob)) for knob in knobs()}
    if values["backbone"] in LAYERS:
        layers = some.lists(some.sampled_from(LAYERS[values["backbone"]]), unique=True)
        values |= {"content_layers": draw(layers), "style_layers": draw(layers)}
        number_of_layers = len(values["style_layers"])
        values["style_layer_weights"] = draw(
            some.lists(some.floats(0, 1e12), min_size=number_of_layers, max_size=number_of_layers)
        )
    return StyleOptions(**values)


@given(_options())
def test_any_options_survive_json(options: StyleOptions) -> None:
    assert StyleOptions.from_json(options.to_json()) == options
    assert StyleOptions.from_dict(options.to_dict()).to_json() == options.to_json()


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=6,
)


@given(some.dictionaries(some.sampled_from([*KNOBS, "preset", "zzz"]), _JSON, max_size=4))
def test_whatever_json_arrives_the_answer_is_options_or_a_typed_error(values: dict[str, Any]) -> None:
    try:
        options = StyleOptions.from_json(json.dumps(values))
    except InvalidOption as error:
        assert error.field in {*KNOBS, "preset", "option"}
        assert "\n" not in error.sentence
    else:
        assert StyleOptions.from_json(options.to_json()) == options
