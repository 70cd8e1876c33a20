"""Processes of ours, as an operator starts them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from scripts.service import ROOT


@contextmanager
def running(
    module: str, folder: Path, *arguments: str, **settings: Any
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process of ours with these settings, and the file with all that it says; stopped at the end."""
    given = {f"NST_{name.upper()}": str(value) for name, value in settings.items()}
    said = folder / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            (sys.executable, "-m", module, *arguments),
            cwd=ROOT,
            env=os.environ | {"NST_DATA_DIR": str(folder / "data"), "PYTHONUNBUFFERED": "1"} | given,
            stdout=file,
            stderr=file,
            text=True,
        )
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(url: str, status: int = 200) -> requests.Response:
    """The answer as soon as it has this status."""
    deadline, last = time.monotonic() + 20, None
    while time.monotonic() < deadline:
        try:
            last = requests.get(url, timeout=10)
        except requests.ConnectionError:
            last = None
        if last is not None and last.status_code == status:
            return last
        time.sleep(0.05)
    raise AssertionError(f"{url} never answered {status}, but {last and last.text}")
