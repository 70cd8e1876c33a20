"""The log store and the collector that are deployed, started on this machine over a folder of Docker's log files."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.monitoring.tools import ROOT

CONFIGURATION = ROOT / "deploy/logs"
_CUT_BYTES = 16_384  # where Docker cuts a line
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Docker:
    """Where Docker would write what containers print."""

    folder: Path

    def prints(self, container: str, lines: Sequence[str]) -> None:
        """A container prints lines."""
        path = self.folder / container.encode().hex() / f"{container.encode().hex()}-json.log"
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            for line in lines:
                text = f"{line}\n"
                for start in range(0, len(text), _CUT_BYTES):
                    file.write(json.dumps(_written(container, text[start : start + _CUT_BYTES])) + "\n")


def _written(container: str, text: str) -> dict[str, Any]:
    now = time.time()
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e9):09d}Z"
    return {"log": text, "stream": "stdout", "attrs": {"tag": container}, "time": moment}


@dataclass(frozen=True, slots=True)
class Loki:
    """The store."""

    url: str

    def find(self, query: str, least: int = 1) -> list[tuple[Mapping[str, str], str]]:
        """Labels and line of what a query finds, as soon as it finds so many."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(found := self._query(query)) < least:
            assert time.monotonic() < deadline, f"{query} finds {len(found)}"
            time.sleep(0.2)
        return found

    def _query(self, query: str) -> list[tuple[Mapping[str, str], str]]:
        parameters = urlencode({"query": query, "limit": "1000", "since": "1h"})
        with urllib.request.urlopen(f"{self.url}/loki/api/v1/query_range?{parameters}", timeout=10) as answer:
            streams = json.load(answer)["data"]["result"]
        return [(stream["stream"], value[1]) for stream in streams for value in stream["values"]]


@contextmanager
def collecting(folder: Path, loki: str, collector: str) -> Iterator[tuple[Docker, Loki]]:
    """Start both programs with the configuration that is deployed; only addresses and folders differ."""
    docker, store = Docker(folder / "containers"), Loki(f"http://127.0.0.1:{_free_port()}")
    docker.folder.mkdir()
    with ExitStack() as stack:
        _run(stack, folder, (loki, f"-config.file={_loki_configuration(folder, store)}"), {})
        _await(f"{store.url}/ready")
        environment = {"CONTAINER_LOGS": str(docker.folder), "LOKI_URL": store.url}
        _run(stack, folder, (collector, f"--config={_collector_configuration(folder)}"), environment)
        yield docker, store


def _loki_configuration(folder: Path, store: Loki) -> Path:
    text = (CONFIGURATION / "loki.yml").read_text()
    values = yaml.safe_load(text.replace("/loki", str(folder / "loki")))
    port = int(store.url.rpartition(":")[2])
    values["server"] |= {"http_listen_port": port, "http_listen_address": "127.0.0.1", "grpc_listen_port": _free_port()}
    return _kept(folder / "loki.yml", values)


def _collector_configuration(folder: Path) -> Path:
    values = yaml.safe_load((CONFIGURATION / "collector.yml").read_text())
    values["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{_free_port()}"
    values["extensions"]["file_storage"]["directory"] = str(folder / "collector")
    values["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = f"127.0.0.1:{_free_port()}"
    return _kept(folder / "collector.yml", values)


def _kept(path: Path, values: Any) -> Path:
    path.write_text(yaml.safe_dump(values))
    return path


def _run(stack: ExitStack, folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> None:
    log = stack.enter_context((folder / f"{Path(command[0]).name}.log").open("w"))
    process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment}))
    stack.callback(process.kill)


def _await(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.2)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
