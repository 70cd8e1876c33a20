"""The page's nginx when backends come and go: a name is looked up again, and none at all is no reason not to start."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from scripts.servers.process import free_port
from tests.deploy.composition import ROOT
from tests.deploy.dockerfile import stages
from tests.deploy.neighbours import Names, status, within

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
REQUIRED = "NST_REQUIRE_SERVERS" in os.environ  # read before the tests clear what begins with NST_


@pytest.fixture
def names() -> Iterator[Names]:
    with closing(Names()) as server:
        yield server


class _Backend(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Say which one it is."""
        host = str(self.request.getsockname()[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(host)))
        self.end_headers()
        self.wfile.write(host)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def backends() -> Iterator[int]:
    """Two of them on one port of two addresses."""
    port = free_port()
    servers = [ThreadingHTTPServer((address, port), _Backend) for address in ("127.0.0.2", "127.0.0.3")]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield port
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def page(tmp_path: Path, names: Names, backends: int) -> Iterator[str]:
    """nginx as the image runs it, with what its entry point fills in; its URL."""
    if NGINX is None:
        if REQUIRED:
            pytest.fail("NST_REQUIRE_SERVERS is set, and nginx is not on this machine")
        pytest.skip("nginx is not on this machine (on Debian: apt-get install nginx)")
    port = free_port()
    _write_configuration(tmp_path, port, f"127.0.0.1:{names.port}", f"http://backend:{backends}")
    extra = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    command = (NGINX, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path), "-g", extra)
    with subprocess.Popen(command) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            assert within(10, lambda: status(f"{url}/healthz") == 200)
            yield url
        finally:
            process.terminate()


def _write_configuration(folder: Path, port: int, resolver: str, backend: str) -> None:
    written = (ROOT / "frontend/nginx.conf").read_text()
    for theirs, ours in {"/var/lib/page": str(folder), "listen 5173": f"listen 127.0.0.1:{port}"}.items():
        assert theirs in written
        written = written.replace(theirs, ours)
    (folder / "nginx.conf").write_text(written.replace("worker_processes auto", "worker_processes 1"))
    template = (ROOT / "frontend/upstream.conf.template").read_text()
    filled = template.replace("${NGINX_LOCAL_RESOLVERS}", resolver).replace("${BACKEND}", backend)
    assert "valid=5s" in filled
    (folder / "upstream.conf").write_text(filled.replace("valid=5s", "valid=1s"))  # so that the test need not wait


def test_requests_go_to_every_backend_and_to_those_alone_that_are_there(names: Names, page: str) -> None:
    names.addresses = ["127.0.0.2", "127.0.0.3"]
    assert within(5, lambda: {_answer(page) for _ in range(8)} == {"127.0.0.2", "127.0.0.3"})
    names.addresses = ["127.0.0.3"]
    assert within(5, lambda: {_answer(page) for _ in range(8)} == {"127.0.0.3"})


def test_a_backend_that_is_gone_costs_no_request(names: Names, page: str) -> None:
    names.addresses = ["127.0.0.4", "127.0.0.2"]  # nobody is at the first
    assert {_answer(page) for _ in range(10)} == {"127.0.0.2"}


def test_without_a_backend_the_page_starts_and_says_so_until_one_comes(names: Names, page: str) -> None:
    answer = requests.get(f"{page}/api/limits", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    names.addresses = ["127.0.0.2"]
    assert within(5, lambda: status(f"{page}/api/limits") == 200)


def test_the_template_is_filled_in_where_nginx_looks_for_it() -> None:
    image = stages(ROOT / "frontend/Dockerfile")[-1]
    copied = [step.words for step in image.steps if step.word == "COPY" and not step.source_stage]
    assert ["upstream.conf.template", "/etc/nginx/templates/upstream.conf.template"] in copied
    folder = image.environment["NGINX_ENVSUBST_OUTPUT_DIR"]
    assert f"include {folder}/upstream*.conf;" in (ROOT / "frontend/nginx.conf").read_text()
    assert image.environment["NGINX_ENTRYPOINT_LOCAL_RESOLVERS"] and image.environment["BACKEND"].startswith("http://")


def _answer(page: str) -> str:
    return requests.get(f"{page}/api/limits", timeout=10).text
