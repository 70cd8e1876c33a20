"""What lies under full transparency."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nst.images.resizing import resize_plane

Floats = NDArray[np.float32]


def fill_transparent(rgb: Floats, alpha: Floats) -> Floats:
    """Colours whose invisible pixels continue their visible neighbours'; visible pixels stay as they are.

    Files keep anything under alpha 0, mostly black. The optimisation sees it through the network's receptive fields,
    and would paint an outline along every soft edge; white would do the same. A smooth continuation has no edge to
    paint, and the alpha that is put back cuts where it always did. The method is pull-push interpolation (Gortler,
    Grzeszczuk, Szeliski and Cohen, "The lumigraph", 1996).

    Args:
        rgb: (H, W, 3).
        alpha: (H, W); where all of it is 0, the colours become white.
    """
    hidden = alpha == 0
    if hidden.all():
        return np.ones_like(rgb)
    if not hidden.any():
        return rgb
    filled = rgb.copy()
    for channel in range(3):  # one by one, for the memory that it takes
        plane = _pull_push(rgb[..., channel] * alpha, alpha)
        filled[hidden, channel] = plane[hidden]
    return filled


def _pull_push(weighted: Floats, weight: Floats) -> Floats:
    """A channel ``weighted / weight``; where the weight is 0, that of the same picture at half the size."""
    empty = weight == 0
    known = np.asarray(weighted / np.where(empty, 1, weight), np.float32)
    if not empty.any():
        return known
    coarse = _pull_push(_halved(weighted), _halved(weight))
    height, width = 2 * coarse.shape[0], 2 * coarse.shape[1]
    finer = resize_plane(coarse, width, height, Image.Resampling.BILINEAR)[: weight.shape[0], : weight.shape[1]]
    return np.asarray(np.where(empty, finer, known), np.float32)


def _halved(plane: Floats) -> Floats:
    """Sums over 2 x 2 blocks; an odd edge is padded with zeros."""
    height, width = plane.shape
    even = np.pad(plane, [(0, height % 2), (0, width % 2)])
    sums = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return np.asarray(sums, np.float32)
