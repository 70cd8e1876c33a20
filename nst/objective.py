"""The objective at one scale: how far a picture is from the photo's shapes and the painting's statistics."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nst.backbones import Backbone
from nst.errors import InvalidOption
from nst.losses import out_of_range
from nst.recipe import Recipe

#: Strength of the pull back into [0, 1]; large enough that what the final clamp still changes cannot be seen.
_BOUND = 100.0


class Objective:
    """Content, style and total variation of a picture, weighed (Gatys et al. 2016, equation 7).

    Args:
        backbone: makes the features.
        recipe: formula, weights and layers; layers that these pictures are too small for are left out.
        content: the photo at this scale, (1, 3, H, W).
        styles: the paintings at this scale, each (1, 3, H', W').

    Raises:
        InvalidOption: the pictures are too small for every one of the layers.
    """

    def __init__(self, backbone: Backbone, recipe: Recipe, content: Tensor, styles: Sequence[Tensor]) -> None:
        self._backbone = backbone
        self._recipe = recipe
        with torch.no_grad():
            maps = backbone.features(content, tuple(recipe.content_layers))
            self._content = {name: maps[name].clone() for name in recipe.content_layers if name in maps}
            self._style = self._blended([self._grams(style) for style in styles])
        if not (self._content or self._style or recipe.weights.tv):
            raise InvalidOption(
                "style_layers",
                tuple(recipe.style_layers),
                f"a picture of {content.shape[3]} x {content.shape[2]} pixels is too small for all of them",
                hint="Choose a larger size, fewer scales, or shallower layers.",
            )

    def evaluate(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Terms and gradient at ``image``.

        Returns:
            The weighed content, style and tv terms, shape (3,), whose sum is the loss; and its gradient, shaped like
            ``image``. Both detached and on its device.
        """
        x = image.detach().requires_grad_()
        terms = self._terms(x)
        (gradient,) = torch.autograd.grad(terms.sum(), x)
        return terms.detach(), gradient

    def _terms(self, x: Tensor) -> Tensor:
        recipe, weights = self._recipe, self._recipe.weights
        maps = self._backbone.features(x, recipe.layers)
        content = sum(
            share * recipe.formula.content(maps[name], self._content[name])
            for name, share in recipe.content_layers.items()
            if name in self._content
        )
        style = sum(
            share * recipe.formula.style(recipe.formula.gram(maps[name]), self._style[name])
            for name, share in recipe.style_layers.items()
            if name in maps and name in self._style
        )
        zero = x.new_zeros(())
        tv = recipe.formula.tv(x) if weights.tv else zero
        bound = _BOUND * out_of_range(x) if recipe.formula.bounded else 0
        return torch.stack(
            [
                weights.content * content + bound + zero,
                weights.style * recipe.style_gain * style + zero,
                weights.tv * tv,
            ]
        )

    def _grams(self, style: Tensor) -> dict[str, Tensor]:
        maps = self._backbone.features(style, tuple(self._recipe.style_layers))
        return {name: self._recipe.formula.gram(features) for name, features in maps.items()}

    def _blended(self, grams: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Shares of raw second moments: those of one picture made of both paintings, unlike shares of covariances."""
        common = set.intersection(*(set(g) for g in grams))
        return {
            name: torch.stack([share * g[name] for share, g in zip(self._recipe.blend, grams, strict=True)]).sum(0)
            for name in common
        }
