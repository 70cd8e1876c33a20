"""Paint the example styles: ``python -m examples.make_styles [ID ...] [--long-side PIXELS]``."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from examples.contact_sheet import make_contact_sheet
from examples.paint import (
    autumn_knife,
    crayon_lavender,
    cubist_table,
    golden_tree,
    great_swell,
    ink_mountains,
    iris_window,
    marbled_paper,
    night_wind,
    pointillist_river,
    tide_mosaic,
    watercolour_poppies,
    woodcut_peaks,
)
from examples.paint.sheet import LONG_SIDE, Sheet

FOLDER = Path(__file__).parent
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Style:
    """A painter, the shape of its sheet and the seed of its dice."""

    paint: Callable[[Sheet], Image.Image]
    width: int
    height: int
    seed: int

    def render(self, long_side: int = LONG_SIDE) -> Image.Image:
        """The picture, RGB, ``long_side`` pixels long; the same bytes each time on one version of numpy and Pillow."""
        return self.paint(Sheet.cut(self.width, self.height, long_side, self.seed))


STYLES = {
    "night-wind": Style(night_wind.paint, 768, 576, 7),
    "great-swell": Style(great_swell.paint, 768, 540, 4),
    "woodcut-peaks": Style(woodcut_peaks.paint, 600, 768, 4),
    "golden-tree": Style(golden_tree.paint, 768, 768, 5),
    "iris-window": Style(iris_window.paint, 570, 768, 3),
    "autumn-knife": Style(autumn_knife.paint, 768, 620, 5),
    "marbled-paper": Style(marbled_paper.paint, 768, 576, 4),
    "watercolour-poppies": Style(watercolour_poppies.paint, 576, 768, 4),
    "ink-mountains": Style(ink_mountains.paint, 528, 768, 5),
    "tide-mosaic": Style(tide_mosaic.paint, 768, 560, 3),
    "pointillist-river": Style(pointillist_river.paint, 768, 512, 4),
    "crayon-lavender": Style(crayon_lavender.paint, 768, 500, 2),
    "cubist-table": Style(cubist_table.paint, 590, 768, 4),
}


def main() -> None:
    """Paint the styles named on the command line, or all of them, and renew the contact sheet."""
    parser = argparse.ArgumentParser(description="Paint the example styles.")
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"which ones; all by default: {', '.join(STYLES)}")
    parser.add_argument("--long-side", type=int, default=LONG_SIDE, help="pixels (default: %(default)s)")
    arguments = parser.parse_args()
    unknown = set(arguments.ids) - STYLES.keys()
    if unknown:
        parser.error(f"no such style: {', '.join(sorted(unknown))}")
    for name in arguments.ids or STYLES:
        picture = STYLES[name].render(arguments.long_side)
        picture.save(FOLDER / "styles" / f"{name}.jpg", quality=JPEG_QUALITY, optimize=True)
    make_contact_sheet(FOLDER)


if __name__ == "__main__":
    main()
