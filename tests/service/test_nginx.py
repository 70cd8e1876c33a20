"""The page's nginx in front of the real API: one origin, the same headers, large uploads, events as they happen."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from backend.security import CONTENT_SECURITY_POLICY
from scripts.service import ROOT, Service

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SECURITY = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy")
REQUIRED = "NST_REQUIRE_SERVERS" in os.environ  # read before the tests clear what begins with NST_
PHOTO = ROOT / "examples/photos/coffee.jpg"


@dataclass(frozen=True)
class Front:
    """nginx with the page, and the service behind it."""

    url: str
    service: Service

    def get(self, path: str, **arguments: object) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build leaves, in small."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "index-1a2b3c.js").write_text("// a script that is long enough\n" * 100)
    return folder


@pytest.fixture(scope="module")
def front(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        if REQUIRED:
            pytest.fail("NST_REQUIRE_SERVERS is set, and nginx is not on this machine")
        pytest.skip("nginx is not on this machine (on Debian: apt-get install nginx)")
    settings = {"NST_ENGINE": "bench.sleeper:Sleeper", "NST_TRUSTED_PROXIES": "1", "NST_PAGE_DIR": str(page)}
    with Service(tmp_path_factory.mktemp("data"), settings) as service:
        port = _free_port()
        folder = tmp_path_factory.mktemp("nginx")
        with _nginx(folder, page, service.url, port) as process:
            yield Front(f"http://127.0.0.1:{port}", service)
        assert process.returncode == 0


def _nginx(folder: Path, page: Path, backend: str, port: int) -> "subprocess.Popen[bytes]":
    written = (ROOT / "frontend/nginx.conf").read_text(encoding="utf-8")
    for ours, here in {
        "/var/lib/page": str(folder),
        "/usr/share/nginx/html": str(page),
        "http://backend:5000": backend,
        "listen 5173": f"listen 127.0.0.1:{port}",
        "worker_processes auto": "worker_processes 1",
    }.items():
        assert ours in written
        written = written.replace(ours, here)
    config = folder / "nginx.conf"
    config.write_text(written, encoding="utf-8")
    # As root its workers would be somebody else, who may not read this folder.
    extra = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    assert NGINX
    process = _Ending((NGINX, "-c", str(config), "-p", str(folder), "-g", extra))
    _await(port)
    return process


class _Ending(subprocess.Popen[bytes]):
    """Ends with its block."""

    def __exit__(self, *rest: object) -> None:
        self.terminate()
        self.wait(10)


@pytest.mark.parametrize("path", ["/", "/favicon.svg", "/assets/index-1a2b3c.js"])
def test_the_page_comes_with_the_headers_that_the_service_would_send(front: Front, path: str) -> None:
    ours, theirs = front.get(path), requests.get(front.service.url + path, timeout=30)
    assert ours.status_code == theirs.status_code == 200 and ours.content == theirs.content
    names = (*SECURITY, "Cache-Control")
    assert {name: ours.headers.get(name) for name in names} == {name: theirs.headers.get(name) for name in names}
    assert ours.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_scripts_are_compressed_and_kept_for_good(front: Front) -> None:
    answer = front.get("/assets/index-1a2b3c.js")
    assert answer.headers["Content-Encoding"] == "gzip" and "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/assets/nothing.js", "/nothing", "/metrics", "/readyz"])
def test_what_is_not_there_is_not_the_page(front: Front, path: str) -> None:
    answer = front.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_the_api_is_on_the_same_origin_and_its_headers_come_once(front: Front) -> None:
    answer = front.get("/api/limits")
    assert answer.json()["max_styles"] == 4
    raw = answer.raw.headers
    assert all(len(raw.getlist(name)) == 1 for name in SECURITY)
    assert front.get("/api/nothing").json()["code"] == "not_found"


def test_an_upload_above_nginx_s_own_limit_reaches_the_api(front: Front) -> None:
    photo = PHOTO.read_bytes() + b"\0" * 3_000_000
    files = {"content": photo, "style": photo}
    answer = requests.post(
        f"{front.url}/api/jobs", files=files, data={"options": '{"size": 64, "iterations": 1}'}, timeout=30
    )
    assert answer.status_code == 202, answer.text


def test_too_large_a_file_is_refused_in_the_words_of_the_api(front: Front) -> None:
    photo = PHOTO.read_bytes() + b"\0" * 25_000_000
    answer = requests.post(
        f"{front.url}/api/jobs", files={"content": photo}, data={"style_id": "night-wind"}, timeout=30
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


def test_the_news_of_a_job_arrive_as_they_happen(front: Front) -> None:
    options = json.dumps({"size": 64, "iterations": 100, "save_every": 0})
    data = {"style_id": "night-wind", "options": options, "fresh": "true"}
    with PHOTO.open("rb") as photo:
        job = requests.post(f"{front.url}/api/jobs", files={"content": photo}, data=data, timeout=30).json()
    arrivals: list[float] = []
    with front.get(job["links"]["events"], stream=True) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        arrivals += [time.monotonic() for line in stream.iter_lines(chunk_size=1) if line.startswith(b"id:")]
    assert len(arrivals) > 3
    assert arrivals[-1] - arrivals[0] > 1  # two seconds of painting, not a heap at the end
    assert max(later - sooner for sooner, later in pairwise(arrivals)) < 1.5


def test_without_the_api_the_page_stays_and_says_when_to_try_again(page: Path, tmp_path: Path) -> None:
    if NGINX is None:
        pytest.skip("nginx is not on this machine (on Debian: apt-get install nginx)")
    port, nobody = _free_port(), _free_port()
    with _nginx(tmp_path, page, f"http://127.0.0.1:{nobody}", port):
        url = f"http://127.0.0.1:{port}"
        assert requests.get(f"{url}/", timeout=10).status_code == 200
        assert requests.get(f"{url}/healthz", timeout=10).text == "ok\n"
        answer = requests.get(f"{url}/api/limits", timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start")
