"""The service on a free port and a folder of its own, for programs that use it: the demo, the benchmark, the tests."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60
_STOP_SECONDS = 30


class Service:
    """``python -m backend`` as a person starts it; ready when the ``with`` block begins.

    Args:
        data: the folder it keeps its data in.
        settings: environment variables; ``NST_PORT`` is a free port unless they say otherwise.
        log: a file for the logs of API and worker; nowhere by default.
    """

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None, log: Path | None = None) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NST_")}
        weights = {name: value for name, value in os.environ.items() if name == "NST_WEIGHTS_DIR"}
        self._environment = {**inherited, **weights, "NST_DATA_DIR": str(data), "NST_PORT": "0", **(settings or {})}
        self._log = log
        self.data = data
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        self.await_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait for the address."""
        log = os.open(self._log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.process = subprocess.Popen(
            (sys.executable, "-m", "backend"),
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        os.close(log)
        self.url = self._address()
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def await_ready(self) -> None:
        """Wait until API and worker are up."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        self.stop()
        raise RuntimeError("the service did not become ready")

    def stop(self) -> None:
        """Stop it as Ctrl-C does; kill what does not listen."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join()

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would."""
        for pid in (self.process.pid, *self.members()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()

    def members(self) -> list[int]:
        """The ids of its living processes but the launcher: all of its session."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(fields[3]) == self.process.pid and fields[0] != "Z" and int(stat.parent.name) != self.process.pid:
                found.append(int(stat.parent.name))
        return found

    def kill_one(self, chance: random.Random, kinds: Sequence[str]) -> str:
        """Kill one process of these kinds, as they are called in ``resident_megabytes``; its kind."""
        pid, kind, _ = chance.choice([found for found in self._processes() if found[1] in kinds])
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(pid, signal.SIGKILL)
        return kind

    def resident_megabytes(self) -> dict[str, float]:
        """Memory of each process, by what it is."""
        return {kind: megabytes for _, kind, megabytes in self._processes()}

    def peak_megabytes(self, kind: str) -> float:
        """The most memory that a process of this kind has had resident since it began."""
        pid = next(pid for pid, found, _ in self._processes() if found == kind)
        status = Path(f"/proc/{pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1000

    def _processes(self) -> Iterator[tuple[int, str, float]]:
        """Id, kind and resident megabytes of each living process but the launcher."""
        for pid in self.members():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended meanwhile
            yield pid, _kind(command, parent == self.process.pid), pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _address(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            if match := re.search(r"http://\S+", line):
                return match[0]
        self.process.stdout.close()
        raise RuntimeError(f"the service ended with status {self.process.wait()} before it told its address")

    def _drain(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for _ in lines:
                pass


def _kind(command: str, first: bool) -> str:
    if "backend.server" in command:
        return "API, supervisor" if first else "API"
    if "spawn_main" in command:
        return "renderer"
    return "worker" if first else "worker, tracker"
