"""The gallery: the repository's pictures, what is dropped beside them, and its routes."""

import json
import logging
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.gallery.gallery import Gallery
from tests.backend.handouts import Handouts, dropped, handouts, jpeg, png


@pytest.fixture
def styles_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "styles"
    folder.mkdir()
    return folder


@pytest.fixture
def service(tmp_path: Path, styles_dir: Path) -> Iterator[Handouts]:
    with handouts(tmp_path, styles_dir=styles_dir) as service:
        yield service


def _ids(gallery: Gallery) -> list[str]:
    return [style.id for style in gallery.styles()]


def test_the_repositorys_styles_and_photos_are_on_offer(repository: Path) -> None:
    catalogue = json.loads((repository / "examples" / "gallery.json").read_text())
    gallery = Gallery.open()
    assert _ids(gallery) == [style["id"] for style in catalogue["styles"]]
    assert [photo.id for photo in gallery.photos()] == [photo["id"] for photo in catalogue["photos"]]
    style = gallery.styles()[0]
    assert style.licence == "CC0-1.0" and style.title == "Night wind" and (style.width, style.height) == (768, 576)


def test_without_the_examples_the_gallery_is_empty(tmp_path: Path) -> None:
    gallery = Gallery.open(examples=tmp_path / "nowhere")
    assert gallery.styles() == () and gallery.photos() == () and gallery.find("night-wind") is None


def test_a_damaged_catalogue_is_no_catalogue(tmp_path: Path) -> None:
    dropped(tmp_path, "gallery.json", b"{")
    assert Gallery.open(examples=tmp_path).styles() == ()


def test_a_dropped_picture_appears_at_once_and_goes_with_its_file(styles_dir: Path, tmp_path: Path) -> None:
    gallery = Gallery.open(styles_dir, examples=tmp_path)
    assert gallery.styles() == ()
    path = dropped(styles_dir, "Starry_night, 2.PNG", png(1))
    (style,) = gallery.styles()
    assert (style.id, style.title, style.width, style.height) == ("starry-night-2", "Starry night, 2", 48, 32)
    assert gallery.find("starry-night-2") == style
    path.unlink()
    assert gallery.styles() == ()


def test_a_replaced_picture_is_another_one(styles_dir: Path, tmp_path: Path) -> None:
    gallery = Gallery.open(styles_dir, examples=tmp_path)
    dropped(styles_dir, "one.png", png(1))
    (before,) = gallery.styles()
    dropped(styles_dir, "one.png", png(2, 60, 50))
    (after,) = gallery.styles()
    assert after.digest != before.digest and after.width == 60
    assert gallery.thumbnail(before) != gallery.thumbnail(after)


def test_a_sidecar_says_what_it_is(styles_dir: Path, tmp_path: Path) -> None:
    dropped(styles_dir, "one.png", png(1))
    gallery = Gallery.open(styles_dir, examples=tmp_path)
    assert gallery.styles()[0].title == "One"
    facts = {"title": "The wave", "author": "Hokusai", "licence": "public domain", "source": 5, "width": "9", "id": "x"}
    dropped(styles_dir, "one.json", json.dumps(facts).encode())
    (style,) = gallery.styles()
    assert (style.id, style.title, style.author, style.licence) == ("one", "The wave", "Hokusai", "public domain")
    assert style.source == "" and style.width == 48


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_damaged_sidecar_leaves_the_picture(styles_dir: Path, tmp_path: Path, text: bytes) -> None:
    dropped(styles_dir, "one.png", png(1))
    dropped(styles_dir, "one.json", text)
    assert [style.title for style in Gallery.open(styles_dir, examples=tmp_path).styles()] == ["One"]


def test_ids_are_unique_whatever_the_names(styles_dir: Path) -> None:
    for name in ("night-wind.png", "A b.png", "a-b.jpg", "été.png", "画.png", "東.png"):
        dropped(styles_dir, name, png(1) if name.endswith("png") else jpeg(1))
    ids = _ids(Gallery.open(styles_dir))
    assert len(set(ids)) == len(ids)
    assert set(ids) >= {"night-wind", "night-wind-2", "a-b", "a-b-2", "ete", "style", "style-2"}


