"""The pictures that are measured on: our examples, or folders of somebody's own."""

from dataclasses import dataclass
from pathlib import Path

from nst.errors import PictureNotFound
from nst.images import Picture, read_picture

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ("chelsea+night-wind", "astronaut+great-swell", "coffee+tide-mosaic")


@dataclass(frozen=True, slots=True)
class Pair:
    """A photo and a painting, and the files they came from."""

    name: str
    content: Picture
    style: Picture
    content_path: Path
    style_path: Path


@dataclass(frozen=True, slots=True)
class Source:
    """Where pairs are looked for: folders, and names as photo+style without extensions."""

    photos: Path = ROOT / "examples" / "photos"
    styles: Path = ROOT / "examples" / "styles"
    names: tuple[str, ...] = EXAMPLES

    def pairs(self, most: int | None = None) -> list[Pair]:
        """The pairs, read.

        Raises:
            PictureError: a picture is not there, or is none.
        """
        return [self._pair(name) for name in self.names[:most]]

    def _pair(self, name: str) -> Pair:
        photo, _, style = name.partition("+")
        content_path, style_path = _file(self.photos, photo), _file(self.styles, style)
        return Pair(name, read_picture(content_path), read_picture(style_path), content_path, style_path)


def _file(folder: Path, stem: str) -> Path:
    found = sorted(folder.glob(f"{stem}.*"))
    if not found:
        raise PictureNotFound(f"there is no picture {stem} in {folder}", hint="Name pairs as photo+style.")
    return found[0]
