"""Caddy in front, with the files of deploy/compose: encryption, one origin, and nobody who says himself who he is."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from scripts.servers.process import INSTALLED, free_port
from tests.deploy.composition import ROOT, services
from tests.deploy.neighbours import Names, missing, within
from tests.deploy.stand_ins import COOKIE, KEYS, NO_KEYS, standing_in

#: Where it is put by hand, before where the system has it.
PROGRAMS = f"{INSTALLED / 'bin'}:{os.environ['PATH']}"
CADDY = shutil.which("caddy", path=PROGRAMS)


@dataclass(frozen=True)
class Front:
    """A running Caddy."""

    port: int
    authority: Path

    def get(self, path: str, **arguments: object) -> requests.Response:
        url = f"https://localhost:{self.port}{path}"
        chosen = {"verify": str(self.authority), "timeout": 10, "allow_redirects": False, **arguments}
        return requests.get(url, **chosen)  # type: ignore[arg-type]


Start = Callable[[str], Front]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Caddy with a file of deploy/compose; its neighbours are there."""
    if CADDY is None:
        missing("caddy is not on this machine")
    if _version() < (2, 8):
        pytest.skip("caddy is older than 2.8, and the image of the compose file is newer")
    started: list[subprocess.Popen[bytes]] = []
    with standing_in() as ports, closing(Names(["127.0.0.1"])) as names:

        def run(file: str) -> Front:
            port = free_port()
            config = tmp_path / "Caddyfile"
            config.write_text(_here((ROOT / "deploy/compose" / file).read_text(), {**ports, "names": names.port}, port))
            started.append(_caddy(config, tmp_path))
            front = Front(port, tmp_path / "data/caddy/pki/authorities/local/root.crt")
            assert within(20, lambda: _answers(front))
            return front

        yield run
        for process in started:
            process.terminate()
            process.wait(10)


def _here(text: str, ports: Mapping[str, int], port: int) -> str:
    """With ports of this machine, and our name server for Docker's."""
    changes = {
        "http_port 8080": f"http_port {free_port()}\n\tskip_install_trust",
        "https_port 8443": f"https_port {port}",
        "http://:2080": f"http://:{free_port()}",
        "dynamic a backend 5000 {": f"dynamic a backend {ports['backend']} {{\n resolvers 127.0.0.1:{ports['names']}",
        "frontend:5173": f"127.0.0.1:{ports['frontend']}",
    }
    for theirs, ours in changes.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    return text.replace("oauth2-proxy:4180", f"127.0.0.1:{ports['oauth2-proxy']}")


def _caddy(config: Path, folder: Path) -> "subprocess.Popen[bytes]":
    assert CADDY
    homes = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder), "NST_DOMAIN": "localhost"}
    command = (CADDY, "run", "--adapter", "caddyfile", "--config", str(config))
    return subprocess.Popen(command, env={**os.environ, **homes}, stderr=subprocess.DEVNULL)


def _version() -> tuple[int, ...]:
    assert CADDY
    told = subprocess.run((CADDY, "version"), capture_output=True, text=True, check=True).stdout
    found = re.match(r"v?(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else (99,)  # built by hand, it may not know


def _answers(front: Front) -> bool:
    try:
        return front.authority.exists() and bool(front.get("/").status_code)
    except requests.ConnectionError:
        return False


def test_api_and_page_are_one_origin_behind_https(start: Start) -> None:
    front = start("Caddyfile")
    api, page = front.get("/api/limits"), front.get("/assets/index.js")
    assert (api.json()["who"], api.json()["path"]) == ("backend", "/api/limits")
    assert (page.json()["who"], page.json()["path"]) == ("frontend", "/assets/index.js")
    assert api.headers["Strict-Transport-Security"].startswith("max-age=")
    assert front.get("/metrics").json()["who"] == "frontend"  # of the API nothing but /api


def test_the_api_learns_who_asks_from_the_one_proxy_that_it_believes(start: Start) -> None:
    headers = start("Caddyfile").get("/api/limits", headers={"X-Forwarded-For": "203.0.113.9"}).json()["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert services()["backend"].environment["NST_TRUSTED_PROXIES"] == "1"


def test_a_stranger_is_sent_to_sign_in_and_gets_nothing_from_the_api(start: Start) -> None:
    front = start("Caddyfile.sign-in")
    refused = front.get("/api/limits")
    assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_needed")
    assert refused.headers["Content-Type"] == "application/problem+json"
    page = front.get("/?a=1")
    assert page.status_code == 302
    assert page.headers["Location"] == f"/oauth2/sign_in?rd=https://localhost:{front.port}/?a=1"
    assert front.get("/oauth2/sign_in").json()["who"] == "oauth2-proxy"


def test_who_has_signed_in_is_named_to_the_api(start: Start) -> None:
    front = start("Caddyfile.sign-in")
    headers = front.get("/api/limits", cookies=COOKIE).json()["headers"]
    assert headers["x-auth-request-email"] == "anna@example.org"
    assert front.get("/", cookies=COOKIE).json()["who"] == "frontend"


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_program_with_a_key_is_let_through_to_the_api_as_nobody(start: Start, key: dict[str, str]) -> None:
    front = start("Caddyfile.sign-in")
    claim = {"X-Auth-Request-Email": "boss@example.org", "X-Auth-Request-User": "1"}
    answer = front.get("/api/jobs", headers={**key, **claim})
    assert (answer.status_code, answer.json()["who"]) == (200, "backend")
    assert not [name for name in answer.json()["headers"] if name.startswith("x-auth-request")]
    assert answer.json()["headers"].items() >= {(name.lower(), value) for name, value in key.items()}
    assert front.get("/", headers=key).status_code == 302  # the page is for people


@pytest.mark.parametrize("header", NO_KEYS, ids=str)
def test_what_is_no_key_is_not_let_through(start: Start, header: dict[str, str]) -> None:
    assert start("Caddyfile.sign-in").get("/api/jobs", headers=header).status_code == 401


def test_nobody_says_himself_who_he_is(start: Start) -> None:
    front = start("Caddyfile.sign-in")
    claim = {"X-Auth-Request-Email": "boss@example.org", "X-Auth-Request-User": "1", "X-Auth-Request-Groups": "all"}
    assert front.get("/api/limits", headers=claim).status_code == 401
    headers = front.get("/api/limits", headers=claim, cookies=COOKIE).json()["headers"]
    assert headers["x-auth-request-email"] == "anna@example.org"
    assert "x-auth-request-groups" not in headers
    page = front.get("/", headers=claim, cookies=COOKIE).json()["headers"]
    assert not [name for name in page if name.startswith("x-auth-request")]
