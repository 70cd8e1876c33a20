"""The launcher finds the page that this clone has built."""

from pathlib import Path

import pytest
import requests

from backend import __main__ as launcher
from jobs.settings import Settings
from scripts.service import Service


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    monkeypatch.setattr(launcher, "BUILT_PAGE", folder)
    return folder


def test_the_page_of_this_clone_is_served_where_it_is_built(built: Path) -> None:
    (built / "index.html").touch()
    assert launcher._page(Settings()) == {"NST_PAGE_DIR": str(built)}


def test_a_page_that_the_settings_name_comes_first(built: Path, tmp_path: Path) -> None:
    (built / "index.html").touch()
    assert launcher._page(Settings(page_dir=tmp_path)) == {}


def test_without_a_page_the_service_begins_all_the_same(built: Path) -> None:
    assert launcher._page(Settings()) == {}


def test_make_puts_the_page_where_the_launcher_looks(repository: Path) -> None:
    assert repository / "frontend" / "dist" == launcher.BUILT_PAGE
    assert "PAGE := frontend/dist/index.html\n" in (repository / "Makefile").read_text()


def test_the_named_page_is_what_a_browser_gets(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>named</title>")
    settings = {"NST_ENGINE": "bench.sleeper:Sleeper", "NST_PAGE_DIR": str(tmp_path)}
    with Service(tmp_path / "data", settings) as service:
        assert requests.get(service.url, timeout=10).text == "<title>named</title>"
