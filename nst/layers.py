"""The names of every backbone's layers, known without loading the network (standard library only)."""

from collections.abc import Mapping

_VGG_CONVS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}

#: Levels of the wavelet pyramid; level n sees the picture at 1 / 2**n of its size.
WAVELET_LEVELS = 6


def _vgg_names(name: str) -> tuple[str, ...]:
    return tuple(
        layer
        for block, convs in enumerate(_VGG_CONVS[name], 1)
        for layer in (
            *(f"{kind}{block}_{n}" for n in range(1, convs + 1) for kind in ("conv", "relu")),
            f"pool{block}",
        )
    )


#: Every layer a backbone can serve, in the order in which the network computes them.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "vgg19": _vgg_names("vgg19"),
    "vgg16": _vgg_names("vgg16"),
    "squeezenet": ("conv1", "relu1", *(f"fire{n}" for n in range(2, 10))),
    "wavelet": tuple(
        f"{kind}{level}" for level in range(WAVELET_LEVELS) for kind in ("edge", "stroke", "density", "texture")
    ),
}
