"""The page where it is built, and the small one where it is not."""

import gzip
import re
from pathlib import Path

import pytest

from tests.backend.handouts import Handouts, dropped, handouts, png


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>built</h1>")
    (folder / "icon.svg").write_text("<svg/>")
    (folder / ".secret").write_text("x")
    (folder / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "outside.txt").write_text("outside")
    return folder


def test_without_a_page_the_service_says_what_it_is(tmp_path: Path) -> None:
    with handouts(tmp_path) as service:
        answer = service.get("/", headers={"Host": "pictures.example:8080"})
        text = answer.get_data(as_text=True)
        assert answer.mimetype == "text/html" and answer.headers["Cache-Control"] == "no-cache"
        assert "http://pictures.example:8080/api/jobs" in text and "/api/docs" in text and "/api/styles" in text
        assert "/api/styles/night-wind/thumbnail?v=" in text
        assert service.get("/assets/app.js").status_code == 404 and service.get("/icon.svg").status_code == 404


def test_every_style_is_on_the_small_page_those_of_the_operator_first(tmp_path: Path) -> None:
    dropped(tmp_path / "styles", "poppies.png", png(1))
    with handouts(tmp_path, styles_dir=tmp_path / "styles") as service:
        count = len(service.context.gallery.styles())
        text = service.get("/").get_data(as_text=True)
    shown = re.findall(r"/api/styles/([^/]+)/thumbnail", text)
    assert len(shown) == count > 13 and f"{count} styles on offer" in text
    assert shown[0] == "poppies"


@pytest.mark.parametrize("name", ["favicon.svg", "favicon.ico"])
def test_there_is_an_icon_also_without_a_page(tmp_path: Path, built: Path, name: str) -> None:
    with handouts(tmp_path) as service:
        answer = service.get(f"/{name}")
        assert answer.mimetype == "image/svg+xml" and answer.data.startswith(b"<svg")
        assert f'href="/{name}"' in service.get("/").get_data(as_text=True) or name.endswith(".ico")
    (built / name).write_bytes(b"its own")
    assert _service(tmp_path, built).get(f"/{name}").data == b"its own"


def test_nothing_of_the_request_gets_into_the_page_unescaped(tmp_path: Path) -> None:
    with handouts(tmp_path) as service:
        text = service.get("/", headers={"Host": 'a"><script>x</script>'}).get_data(as_text=True)
    assert "<script" not in text


def _service(tmp_path: Path, built: Path) -> Handouts:
    with handouts(tmp_path, page_dir=built) as service:
        return service


def test_the_built_page_is_asked_for_each_time_and_its_assets_never_again(tmp_path: Path, built: Path) -> None:
    service = _service(tmp_path, built)
    index, asset, icon = (service.get(path) for path in ("/", "/assets/app-1a2b.js", "/icon.svg"))
    assert index.data == b"<h1>built</h1>" and index.headers["Cache-Control"] == "no-cache"
    assert "immutable" in asset.headers["Cache-Control"] and asset.mimetype == "text/javascript"
    assert icon.mimetype == "image/svg+xml" and icon.headers["Cache-Control"] == "no-cache"
    again = service.get("/", headers={"If-None-Match": index.headers["ETag"]})
    assert again.status_code == 304


def test_a_page_that_is_rebuilt_is_served_at_once(tmp_path: Path, built: Path) -> None:
    service = _service(tmp_path, built)
    (built / "index.html").unlink()
    assert b"A photo becomes a painting" in service.get("/").data
    (built / "index.html").write_text("new")
    assert service.get("/").data == b"new"


@pytest.mark.parametrize(
    "path", ["/assets/../../outside.txt", "/assets/%2e%2e/%2e%2e/outside.txt", "/..%2foutside.txt"]
)
def test_nothing_outside_of_the_page_is_served(tmp_path: Path, built: Path, path: str) -> None:
    answer = _service(tmp_path, built).get(path)
    assert answer.status_code == 404 and b"outside" not in answer.data


@pytest.mark.parametrize("path", ["/.secret", "/nothing.txt", "/assets", "/assets/nothing.js"])
def test_what_is_not_there_is_a_problem(tmp_path: Path, built: Path, path: str) -> None:
    answer = _service(tmp_path, built).get(path)
    assert answer.status_code == 404 and answer.mimetype == "application/problem+json"


def test_what_the_build_compressed_is_sent_as_it_is(tmp_path: Path, built: Path) -> None:
    (built / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"1"))
    with handouts(tmp_path, page_dir=built) as service:
        packed = service.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip, br"})
        plain = service.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.data) == b"1"
    assert "Content-Encoding" not in plain.headers and plain.data == b"1"
    for answer in (packed, plain):
        assert answer.mimetype in ("text/javascript", "application/javascript")
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "immutable" in answer.headers["Cache-Control"]
