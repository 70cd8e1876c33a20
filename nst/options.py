"""Every knob of a style transfer, written once: default, limits, unit and help (standard library only).

The command line's flags, the API's validation and the page's controls are derived from ``StyleOptions``, so they
cannot drift.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Self

from nst.errors import InvalidOption
from nst.knob import Knob, checked, did_you_mean
from nst.layers import LAYERS

__all__ = ["PRESETS", "Knob", "StyleOptions", "check_layers", "knobs"]


def _knob(default: Any, help: str, **facts: Any) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, **facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOptions:
    """One style transfer, as the person who asks for it describes it.

    ``None`` in a weight, and an empty list of layers, mean "what the objective or the backbone publishes as its
    default".

    Raises:
        InvalidOption: a value is outside its limits; the error names the field, the value and the limit.
    """

    size: int = _knob(512, "size of the result", unit="px", minimum=64, maximum=16384, advanced=False)
    size_by: str = _knob(
        "long",
        "what size measures: the long side, the height, or the square root of the area",
        choices=("long", "height", "area"),
    )
    iterations: int = _knob(
        150, "accepted optimiser steps, over all scales", minimum=1, maximum=100_000, advanced=False
    )
    backbone: str = _knob(
        "auto",
        "the fixed feature extractor; auto is vgg19 where its weights are present, else wavelet",
        choices=("auto", *LAYERS),
        advanced=False,
    )
    objective: str = _knob(
        "auto",
        "the loss: normalized (dimensionless), or one of the published formulas; auto asks the backbone",
        choices=("auto", "normalized", "classic", "classic-mean", "classic-sum"),
    )
    content_weight: float | None = _knob(
        None, "pull towards the photo's shapes", minimum=0, maximum=1e12, optional=True
    )
    style_weight: float | None = _knob(
        None, "pull towards the painting", minimum=0, maximum=1e12, optional=True, advanced=False
    )
    tv_weight: float | None = _knob(None, "smoothing (total variation)", minimum=0, maximum=1e12, optional=True)
    content_layers: tuple[str, ...] = _knob((), "layers compared with the photo", item=str)
    style_layers: tuple[str, ...] = _knob((), "layers whose statistics are compared with the painting", item=str)
    style_layer_weights: tuple[float, ...] = _knob(
        (), "one weight for each of style_layers", item=float, minimum=0, maximum=1e12
    )
    blend: tuple[float, ...] = _knob(
        (), "shares of several styles; equal when empty", item=float, minimum=0, maximum=1e6
    )
    style_scale: float = _knob(
        1.0, "size of the painting's strokes: the style picture's size over the result's", minimum=0.1, maximum=4
    )
    color: str = _knob(
        "style",
        "whose colours: the painting's, the photo's (luminance keeps its chroma), "
        "or the painting matched to the photo's palette first",
        choices=("style", "luminance", "match"),
        advanced=False,
    )
    init: str = _knob("content", "the picture to start from", choices=("content", "style", "random"))
    scales: int = _knob(
        0, "sizes worked through from coarse to fine; 0 chooses, 1 is the classic single scale", minimum=0, maximum=8
    )
    plateau: float = _knob(
        1e-3,
        "a scale ends when its loss falls by less than this share in ten iterations; 0 never ends early",
        minimum=0,
        maximum=0.5,
    )
    optimizer: str = _knob("lbfgs", "how the pixels are moved", choices=("lbfgs", "adam"))
    learning_rate: float | None = _knob(
        None,
        "step length: of Adam in units of the pixel range (0.02 by default), "
        "of L-BFGS as a factor of its first trial step (1 by default)",
        minimum=1e-6,
        maximum=1e3,
        optional=True,
    )
    history: int = _knob(20, "curvature pairs L-BFGS remembers", minimum=1, maximum=100)
    pooling: str = _knob("max", "how VGG halves its maps", choices=("max", "avg"))
    seed: int = _knob(0, "of the random start; the same seed gives the same bytes", minimum=0, maximum=2**32 - 1)
    save_every: int = _knob(
        10, "keep a frame every so many iterations; 0 keeps none", unit="iterations", minimum=0, maximum=100_000
    )

    def __post_init__(self) -> None:
        for knob in knobs():
            object.__setattr__(self, knob.name, checked(knob, getattr(self, knob.name)))
        self._check_layers()

    def _check_layers(self) -> None:
        weights, layers = len(self.style_layer_weights), len(self.style_layers)
        if weights and weights != layers:
            raise InvalidOption(
                "style_layer_weights",
                self.style_layer_weights,
                f"there must be one for each of the {layers} style_layers",
                hint="Name the style_layers that the weights belong to." if not layers else "",
            )
        if self.blend and not sum(self.blend) > 0:
            raise InvalidOption("blend", self.blend, "at least one share must be above 0")
        for field in ("content_layers", "style_layers"):
            _check_distinct(field, getattr(self, field))
        if self.backbone in LAYERS:
            for field in ("content_layers", "style_layers"):
                check_layers(field, getattr(self, field), self.backbone)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """A named starting point, with ``changes`` on top.

        Raises:
            InvalidOption: there is no such preset, or a change is outside its limits.
        """
        return cls.from_dict({**_preset(name), **changes})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Options from plain values, such as parsed JSON; lists stand for tuples, ``preset`` may name a starting point.

        Raises:
            InvalidOption: a name is unknown or a value outside its limits.
        """
        chosen = dict(values)
        base = _preset(chosen.pop("preset")) if "preset" in chosen else {}
        for name in chosen:
            _check_name(name)
        return cls(**{**base, **chosen})

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: tuples as lists, every field present."""
        return {k.name: list(v) if isinstance(v := getattr(self, k.name), tuple) else v for k in knobs()}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Options from a JSON object.

        Raises:
            InvalidOption: the text is not a JSON object, or holds what ``from_dict`` refuses.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:  # nested deeper than the parser goes
            raise InvalidOption("options", text, f"it must be JSON ({error})") from error
        if not isinstance(values, dict):
            raise InvalidOption("options", values, "it must be a JSON object of option names and values")
        return cls.from_dict(values)

    def to_json(self) -> str:
        """One line of JSON that ``from_json`` reads back as an equal value."""
        return json.dumps(self.to_dict())

    def replace(self, **changes: Any) -> Self:
        """A copy with ``changes``.

        Raises:
            InvalidOption: a name is unknown or a value outside its limits.
        """
        for name in changes:
            _check_name(name)
        return dataclasses.replace(self, **changes)


#: Named starting points: what each changes of the defaults.
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "draft": {"size": 384, "iterations": 60, "plateau": 5e-3},
        "standard": {},
        "fine": {"size": 768, "iterations": 400, "plateau": 3e-4},
        # The recipe of the tutorials that optimise with Adam; pictures every 100 iterations.
        "adam-classic": {
            "optimizer": "adam",
            "learning_rate": 0.01,
            "iterations": 1000,
            "objective": "classic-sum",
            "content_weight": 1.0,
            "style_weight": 0.01,
            "tv_weight": 0.0,
            "scales": 1,
            "plateau": 0.0,
            "save_every": 100,
            "backbone": "vgg19",
            "content_layers": ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
            "style_layers": ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
        },
    }
)


@cache
def knobs() -> tuple[Knob, ...]:
    """Every option, in the order in which a person should meet them."""
    return tuple(
        Knob(field.name, _kind(field), field.default, **field.metadata) for field in dataclasses.fields(StyleOptions)
    )


def _kind(field: "dataclasses.Field[Any]") -> type:
    if field.metadata.get("item"):
        return tuple
    return float if field.metadata.get("optional") else type(field.default)


def check_layers(field: str, names: tuple[str, ...], backbone: str) -> None:
    """Raise InvalidOption unless ``backbone`` serves every one of ``names``."""
    known = LAYERS[backbone]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"Its layers are {', '.join(known)}."
            raise InvalidOption(field, name, f"{backbone} has no such layer", hint=hint)


def _check_distinct(field: str, names: tuple[str, ...]) -> None:
    if len(set(names)) < len(names):
        raise InvalidOption(field, names, "each layer may be named once")


def _preset(name: object) -> Mapping[str, Any]:
    if not isinstance(name, str) or name not in PRESETS:
        raise InvalidOption(
            "preset", name, f"it must be one of {', '.join(PRESETS)}", hint=did_you_mean(str(name), tuple(PRESETS))
        )
    return PRESETS[name]


def _check_name(name: object) -> None:
    names = tuple(knob.name for knob in knobs())
    if name not in names:
        hint = did_you_mean(str(name), names) or f"The options are {', '.join(names)}."
        raise InvalidOption("option", name, "there is no such option", hint=hint)
