"""deploy/compose/sign-in.conf, for an nginx of one's own: programs with a key come to the API, and to nothing else."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts.servers.process import free_port
from tests.deploy.composition import ROOT
from tests.deploy.neighbours import status, within
from tests.deploy.stand_ins import COOKIE, KEYS, NO_KEYS, standing_in

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NEWS = "/api/jobs/0123456789abcdef0123456789abcdef/events"
CLAIM = {"X-Auth-Request-Email": "boss@example.org"}

each_address = pytest.mark.parametrize("path", ["/api/jobs", NEWS])


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """nginx with the file, in front of all that it leads to; its URL."""
    if NGINX is None:
        pytest.skip("nginx is not on this machine (on Debian: apt-get install nginx)")
    folder, port = tmp_path_factory.mktemp("sign-in"), free_port()
    with standing_in() as ports:
        _write(folder / "nginx.conf", ports, port)
        # As root its workers would be somebody else, who may not read this folder.
        extra = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        command = (NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-g", extra)
        with subprocess.Popen(command) as process:
            try:
                assert within(10, lambda: status(f"http://127.0.0.1:{port}/api/limits") == 401)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def _write(file: Path, ports: dict[str, int], port: int) -> None:
    text = (ROOT / "deploy/compose/sign-in.conf").read_text()
    changes = {
        "/var/lib/sign-in": str(file.parent),
        "listen 8080": f"listen 127.0.0.1:{port}",
        "worker_processes auto": "worker_processes 1",
        "backend:5000": f"127.0.0.1:{ports['backend']}",
        "frontend:5173": f"127.0.0.1:{ports['frontend']}",
        "oauth2-proxy:4180": f"127.0.0.1:{ports['oauth2-proxy']}",
    }
    for theirs, ours in changes.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    file.write_text(text)


@each_address
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_program_with_a_key_is_let_through_to_the_api_as_nobody(front: str, path: str, key: dict[str, str]) -> None:
    answer = requests.get(f"{front}{path}", headers={**key, **CLAIM}, timeout=10)
    assert (answer.status_code, answer.json()["who"]) == (200, "backend")
    assert not [name for name in answer.json()["headers"] if name.startswith("x-auth-request")]
    page = requests.get(front, headers=key, timeout=10, allow_redirects=False)
    assert page.status_code == 302  # it is for people


@each_address
@pytest.mark.parametrize("header", NO_KEYS, ids=str)
def test_what_is_no_key_is_not_let_through(front: str, path: str, header: dict[str, str]) -> None:
    answer = requests.get(f"{front}{path}", headers=header, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")


@each_address
def test_who_has_signed_in_is_named_to_the_api(front: str, path: str) -> None:
    answer = requests.get(f"{front}{path}", headers=CLAIM, cookies=COOKIE, timeout=10)
    assert answer.json()["headers"]["x-auth-request-email"] == "anna@example.org"


def test_nobody_asks_the_door_itself(front: str) -> None:
    for path in ("/oauth2/auth", "/oauth2/key-or-person"):
        assert requests.get(f"{front}{path}", headers=KEYS[0], timeout=10).status_code == 404
