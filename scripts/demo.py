"""Turn an example photo into an example painting, and say where the pictures are and how long each part took.

    python scripts/demo.py [PHOTO STYLE] [--size PIXELS]

No server, no download, no GPU: the backbone is the weightless ``wavelet``. Writes into ``demo/``.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from PIL import Image
from tqdm import tqdm

from nst import Picture, StyleOptions, read_picture, stylize, write_picture
from nst.cli.timelapse import Timelapse
from nst.events import Event, Progress
from nst.images import resize

ROOT = Path(__file__).resolve().parents[1]
PHOTO, STYLE = ROOT / "examples/photos/astronaut.jpg", ROOT / "examples/styles/iris-window.jpg"
MARGIN = 12  # px between the pictures of the triptych


def main() -> None:
    """Read, optimise, write; a line for each part."""
    arguments = _arguments()
    folder = ROOT / "demo"
    folder.mkdir(exist_ok=True)
    result, triptych = folder / "result.png", folder / "triptych.png"
    film = Timelapse(folder / "timelapse.mp4")
    film.check()
    options = StyleOptions.preset("standard", backbone="wavelet", size=arguments.size, save_every=3)
    print(f"{arguments.photo.name} in the style of {arguments.style.name}, {options.size} px, backbone wavelet")
    with _timed("reading"):
        content, style = read_picture(arguments.photo), read_picture(arguments.style)
    with _timed("painting"):
        painted = _paint(content, style, options, film)
    with _timed("writing"):
        write_picture(painted, result, text={"nst": options.to_json()})
        _side_by_side([content, style, painted], painted.height).save(triptych)
    with _timed("filming"):
        film.finish()
        film.close()
    for path in (result, triptych, film.path):
        print(path.relative_to(ROOT))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?", default=PHOTO)
    parser.add_argument("style", type=Path, nargs="?", default=STYLE)
    parser.add_argument("--size", type=int, default=512, help="long side of the result, px")
    return parser.parse_args()


@contextmanager
def _timed(part: str) -> Iterator[None]:
    began = perf_counter()
    yield
    print(f"  {part:9} {perf_counter() - began:6.1f} s")


def _paint(content: Picture, style: Picture, options: StyleOptions, film: Timelapse) -> Picture:
    with tqdm(total=options.iterations, unit="it", leave=False, disable=None) as bar:

        def watch(event: Event) -> None:
            film.observe(event)
            if isinstance(event, Progress):
                bar.update(event.iteration - bar.n)

        return stylize(content, [style], options, on_event=watch)


def _side_by_side(pictures: Sequence[Picture], height: int) -> Image.Image:
    """The pictures at one height, on white."""
    scaled = [resize(p, round(p.width * height / p.height), height) for p in pictures]
    width = sum(p.width for p in scaled) + MARGIN * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, height), "white")
    left = 0
    for picture in scaled:
        sheet.paste(Image.fromarray((picture.rgb * 255).round().astype("uint8")), (left, 0))
        left += picture.width + MARGIN
    return sheet


if __name__ == "__main__":
    main()
