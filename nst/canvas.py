"""The pictures of a run at every size: photo and paintings as tensors, where to start, and what to hand out."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nst import color
from nst.events import Scale
from nst.images import MIN_SIDE, Picture, resize, target_size
from nst.options import StyleOptions

_BLANK = 1e-3  # standard deviation below which there is nothing to tell one place from another
_FAINT = 0.1  # of the noise that then breaks the symmetry
_PALETTE = 128  # px, square root of the area: enough pixels for a mean and a covariance


class Canvas:
    """Prepares what a scale needs, and turns its picture into one at the final size.

    Args:
        content: the photo, in its own size.
        styles: the paintings, in theirs.
        blend: the share of each painting.
        options: colour, start and style scale are read from it.
        final: the result's scale.
        device: where the tensors live.
    """

    def __init__(
        self,
        content: Picture,
        styles: Sequence[Picture],
        blend: Sequence[float],
        options: StyleOptions,
        final: Scale,
        device: torch.device,
    ) -> None:
        self._options = options
        self._device = device
        self._final = final
        self._photo = resize(content, final.width, final.height)
        self._original = content
        self._styles = tuple(styles)
        self._blend = blend
        self._starts: dict[tuple[int, int], Tensor] = {}  # made once: every frame of a small scale needs them
        self._palettes = [
            self._tensor(resize(style, *target_size(style.width, style.height, _PALETTE, "area", min_side=1)))
            for style in styles
        ]

    def content(self, scale: Scale) -> Tensor:
        """The photo at a scale, (1, 3, H, W); grey where only luminance is painted."""
        image = self._tensor(resize(self._original, scale.width, scale.height))
        return _grey(image) if self._options.color == "luminance" else image

    def styles(self, scale: Scale) -> list[Tensor]:
        """The paintings for a scale, each with its long side as long as the picture's, times ``style_scale``."""
        return [self._style(style, scale) for style in self._styles]

    def first(self, scale: Scale) -> Tensor:
        """Where the optimisation starts, (1, 3, H, W)."""
        if self._options.init == "random":
            return self._noise(scale)
        if self._options.init == "style":
            return _cover(self._style(self._styles[0], scale), scale)
        start = self._recolored(scale)
        return start if float(start.std()) > _BLANK else start + _FAINT * (self._noise(scale) - 0.5)

    def before(self, scale: Scale) -> Picture:
        """What a film of the run begins with: the photo itself where that is the start, else the first picture."""
        if self._options.init == "content":
            return self._photo
        return self.picture(self.first(scale), scale)

    def enlarge(self, image: Tensor, before: Scale, after: Scale) -> Tensor:
        """The picture of one scale as the start of a larger one, in [0, 1].

        A start from the photo gets back what of the photo was too fine for the smaller scale: else the optimiser would
        have to invent it, and a frame of the small scale would look out of focus beside a frame of the large one.
        """
        if (before.width, before.height) == (after.width, after.height):
            return image.clamp(0, 1)
        larger = _resized(image.clamp(0, 1), after)
        if self._options.init == "content":
            larger = larger + self._recolored(after) - _resized(self._recolored(before), after)
        return larger.clamp(0, 1)

    def picture(self, image: Tensor, scale: Scale) -> Picture:
        """The picture of a scale at the final size, in its final colours, with the photo's alpha."""
        result = self.enlarge(image, scale, self._final)
        if self._options.color == "luminance":
            result = color.keep_luminance(result, self._tensor(self._photo))
        return color.to_picture(result, self._photo.alpha)

    def _noise(self, scale: Scale) -> Tensor:
        source = torch.Generator().manual_seed(self._options.seed)
        noise = torch.randn((1, 3, scale.height, scale.width), generator=source)
        return (0.5 + 0.15 * noise).clamp(0, 1).to(self._device)

    def _recolored(self, scale: Scale) -> Tensor:
        """The photo in the paintings' palette, (1, 3, H, W).

        Gatys starts from the photo as it is. Its colours are the one thing that is far from the painting and can be
        moved there at once, by a linear map; the iterations are then left for what only they can do.
        """
        size = (scale.width, scale.height)
        if size not in self._starts:
            content = self.content(scale)
            self._starts[size] = self._blended(content) if self._options.color == "style" else content
        return self._starts[size]

    def _blended(self, content: Tensor) -> Tensor:
        recolored = [color.match_palette(content, palette) for palette in self._palettes]
        return torch.stack([share * image for share, image in zip(self._blend, recolored, strict=True)]).sum(0)

    def _style(self, style: Picture, scale: Scale) -> Tensor:
        factor = self._options.style_scale * max(scale.width, scale.height) / max(style.width, style.height)
        factor = max(factor, MIN_SIDE / min(style.width, style.height))
        image = self._tensor(resize(style, round(style.width * factor), round(style.height * factor)))
        if self._options.color == "match":
            return color.match_palette(image, self.content(scale))
        if self._options.color == "luminance":
            return _same_contrast(_grey(image), self.content(scale))
        return image

    def _tensor(self, picture: Picture) -> Tensor:
        return color.to_tensor(picture, self._device)


def _grey(image: Tensor) -> Tensor:
    return color.luma(image).expand_as(image).contiguous()


def _same_contrast(style: Tensor, content: Tensor) -> Tensor:
    """A grey painting with the photo's mean and spread (Gatys et al. 2016, "Preserving color", section 4.2)."""
    spread = content.std() / style.std().clamp_min(1e-3)
    return ((style - style.mean()) * spread + content.mean()).clamp(0, 1)


def _resized(image: Tensor, scale: Scale) -> Tensor:
    return F.interpolate(image, (scale.height, scale.width), mode="bicubic", align_corners=False, antialias=True)


def _cover(image: Tensor, scale: Scale) -> Tensor:
    """The image enlarged until it covers the scale, its middle cut out."""
    height, width = image.shape[2:]
    factor = max(scale.height / height, scale.width / width)
    size = Scale(max(scale.width, round(width * factor)), max(scale.height, round(height * factor)), 0)
    top, left = (size.height - scale.height) // 2, (size.width - scale.width) // 2
    covered = _resized(image, size)[..., top : top + scale.height, left : left + scale.width]
    return covered.clamp(0, 1).contiguous()
