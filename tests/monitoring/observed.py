"""A real service that has had an eventful minute, and a real Prometheus that looked on."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from scripts.servers import PrometheusServer
from scripts.service import ROOT, Service
from tests.consumer.engines import KILLED, NUMERICAL

PHOTO = ROOT / "examples/photos/coffee.jpg"
_PATIENCE_SECONDS = 60
_SETTINGS = {
    "NST_ENGINE": "tests.consumer.engines:Trouble",
    "NST_LEASE_SECONDS": "2",
    "NST_MAX_ATTEMPTS": "2",
    "NST_RETRY_SECONDS": "0.1",
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What is left of it: Prometheus' memory, and every line that was logged."""

    prometheus: PrometheusServer
    log: Path
    jobs: Mapping[str, dict[str, Any]]  #: by what happened to them
    at: float  #: when it was over, in seconds since 1970

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression was worth when it was over, however long ago that is."""
        answer = self.prometheus.get("/api/v1/query", query=expression, time=str(self.at))
        return list(answer["data"]["result"])

    def lines(self) -> list[dict[str, Any]]:
        """The logged lines."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def observed(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Observed]:
    """Start both, let jobs succeed, fail, crash and be cancelled, and stay until Prometheus has seen it.

    Args:
        settings: such as those of servers; by default, everything is on one machine.
    """
    port = _free_port()
    environment = {**_SETTINGS, "NST_METRICS_PORT": str(port), **(settings or {})}
    log = folder / "log"
    with Service(folder / "data", environment, log=log) as service:
        address = service.url.removeprefix("http://")
        configuration = _configuration({"nst-backend": address, "nst-worker": f"127.0.0.1:{port}"})
        with PrometheusServer(folder / "prometheus", configuration) as prometheus:
            until(lambda: len(prometheus.query('up{job=~"nst-.*"} == 1')) == 2)  # so that a rise can be seen
            jobs = _eventful(service)
            until(lambda: _seen(prometheus))
            yield Observed(prometheus, log, jobs, time.time())


def _configuration(addresses: Mapping[str, str]) -> str:
    """The one that is deployed, with known addresses in place of names, and quicker."""
    values = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    values["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    values["rule_files"] = [str(ROOT / "deploy/prometheus" / name) for name in values["rule_files"]]
    values["scrape_configs"] = [
        {"job_name": one["job_name"], "static_configs": [{"targets": [addresses[one["job_name"]]]}]}
        for one in values["scrape_configs"]
        if one["job_name"] in addresses
    ]
    assert len(values["scrape_configs"]) == len(addresses)
    return str(yaml.safe_dump(values))


def _eventful(service: Service) -> dict[str, dict[str, Any]]:
    refused = requests.post(f"{service.url}/api/jobs", timeout=30)
    assert refused.status_code >= 400
    jobs = {
        "succeeded": submit(service),
        "failed": submit(service, seed=NUMERICAL),
        "crashed": submit(service, seed=KILLED),
        "next": submit(service, iterations=9),  # an equal one would be answered from what is stored
        "cancelled": submit(service, iterations=2000),
    }
    until(lambda: _now(service, jobs["cancelled"])["status"] == "running")
    headers = {"X-Owner-Token": jobs["cancelled"]["owner_token"]}
    answer = requests.post(f"{service.url}/api/jobs/{jobs['cancelled']['id']}/cancel", headers=headers, timeout=30)
    assert answer.status_code < 300, answer.text
    for job in jobs.values():
        until(lambda job=job: _now(service, job, wait=1)["status"] not in ("queued", "running"))  # type: ignore[misc]
    ended = {name: _now(service, job) for name, job in jobs.items()}
    assert [job["status"] for job in ended.values()] == ["succeeded", "failed", "failed", "succeeded", "cancelled"]
    return {name: {**jobs[name], **job} for name, job in ended.items()}


def submit(service: Service, **options: Any) -> dict[str, Any]:
    """Ask for a small picture; the answer, with the owner's token."""
    chosen = {"size": 64, "iterations": 8, "save_every": 4, **options}
    with PHOTO.open("rb") as photo:
        answer = requests.post(
            f"{service.url}/api/jobs",
            files={"content": photo},
            data={"style_id": "night-wind", "options": json.dumps(chosen)},
            timeout=30,
        )
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def _now(service: Service, job: Mapping[str, Any], **query: Any) -> dict[str, Any]:
    version = {"version": job["version"]} if query else {}
    answer = requests.get(service.url + job["links"]["self"], params={**query, **version}, timeout=30)
    return dict(answer.json())


def _seen(prometheus: PrometheusServer) -> bool:
    """Whether the last event was scraped, each process twice since, and the rules were evaluated after it."""
    ended = prometheus.query("sum(nst_jobs_finished_total) >= 5")
    rates = prometheus.query('nst:jobs_finished:rate5m{status="cancelled"} > 0')
    asked = prometheus.query("nst:submissions:rate5m and nst:status_seconds:p95")
    return bool(ended and rates and asked)


def until(true: Callable[[], object]) -> None:
    """Wait until something holds; an AssertionError where it takes too long."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


#: A metric of the service in an expression, with the matchers of its labels.
SELECTOR = re.compile(r"\b(nst[_:]\w+(?::\w+)*|up|process_\w+)(?:\{([^}]*)\})?")
