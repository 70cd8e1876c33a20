"""The example pictures: complete, clean, and made again by their script."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.make_photos import PHOTOS
from examples.make_styles import STYLES
from examples.paint.pigment import from_oklab, rgb, to_oklab

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
GALLERY: dict[str, list[dict[str, str]]] = json.loads((EXAMPLES / "gallery.json").read_text(encoding="utf-8"))
ENTRIES = GALLERY["styles"] + GALLERY["photos"]
FREE = {"CC0-1.0", "public domain"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_a_picture_of_the_gallery_opens_and_carries_no_metadata(entry: dict[str, str]) -> None:
    with Image.open(EXAMPLES / entry["file"]) as picture:
        picture.load()
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert not picture.getexif()
        assert "icc_profile" not in picture.info
        assert min(picture.size) >= 300
        assert 450 <= max(picture.size) <= 768


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_an_entry_says_what_it_is_and_that_it_is_free(entry: dict[str, str]) -> None:
    assert entry.keys() == {"id", "title", "file", "author", "source", "licence", "description"}
    assert all(value.strip() for value in entry.values())
    assert entry["licence"] in FREE
    assert Path(entry["file"]).stem == entry["id"]
    assert entry["description"].endswith(".")


def test_the_gallery_names_every_picture_and_nothing_else() -> None:
    on_disk = {
        file.relative_to(EXAMPLES).as_posix() for name in ("styles", "photos") for file in (EXAMPLES / name).iterdir()
    }
    assert on_disk == {entry["file"] for entry in ENTRIES}


def test_the_scripts_make_what_the_gallery_names() -> None:
    assert [entry["id"] for entry in GALLERY["styles"]] == list(STYLES)
    assert [entry["id"] for entry in GALLERY["photos"]] == list(PHOTOS)


def test_the_pictures_stay_small_enough_for_a_repository() -> None:
    sizes = [file.stat().st_size for file in EXAMPLES.rglob("*.jpg")]
    assert max(sizes) < 400_000
    assert sum(sizes) < 5_000_000


@pytest.mark.parametrize("name", STYLES)
def test_a_style_paints_at_any_size_in_many_colours(name: str) -> None:
    picture = STYLES[name].render(96)
    assert picture.mode == "RGB"
    assert max(picture.size) == 96
    assert np.asarray(picture, np.float32).std() > 20


def test_a_style_painted_twice_has_the_same_bytes() -> None:
    assert STYLES["crayon-lavender"].render(96).tobytes() == STYLES["crayon-lavender"].render(96).tobytes()


def test_a_style_small_is_the_same_composition_as_the_picture_in_the_folder() -> None:
    small = STYLES["great-swell"].render(96)
    with Image.open(EXAMPLES / "styles" / "great-swell.jpg") as large:
        shrunk = large.resize((12, 8), Image.Resampling.BOX)
    apart = np.asarray(small.resize((12, 8), Image.Resampling.BOX), np.float32) - np.asarray(shrunk, np.float32)
    assert np.abs(apart).mean() < 12


def test_oklab_has_its_published_white_and_comes_back() -> None:
    assert to_oklab([1.0, 1.0, 1.0]) == pytest.approx([1, 0, 0], abs=1e-3)
    assert to_oklab([1.0, 0.0, 0.0]) == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)
    colours = rgb("15284a", "c8402b", "f6efdc")
    assert from_oklab(to_oklab(colours)) == pytest.approx(colours, abs=1e-4)
