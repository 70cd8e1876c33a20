"""The service as a person starts it: real processes, real HTTP, the real engine where the picture matters."""

import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from jobs.model import JobStatus
from jobs.sqlite import SqliteStore
from jobs.terms import Policy
from scripts.service import ROOT, Service

PHOTO = ROOT / "examples/photos/coffee.jpg"
SLEEPING = {"NST_ENGINE": "bench.sleeper:Sleeper", "NST_LEASE_SECONDS": "2"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service with the real engine for the tests that only look."""
    folder = tmp_path_factory.mktemp("service")
    with Service(folder / "data", log=folder / "log") as running:
        yield running


def _submit(service: Service, **options: Any) -> dict[str, Any]:
    with PHOTO.open("rb") as photo:
        answer = requests.post(
            f"{service.url}/api/jobs",
            files={"content": photo},
            data={"style_id": "night-wind", "options": json.dumps({"size": 64, "iterations": 20, **options})},
            timeout=30,
        )
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def _ended(service: Service, job: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while job["status"] in ("queued", "running") and time.monotonic() < deadline:
        query = {"wait": 5, "version": job["version"]}
        job = requests.get(service.url + job["links"]["self"], params=query, timeout=30).json()
    return job


def test_a_photo_becomes_a_painting_over_http(service: Service) -> None:
    job = _ended(service, _submit(service, save_every=5))
    assert job["status"] == "succeeded"
    assert job["backbone"]["name"] == "wavelet"
    get = {name: requests.get(service.url + job["links"][name], timeout=30) for name in ("result", "archive", "losses")}
    result = Image.open(io.BytesIO(get["result"].content))
    assert (result.format, max(result.size)) == ("PNG", 64)
    with zipfile.ZipFile(io.BytesIO(get["archive"].content)) as archive:
        frames = [name for name in archive.namelist() if "/frames/" in name]
    assert len(frames) == len(job["frames"]) > 3
    assert len(get["losses"].text.splitlines()) == job["iteration"] + 1


def test_the_api_never_loads_torch(service: Service) -> None:
    _ended(service, _submit(service, seed=1))
    for pid in service.members():
        command = Path(f"/proc/{pid}/cmdline").read_text()
        if "backend.server" in command:
            assert "libtorch" not in Path(f"/proc/{pid}/maps").read_text()
            loaded_something = True
    assert loaded_something


def test_the_rendering_process_yields_to_the_api(service: Service) -> None:
    (renderer,) = [pid for pid in service.members() if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
    assert os.getpriority(os.PRIO_PROCESS, renderer) > 0


def test_ctrl_c_hands_the_running_job_back_and_a_new_start_goes_on_with_it(tmp_path: Path) -> None:
    settings = SLEEPING | {"NST_DRAIN_SECONDS": "0"}
    with Service(tmp_path, settings) as service:
        job = _submit(service, iterations=150)
        store = SqliteStore(tmp_path / "jobs.sqlite", Policy())
        _wait(lambda: store.get(job["id"]).status is JobStatus.RUNNING)
        time.sleep(0.5)
    handed_back = store.get(job["id"])
    assert (handed_back.status, handed_back.attempt) == (JobStatus.QUEUED, 0)
    with Service(tmp_path, settings) as service:
        ended = _ended(service, requests.get(f"{service.url}/api/jobs/{job['id']}", timeout=30).json())
    assert (ended["status"], ended["iteration"]) == ("succeeded", 150)
    assert ended["frames"] == sorted(set(ended["frames"]))


def test_every_process_ends_with_the_launcher(tmp_path: Path) -> None:
    service = Service(tmp_path, SLEEPING)
    service.start()
    service.await_ready()
    members = service.members()
    assert len(members) >= 4
    os.kill(service.process.pid, signal.SIGKILL)
    service.stop()
    _wait(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() and _alive(pid) for pid in members))


def test_a_port_that_is_taken_is_told_with_advice(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = _start({"NST_DATA_DIR": str(tmp_path), "NST_PORT": str(taken.getsockname()[1])})
    assert answer.returncode == 2
    assert "set NST_PORT to another port" in answer.stderr


def test_data_of_a_newer_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "jobs.sqlite") as file:
        file.execute("PRAGMA user_version = 99")
    before = (tmp_path / "jobs.sqlite").read_bytes()
    answer = _start({"NST_DATA_DIR": str(tmp_path), "NST_PORT": "0"})
    assert answer.returncode == 2
    assert "newer version" in answer.stderr
    assert (tmp_path / "jobs.sqlite").read_bytes() == before


def test_a_data_folder_that_is_a_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    answer = _start({"NST_DATA_DIR": str(tmp_path / "data"), "NST_PORT": "0"})
    assert answer.returncode == 2
    assert str(tmp_path / "data") in answer.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NST_PORT", "far"),
        ("NST_STORE_URL", "mongodb://x"),
        ("NST_API_KEYS", "name-without-hash"),
        ("NST_THREADS", "0"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_at_start(tmp_path: Path, name: str, value: str) -> None:
    answer = _start({"NST_DATA_DIR": str(tmp_path), "NST_PORT": "0", name: value})
    assert answer.returncode == 2
    assert name in answer.stderr
    assert "pydantic" not in answer.stderr


def _start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "backend")
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, timeout=60, check=False
    )


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(true: Any) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