def test_what_cannot_be_used_is_skipped_with_one_warning(
    styles_dir: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = dropped(tmp_path / "outside", "secret.png", png(1))
    dropped(styles_dir, "notes.txt", b"hello")
    dropped(styles_dir, "cut.jpg", jpeg(1)[:-400])
    dropped(styles_dir, "cut.png", png(1)[:-400])
    dropped(styles_dir, "empty.png", b"")
    dropped(styles_dir, "tiny.png", png(1, 4, 4))
    dropped(styles_dir, ".hidden.png", png(1))
    (styles_dir / "link.png").symlink_to(outside)
    (styles_dir / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(styles_dir / "pipe.png")
    (styles_dir / "folder.png").mkdir()
    dropped(styles_dir, "good.png", png(1))
    gallery = Gallery.open(styles_dir, examples=tmp_path)
    with caplog.at_level(logging.WARNING):
        assert _ids(gallery) == ["good"]
        assert _ids(gallery) == ["good"]
    lines = capsys.readouterr().out.splitlines() + caplog.messages
    assert len([line for line in lines if "is skipped" in line]) == 9


def test_a_picture_that_was_still_being_copied_appears_when_it_is_whole(styles_dir: Path, tmp_path: Path) -> None:
    gallery = Gallery.open(styles_dir, examples=tmp_path)
    dropped(styles_dir, "slow.png", png(1)[:500])
    assert gallery.styles() == ()
    dropped(styles_dir, "slow.png", png(1))
    assert _ids(gallery) == ["slow"]


def test_a_styles_folder_that_vanishes_leaves_the_repositorys_styles(styles_dir: Path) -> None:
    gallery = Gallery.open(styles_dir)
    own = len(gallery.styles())
    styles_dir.rmdir()
    assert len(gallery.styles()) == own
    dropped(styles_dir, "one.png", png(1))
    assert len(gallery.styles()) == own + 1


def test_a_turned_photo_is_measured_and_shown_upright(styles_dir: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1600, 800), "red").save(styles_dir / "turned.jpg", exif=exif)
    gallery = Gallery.open(styles_dir, examples=tmp_path)
    (style,) = gallery.styles()
    assert (style.width, style.height) == (800, 1600)
    assert Image.open(BytesIO(gallery.thumbnail(style))).size == (160, 320)


def test_the_routes_list_and_show_every_style(service: Handouts, styles_dir: Path) -> None:
    dropped(styles_dir, "mine.png", png(3, 700, 350))
    styles = service.get("/api/styles").json["styles"]
    assert styles[-1]["id"] == "mine" and styles[0]["author"]
    for style in styles:
        thumbnail, picture = service.get(style["thumbnail_url"]), service.get(style["picture_url"])
        assert max(Image.open(BytesIO(thumbnail.data)).size) == 320
        assert Image.open(BytesIO(picture.data)).size == (style["width"], style["height"])
        assert thumbnail.mimetype == picture.mimetype == "image/jpeg"
        assert "immutable" in picture.headers["Cache-Control"]


def test_the_photos_to_try_can_be_fetched(service: Handouts) -> None:
    photos = service.get("/api/photos").json["photos"]
    assert len(photos) == 5
    assert Image.open(BytesIO(service.get(photos[0]["picture_url"]).data)).size == (512, 512)
    assert service.get(photos[0]["thumbnail_url"]).status_code == 200


def test_a_picture_is_not_sent_twice(service: Handouts) -> None:
    first = service.get("/api/styles/night-wind/picture")
    again = service.get("/api/styles/night-wind/picture", headers={"If-None-Match": first.headers["ETag"]})
    assert first.status_code == 200 and again.status_code == 304 and not again.data
    assert "immutable" not in first.headers["Cache-Control"]


def test_nothing_of_a_dropped_files_metadata_is_shown(service: Handouts, styles_dir: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    Image.new("RGB", (64, 64), "blue").save(styles_dir / "phone.jpg", exif=exif, comment=b"SECRETNOTE")
    for kind in ("picture", "thumbnail"):
        data = service.get(f"/api/styles/phone/{kind}").data
        assert data.startswith(b"\xff\xd8") and b"SECRET" not in data


@pytest.mark.parametrize("path", ["/api/styles/nothing/picture", "/api/photos/nothing/thumbnail"])
def test_an_unknown_picture_is_a_problem_with_a_hint(service: Handouts, path: str) -> None:
    answer = service.get(path)
    assert answer.status_code == 404 and answer.mimetype == "application/problem+json"
    assert "GET /api" in answer.json["hint"]


def test_a_picture_that_vanishes_after_it_was_found_is_a_problem(service: Handouts, styles_dir: Path) -> None:
    path = dropped(styles_dir, "gone.png", png(1))
    style = service.context.gallery.find("gone")
    assert style is not None
    path.unlink()
    with pytest.raises(OSError):
        service.context.gallery.picture(style)
    assert service.get("/api/styles/gone/picture").status_code == 404


def test_every_route_of_the_gallery_is_documented(service: Handouts) -> None:
    spec: Any = service.app.spec
    paths = spec["paths"]
    operations = {path: methods["get"]["operationId"] for path, methods in paths.items() if "styles" in path}
    assert operations["/api/styles"] == "listStyles"
    picture = paths["/api/styles/{id}/picture"]["get"]["responses"]
    assert "image/jpeg" in picture["200"]["content"] and "application/problem+json" in picture["404"]["content"]
