"""Neural style transfer: a photo becomes a painting (Gatys, Ecker and Bethge, CVPR 2016).

    import nst
    result = nst.stylize(nst.read_picture("photo.jpg"), [nst.read_picture("painting.jpg")], nst.StyleOptions(size=512))
    nst.write_picture(result, "result.png")

Importing this package loads no torch; the engine is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nst.errors import NstError
from nst.images import Picture, read_picture, write_picture
from nst.options import PRESETS, StyleOptions

if TYPE_CHECKING:
    from nst.transfer import Run, StyleTransfer, stylize

__version__ = "0.1.0"
__all__ = [
    "PRESETS",
    "NstError",
    "Picture",
    "Run",
    "StyleOptions",
    "StyleTransfer",
    "read_picture",
    "stylize",
    "write_picture",
]


def __getattr__(name: str) -> Any:
    if name in ("Run", "StyleTransfer", "stylize"):
        return getattr(import_module("nst.transfer"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
