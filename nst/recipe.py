"""What a run will do, with every ``auto`` and every default resolved against the backbone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nst.backbones import Backbone
from nst.errors import InvalidOption
from nst.losses import FORMULAS, Formula, Weights
from nst.options import StyleOptions, check_layers

#: VGG's defaults are the published ones, formula and weights together: without its trained weights at hand, nothing
#: about it was tuned here. The others have no published recipe; theirs is ours.
_OBJECTIVES: Mapping[str, str] = {
    "vgg19": "classic",
    "vgg16": "classic",
    "squeezenet": "normalized",
    "wavelet": "normalized",
}


def objective_for(backbone: str, options: StyleOptions) -> str:
    """The name of the formula that ``options`` mean on this backbone."""
    return _OBJECTIVES[backbone] if options.objective == "auto" else options.objective


@dataclass(frozen=True, slots=True)
class Recipe:
    """The objective of a run: a formula, its weights, and the layers it looks at with the share of each."""

    formula: Formula
    weights: Weights
    style_gain: float
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]
    blend: tuple[float, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer the backbone has to compute."""
        return tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))


def resolve(options: StyleOptions, backbone: Backbone, styles: int) -> Recipe:
    """The recipe of ``options`` on ``backbone`` for so many style pictures.

    Raises:
        InvalidOption: a layer is not the backbone's, the blend does not fit the styles, or nothing is left to optimise.
    """
    formula = FORMULAS[objective_for(backbone.name, options)]
    content_names = options.content_layers or _published(formula.content_layers, backbone)
    style_names = options.style_layers or _published(formula.style_layers, backbone)
    check_layers("content_layers", tuple(content_names), backbone.name)
    check_layers("style_layers", tuple(style_names), backbone.name)
    return Recipe(
        formula=formula,
        weights=_weights(options, formula.weights),
        style_gain=backbone.style_gain if formula.name == "normalized" else 1.0,
        content_layers=_content_shares(content_names, backbone, formula),
        style_layers=_style_shares(style_names, options, backbone, formula),
        blend=_blend(options.blend, styles),
    )


def _published(names: tuple[str, ...], backbone: Backbone) -> tuple[str, ...]:
    """The recipe's own layers where this is the network it was published for."""
    return names if backbone.name.startswith("vgg") else ()


def _weights(options: StyleOptions, published: Weights) -> Weights:
    weights = Weights(
        content=published.content if options.content_weight is None else options.content_weight,
        style=published.style if options.style_weight is None else options.style_weight,
        tv=published.tv if options.tv_weight is None else options.tv_weight,
    )
    if weights.content == weights.style == weights.tv == 0:
        raise InvalidOption("style_weight", 0.0, "at least one of the three weights must be above 0")
    return weights


def _content_shares(names: Sequence[str], backbone: Backbone, formula: Formula) -> Mapping[str, float]:
    if not names:
        return backbone.content_layers
    return dict.fromkeys(names, 1 / len(names) if formula.averages_style else 1.0)


def _style_shares(
    names: Sequence[str], options: StyleOptions, backbone: Backbone, formula: Formula
) -> Mapping[str, float]:
    if not names and not options.style_layer_weights:
        names = tuple(backbone.style_layers)
        shares = tuple(backbone.style_layers.values()) if formula.averages_style else (1.0,) * len(names)
        return dict(zip(names, shares, strict=True))
    shares = options.style_layer_weights or (1.0,) * len(names)
    total = sum(shares) if formula.averages_style else 1.0
    if total == 0:
        raise InvalidOption("style_layer_weights", shares, "at least one must be above 0")
    return {name: share / total for name, share in zip(names, shares, strict=True)}


def _blend(shares: tuple[float, ...], styles: int) -> tuple[float, ...]:
    if not styles:
        raise InvalidOption("styles", 0, "there must be at least one style picture")
    chosen = shares or (1.0,) * styles
    if len(chosen) != styles:
        raise InvalidOption("blend", shares, f"there must be one share for each of the {styles} style pictures")
    return tuple(share / sum(chosen) for share in chosen)
