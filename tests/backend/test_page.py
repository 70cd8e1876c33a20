"""The page where it is built, and the small one where it is not."""

from pathlib import Path

import pytest

from tests.backend.handouts import Handouts, handouts


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
