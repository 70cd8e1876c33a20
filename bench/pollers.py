"""A thousand pages that poll a running job once a second each: ``python -m bench pollers``.

Over Kafka and Redis, with the client on the same cores: it is one thread over connections that stay open, so that it
costs little of what it measures. Requests are due at fixed moments, and one that is late is timed from when it was due.
"""

import os
import selectors
import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from bench.drills.fleet import Fleet, until
from bench.report import Report

_TICKS = os.sysconf("SC_CLK_TCK")


def benchmark(pages: int = 1000, seconds: float = 20.0) -> Report:
    """About two minutes.

    Args:
        pages: people who poll once a second.
        seconds: how long they do.
    """
    settings = {"NST_THREADS": "32"}
    engine = "bench.drills.engines:Dozer"
    with (
        TemporaryDirectory(prefix="nst-bench-") as folder,
        Fleet(Path(folder), workers=1, engine=engine, settings=settings) as fleet,
    ):
        job_id = fleet.submit(2000)
        until(lambda: fleet.store.facts().running == 1, "it runs")
        rows = [_polled(fleet, job_id, count, seconds) for count in (pages // 4, pages // 2, pages)]
    summary = {"status at the full rate, p95, ms": rows[-1]["p95, ms"], "answered": rows[-1]["answered a second"]}
    return Report("pollers", "Pages that poll one running job once a second, each with If-None-Match", rows, summary)


def _polled(fleet: Fleet, job_id: str, pages: int, seconds: float) -> dict[str, Any]:
    redis = Redis.from_url(fleet.redis.url)
    api = next(pid for pid in sorted(fleet.api.members(), reverse=True) if _command(pid).find("backend.server") >= 0)
    before, commands = _processor_seconds(api, fleet.redis.pid or 0), _commands(redis)
    took = poll(fleet.api.url, f"/api/jobs/{job_id}", pages, seconds)
    after, more = _processor_seconds(api, fleet.redis.pid or 0), _commands(redis)
    redis.close()
    cuts = statistics.quantiles(took, n=100)
    return {
        "pages": pages,
        "answered a second": len(took) / seconds,
        "median, ms": 1000 * statistics.median(took),
        "p95, ms": 1000 * cuts[94],
        "p99, ms": 1000 * cuts[98],
        "API, % of a core": 100 * (after[0] - before[0]) / seconds,
        "Redis, % of a core": 100 * (after[1] - before[1]) / seconds,
        "Redis commands for each": (more - commands) / len(took),
    }


@dataclass
class _Page:
    """One connection that stays open."""

    link: socket.socket
    due: float
    tag: str = ""
    waiting: bool = False
    answer: bytearray = field(default_factory=bytearray)


def poll(url: str, path: str, pages: int, seconds: float) -> list[float]:
    """Seconds of every answer, each from when its request was due."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 80
    began, took = time.perf_counter() + 0.5, list[float]()
    with selectors.DefaultSelector() as selector:
        everyone = [_Page(socket.create_connection((host, port)), began + n / pages) for n in range(pages)]
        for page in everyone:
            selector.register(page.link, selectors.EVENT_READ, page)
        line = everyone[:]  # in the order in which they are due, from the first on
        while (now := time.perf_counter()) < began + seconds:
            while line and line[0].due <= now:
                _ask(line.pop(0), path, host)
            pause = max(0.0, line[0].due - now) if line else 0.01
            for key, _ in selector.select(min(pause, 0.01)):
                took += _heard(key.data, line)
        for page in everyone:
            page.link.close()
    return took


def _ask(page: _Page, path: str, host: str) -> None:
    known = f"If-None-Match: {page.tag}\r\n" if page.tag else ""
    page.link.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{known}\r\n".encode())
    page.waiting = True


def _heard(page: _Page, due: list[_Page]) -> Iterator[float]:
    """The time of an answer that is whole; its page is due again a second after it was."""
    page.answer += page.link.recv(65_536)
    head, found, body = bytes(page.answer).partition(b"\r\n\r\n")
    lines = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    fields = {name.lower(): value for name, _, value in lines}
    if not found or len(body) < int(fields.get(b"content-length", b"0")):
        return
    status = int(head[9:12])
    if status not in (200, 304):
        raise RuntimeError(f"a poll was answered {head[:200]!r}")
    page.tag = fields.get(b"etag", b"").decode()
    page.answer.clear()
    page.waiting = False
    yield time.perf_counter() - page.due
    page.due += 1.0
    due.append(page)


def _processor_seconds(*pids: int) -> list[float]:
    found = []
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        found.append((int(fields[11]) + int(fields[12])) / _TICKS)
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode()


def _commands(redis: "Redis") -> int:
    return int(redis.info("stats")["total_commands_processed"])  # type: ignore[index]
