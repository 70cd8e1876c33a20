"""How the API starts: what it refuses, what it waits for, and what it says."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import uuid4

import pytest
import requests
from structlog.testing import capture_logs

from backend.operate.janitor import LEADER
from backend.starting import await_ports, places, warnings
from jobs.errors import Unavailable
from jobs.settings import Settings
from jobs.wiring import Ports, UnknownUrl, open_ports
from scripts.servers import RedisServer
from scripts.service import ROOT
from tests.backend.running import answer, free_port, running
from tests.backend.service import SECRET
from tests.jobs.jobs_made import enqueued

if TYPE_CHECKING:
    from tests.servers import OwnServer


REDIS = "redis://anna:secret@127.0.0.1:1/0"


def test_backends_that_would_not_believe_each_other_are_warned_of() -> None:
    (warning,) = warnings(Settings(store_url=REDIS))
    assert warning.startswith("NST_SECRET is not set")
    assert not [*warnings(Settings(store_url=REDIS, secret=SECRET))]
    assert not [*warnings(Settings())]


def test_places_are_shown_without_passwords() -> None:
    assert places(Settings()) == {}
    shown = places(Settings(store_url=REDIS, bus_url="kafka://olga:secret@127.0.0.1:9092/t", artifacts_url="s3://b/p"))
    assert shown["pictures"] == "s3://b/p"
    assert "anna" in shown["store"] and "olga" in shown["bus"] and "secret" not in str(shown)


def _opening(*answers: Exception | None) -> Callable[[Settings], Ports]:
    left = list(answers)

    def open_after(settings: Settings) -> Ports:
        if error := left.pop(0):
            raise error
        return open_ports(settings)

    return open_after


def test_what_comes_up_later_is_waited_for_with_one_line_for_each_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.starting._FIRST_PAUSE_SECONDS", 0.001)
    away, full = Unavailable("the bucket is away"), Unavailable("the disk is full")
    with patch("backend.starting.open_ports", _opening(away, away, full, None)), capture_logs() as lines:
        await_ports(Settings(data_dir=tmp_path))
    assert [line["reason"] for line in lines] == ["the bucket is away", "the disk is full"]


def test_what_does_not_come_up_is_given_up(tmp_path: Path) -> None:
    away = Unavailable("the bucket is away")
    with patch("backend.starting.open_ports", _opening(away)), pytest.raises(Unavailable, match="bucket"):
        await_ports(Settings(data_dir=tmp_path), patience_seconds=0)


def test_what_waiting_cannot_help_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(UnknownUrl):
        await_ports(Settings(data_dir=tmp_path, store_url="mongodb://x"))


def test_the_api_comes_up_before_its_redis_and_says_what_is_missing(tmp_path: Path, own_server: "OwnServer") -> None:
    redis, port = RedisServer(tmp_path / "redis"), free_port()
    with running("backend.server", tmp_path, store_url=redis.url, port=port, secret=SECRET) as (process, _):
        url = f"http://127.0.0.1:{port}"
        assert answer(f"{url}/healthz").text == "ok\n"
        refusal = answer(f"{url}/readyz?part=api", 503).json()
        assert refusal["detail"] == "Not ready: the store cannot be used."
        assert requests.get(f"{url}/api/jobs/{'0' * 32}", timeout=10).json()["code"] == "unavailable"
        own_server(redis)
        answer(f"{url}/readyz?part=api")
        assert requests.get(f"{url}/api/jobs/{'0' * 32}", timeout=10).status_code == 404
        assert process.poll() is None


def test_a_backend_that_is_stopped_lets_another_one_clean_up(tmp_path: Path, redis_server: RedisServer) -> None:
    port, prefix = free_port(), f"{uuid4().hex}:"
    chosen = {"store_url": redis_server.url, "redis_prefix": prefix, "port": port}
    store = open_ports(Settings(data_dir=tmp_path / "mine", store_url=redis_server.url, redis_prefix=prefix)).store
    with running("backend.server", tmp_path, **chosen) as (process, said):
        deadline = time.monotonic() + 20
        while "nst_janitor_leader 1.0" not in answer(f"http://127.0.0.1:{port}/metrics").text:
            assert time.monotonic() < deadline
        assert not store.reserve(LEADER, "me", 1)
    assert process.returncode == 0
    assert store.reserve(LEADER, "me", 1)
    assert "NST_SECRET is not set" in said.read_text()
    store.close()


def test_an_open_event_stream_keeps_no_other_backend_from_cleaning_up(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    port, prefix = free_port(), f"{uuid4().hex}:"
    chosen: dict[str, Any] = {"store_url": redis_server.url, "redis_prefix": prefix, "secret": SECRET}
    ports = open_ports(Settings(data_dir=tmp_path / "mine", **chosen))
    id, url = enqueued(ports.store), f"http://127.0.0.1:{port}"
    with running("backend.server", tmp_path, port=port, **chosen) as (process, _):
        deadline = time.monotonic() + 20
        while "nst_janitor_leader 1.0" not in answer(f"{url}/metrics").text:
            assert time.monotonic() < deadline
        with requests.get(f"{url}/api/jobs/{id}/events", stream=True, timeout=10) as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if b"queued" in line)
            process.terminate()
            while not ports.store.reserve(LEADER, "me", 60):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            ports.store.claim("worker", id)  # the stream goes on for a while, and another backend cleans up already
            assert next(line for line in lines if b"running" in line)
        assert process.wait(20) == 0
    ports.close()


def test_at_a_terminal_the_log_is_in_a_data_folder_that_is_made(tmp_path: Path, redis_server: RedisServer) -> None:
    folder, (mine, theirs) = tmp_path / "fresh" / "data", os.openpty()
    settings = {
        "NST_DATA_DIR": str(folder),
        "NST_STORE_URL": redis_server.url,
        "NST_REDIS_PREFIX": f"{uuid4().hex}:",
        "NST_ARTIFACTS_URL": f"file://{tmp_path}/pictures",
        "NST_SECRET": SECRET,
        "NST_PORT": "0",
        "NST_WORKERS": "0",
    }
    launcher = (sys.executable, "-m", "backend")
    process = subprocess.Popen(
        launcher, cwd=ROOT, env=os.environ | settings, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs
    )
    deadline = time.monotonic() + 20
    while not (folder / "service.log").exists():
        assert process.poll() is None, os.read(mine, 4096)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    assert process.wait(20) == 0
    os.close(mine)
    os.close(theirs)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"proxy_user_header": "X-User"}, "NST_TRUSTED_PROXIES is 0"),
        ({"secret": ""}, "NST_SECRET has 0 bytes"),
        ({"secret": "correct horse battery staple"}, "NST_SECRET has 28 bytes"),
        ({"api_keys": "anna:secret"}, "NST_API_KEYS: the entry of 'anna'"),
        ({"store_url": "redis://127.0.0.1:port/0"}, "NST_STORE_URL is 'redis://127.0.0.1:port/0'"),
    ],
)
@pytest.mark.parametrize("module", ["backend.server", "backend"])
def test_settings_that_cannot_work_are_refused_in_a_sentence(
    tmp_path: Path, module: str, settings: dict[str, str], sentence: str
) -> None:
    with running(module, tmp_path, port=0, **settings) as (process, said):
        assert process.wait(30) == 2
    text = said.read_text()
    assert sentence in text and "Traceback" not in text and len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"store_url": "redis://anna:secret@127.0.0.1:{port}/0"}, "the store redis://anna:***@127.0.0.1:{port}/0"),
        ({"bus_url": "kafka://127.0.0.1:{port}/nst.jobs"}, "Kafka"),
    ],
)
def test_the_launcher_refuses_servers_that_are_not_there(tmp_path: Path, settings: dict[str, str], part: str) -> None:
    port = free_port()
    given = {name: value.format(port=port) for name, value in settings.items()}
    with running("backend", tmp_path, port=0, workers=0, **given) as (process, said):
        assert process.wait(30) == 2
    text = said.read_text()
    assert text.startswith("The service cannot start:") and part.format(port=port) in text
    assert "secret" not in text.replace("NST_SECRET", "") and "Traceback" not in text


def test_the_launcher_runs_the_api_alone_and_says_where_everything_is(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    settings = {"store_url": redis_server.url, "redis_prefix": f"{uuid4().hex}:", "port": 0, "workers": 0}
    with running("backend", tmp_path, secret=SECRET, **settings) as (_, said):
        deadline = time.monotonic() + 20
        while not (found := re.search(r"http://\S+", said.read_text())):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        answer(f"{found[0]}/readyz?part=api")
        answer(f"{found[0]}/readyz", 503)
        assert f"  store    {redis_server.url}\n" in said.read_text()
