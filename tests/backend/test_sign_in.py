"""Signing in is left to a proxy: nginx with the configuration that is handed out, in front of the real API."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from jobs.ports import JobStore
from jobs.settings import Settings
from jobs.wiring import open_store
from scripts.service import ROOT
from tests.backend.running import answer, free_port, running
from tests.backend.service import picture

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
REQUIRED = (
    "CI" in os.environ or "NST_REQUIRE_SERVERS" in os.environ
)  # read before the tests clear what begins with NST_
CONFIGURATION = ROOT / "deploy/compose/sign-in.conf"
USER_HEADER = "X-Auth-Request-Email"


class _Doorkeeper(BaseHTTPRequestHandler):
    """Knows who has signed in, as oauth2-proxy does: whoever has the cookie of a session."""

    def do_GET(self) -> None:
        name = self.headers.get("Cookie", "").removeprefix("session=")
        self.send_response(202 if name else 401)
        if name:
            self.send_header(USER_HEADER, f"{name}@example.org")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


@dataclass(frozen=True)
class Front:
    """The proxy that signs people in, and the store behind it."""

    url: str
    backend: str
    store: JobStore

    def submit(self, user: str = "", url: str = "", **headers: str) -> requests.Response:
        named = {name.replace("__", "-"): value for name, value in headers.items()}
        files = {"content": picture(0), "style": picture(1)}
        return requests.post(
            f"{url or self.url}/api/jobs",
            files=files,
            data={"options": '{"size": 64, "iterations": 1}', "fresh": "true"},
            headers=named | ({"Cookie": f"session={user}"} if user else {}),
            timeout=20,
        )

    def client_of(self, answer: requests.Response) -> str:
        assert answer.status_code == 202, answer.text
        return self.store.get(answer.json()["id"]).spec.client


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        if REQUIRED:
            pytest.fail("servers are required here, and nginx is not on this machine")
        pytest.skip("nginx is not on this machine (on Debian: apt-get install nginx)")
    folder = tmp_path_factory.mktemp("sign-in")
    backend, port = f"127.0.0.1:{free_port()}", free_port()
    settings = {"port": backend.rpartition(":")[2], "proxy_user_header": USER_HEADER, "trusted_proxies": 1}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Doorkeeper) as doorkeeper:
        threading.Thread(target=doorkeeper.serve_forever, daemon=True).start()
        with running("backend.server", folder, **settings):
            answer(f"http://{backend}/healthz")
            store = open_store(Settings(data_dir=folder / "data"))
            nginx = _nginx(folder, port, backend, f"127.0.0.1:{doorkeeper.server_port}")
            try:
                answer(f"http://127.0.0.1:{port}/oauth2/x", 401)
                yield Front(f"http://127.0.0.1:{port}", f"http://{backend}", store)
            finally:
                nginx.terminate()
                nginx.wait(10)
                store.close()
        doorkeeper.shutdown()


def _nginx(folder: Path, port: int, backend: str, doorkeeper: str) -> "subprocess.Popen[bytes]":
    written = CONFIGURATION.read_text(encoding="utf-8")
    for ours, here in {
        "/var/lib/sign-in": str(folder),
        "listen 8080": f"listen 127.0.0.1:{port}",
        "backend:5000": backend,
        "frontend:5173": backend,
        "oauth2-proxy:4180": doorkeeper,
        "worker_processes auto": "worker_processes 1",
    }.items():
        assert ours in written
        written = written.replace(ours, here)
    (folder / "nginx.conf").write_text(written, encoding="utf-8")
    # As root its workers would be somebody else, who may not read this folder.
    extra = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    assert NGINX
    return subprocess.Popen((NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", extra))


def test_who_has_signed_in_is_the_client(front: Front) -> None:
    assert front.client_of(front.submit("anna")) == "user:anna@example.org"


def test_nobody_says_himself_who_he_is(front: Front) -> None:
    forged = {"X__Auth__Request__Email": "anna@example.org"}
    assert front.client_of(front.submit("mallory", **forged)) == "user:mallory@example.org"
    assert (
        front.client_of(front.submit("mallory", X_Auth_Request_Email="anna@example.org")) == "user:mallory@example.org"
    )
    assert front.submit(**forged).status_code == 401


def test_who_is_not_signed_in_submits_nothing(front: Front) -> None:
    answer = front.submit()
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_person_who_is_not_signed_in_is_led_to_where_he_can(front: Front) -> None:
    answer = requests.get(f"{front.url}/", timeout=10, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{front.url}/oauth2/sign_in?rd={front.url}/")


def test_everybody_lists_his_own_jobs(front: Front) -> None:
    id = front.submit("zoe").json()["id"]

    def listed(user: str) -> list[str]:
        answer = requests.get(f"{front.url}/api/jobs", headers={"Cookie": f"session={user}"}, timeout=10)
        return [job["id"] for job in answer.json()["jobs"]]

    assert listed("zoe") == [id] and id not in listed("yves")


def test_past_the_proxy_a_name_is_needed_and_its_twin_is_refused(front: Front) -> None:
    assert front.submit(url=front.backend).json()["code"] == "sign_in_needed"
    assert front.submit(url=front.backend, X_Auth_Request_Email="anna@example.org").status_code == 400
