"""The service measured from outside: ``python -m bench service`` starts it, and behaves like its clients.

The client runs in this process and the service in its own, on the same cores: the figures include the competition.
"""

import io
import json
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from PIL import Image

from bench.pictures import Source
from bench.report import Report
from scripts.service import Service

SLEEPER = {"NST_ENGINE": "bench.sleeper:Sleeper"}
_OPEN = {"NST_SUBMITS_PER_MINUTE": "0", "NST_MAX_OPEN_PER_CLIENT": "0", "NST_MAX_QUEUED": "0"}
_READERS = 16
_PHOTO = (3264, 2448)  # px: eight megapixels
_BYTES = 2_000_000


def benchmark(seconds: float = 10.0, rate: float = 300.0, submits: int = 40) -> Report:
    """All of it; about two minutes.

    Args:
        seconds: how long statuses are read, in each state of the service.
        rate: status reads a second.
        submits: submissions timed.
    """
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory(prefix="nst-bench-") as folder:
        with Service(Path(folder, "sleeping"), SLEEPER | _OPEN) as service:
            client = Client(service)
            rows += [client.submits(submits, "sleeping engine"), client.reads(rate, seconds, "no job running")]
            rows += client.archive(200)
            rows += client.memory("sleeping engine")
        with Service(Path(folder, "painting"), _OPEN) as service:
            client = Client(service)
            rows += client.gaps(5)
            running = client.submit(size=512, iterations=2000, plateau=0, fresh=True)
            client.await_status(running, "running")
            rows += [client.reads(rate, seconds, "a job painting"), client.submits(submits, "a job painting")]
            rows += client.memory("a job painting")
    summary = {f"{row['what']}, {row['with']}": f"{row['median']:.4g} / {row['p95']:.4g} {row['unit']}" for row in rows}
    title = "The service on one machine; median and 95th percentile, both with the client on the same cores"
    return Report("service", title, rows, summary)


class Client:
    """What clients do, timed."""

    def __init__(self, service: Service) -> None:
        self._service, self._url = service, service.url
        self._http = requests.Session()
        pair = Source().pairs(1)[0]
        self._photo, self._style = _two_megabytes(pair.content_path), _two_megabytes(pair.style_path)

    def submit(self, *, fresh: bool = False, **options: Any) -> str:
        """A job of two pictures of 2 MB; its address."""
        return self._posted(self._photo, options, fresh)

    def _posted(self, photo: bytes, options: dict[str, Any], fresh: bool) -> str:
        answer = self._http.post(
            f"{self._url}/api/jobs",
            files={"content": photo, "style": self._style},
            data={"options": json.dumps(options), "fresh": str(fresh).lower()},
            timeout=60,
        )
        assert answer.status_code == 202, answer.text
        return str(self._url + answer.json()["links"]["self"])

    def submits(self, count: int, state: str) -> dict[str, Any]:
        """Submit to 202: each a new pair of 2 MB, one after the other."""
        options = {"iterations": 1, "save_every": 0}  # of the size that is the default
        took = []
        for number in range(count):
            photo = self._photo + bytes([number])  # other bytes, so that nothing is remembered; decoders ignore them
            took.append(_timed(partial(self._posted, photo, options, True)))
            time.sleep(0.2)  # a person does not submit while the last answer is still warm
        return _row("submit to 202, two JPEGs of 2 MB", state, took, "s")

    def reads(self, rate: float, seconds: float, state: str) -> dict[str, Any]:
        """Status reads at a fixed rate, late ones included: each is timed from when it was due."""
        address = self.submit(iterations=1, save_every=0, size=384)
        due = [number / rate for number in range(int(rate * seconds))]
        began = time.perf_counter() + 0.2
        with ThreadPoolExecutor(_READERS) as pool:
            parts = pool.map(lambda reader: _read(address, due[reader::_READERS], began), range(_READERS))
        took = [each for part in parts for each in part]
        return _row(f"status read at {rate:.0f} a second", state, took, "s")

    def archive(self, frames: int) -> list[dict[str, Any]]:
        """The ZIP of a job with so many frames: time to the first byte, throughput, and what the API's memory does."""
        address = self.submit(iterations=frames, save_every=1, size=384)
        self.await_status(address, "succeeded")
        before, first, speed, after = self._api_megabytes(), [], [], 0.0
        for _ in range(5):
            began = time.perf_counter()
            with self._http.get(f"{address}/archive.zip", stream=True, timeout=60) as answer:
                chunks = answer.iter_content(1 << 16)
                size = len(next(chunks))
                first.append(time.perf_counter() - began)
                for chunk in chunks:
                    size += len(chunk)
                    after = max(after, self._api_megabytes())
            assert size == int(answer.headers["Content-Length"])
            speed.append(size / 1e6 / (time.perf_counter() - began))
        what = f"archive of {frames} frames ({size / 1e6:.0f} MB)"
        return [
            _row(f"{what}, first byte", "sleeping engine", first, "s"),
            _row(f"{what}, throughput", "sleeping engine", speed, "MB/s"),
            _row(f"{what}, growth of the API", "sleeping engine", [after - before], "MB"),
        ]

    def gaps(self, count: int) -> list[dict[str, Any]]:
        """From the last iteration of a job to the first of the next, and from a job's start to its first pictures."""
        options = {"preset": "draft", "size": 384, "iterations": 30, "save_every": 1}
        addresses = [self.submit(fresh=True, seed=seed, **options) for seed in range(count)]
        jobs = [self.await_status(address, "succeeded") for address in addresses]
        spans = [self._span(job) for job in jobs]
        idle = [later[0] - sooner[1] for sooner, later in pairwise(spans)]
        first = [span[0] - _seconds(job["started_at"]) for span, job in zip(spans, jobs, strict=True)]
        painted = [span[2] - _seconds(job["started_at"]) for span, job in zip(spans, jobs, strict=True)]
        return [
            _row("idle device between two jobs", "384 px, wavelet", idle, "s"),
            _row("start to the photo as frame 0", "384 px, wavelet", first, "s"),
            _row("start to the first painted frame", "384 px, wavelet", painted, "s"),
        ]

    def _span(self, job: dict[str, Any]) -> tuple[float, float, float]:
        """When frame 0, the last painted frame and the first painted frame were in storage."""
        folder = self._service.data / "jobs" / job["id"] / "a1" / "frames"
        at = {frame: (folder / f"{frame}.jpg").stat().st_mtime for frame in job["frames"]}
        return at[0], at[job["frames"][-1]], at[job["frames"][1]]

    def memory(self, state: str) -> list[dict[str, Any]]:
        """Resident megabytes of each process."""
        found = self._service.resident_megabytes()
        return [_row(f"memory of {name}", state, [megabytes], "MB") for name, megabytes in found.items()]

    def await_status(self, address: str, status: str) -> dict[str, Any]:
        """The job when it has come so far."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            job = self._http.get(address, timeout=30).json()
            if job["status"] == status:
                return dict(job)
            assert job["status"] in ("queued", "running"), job
            time.sleep(0.1)
        raise TimeoutError(address)

    def _api_megabytes(self) -> float:
        return max(size for name, size in self._service.resident_megabytes().items() if name.startswith("API"))


def _read(address: str, due: Sequence[float], began: float) -> list[float]:
    took = []
    with requests.Session() as http:
        for moment in due:
            time.sleep(max(0.0, began + moment - time.perf_counter()))
            assert http.get(address, timeout=30).status_code == 200
            took.append(time.perf_counter() - began - moment)
    return took


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _row(what: str, state: str, values: Sequence[float], unit: str) -> dict[str, Any]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return {
        "what": what,
        "with": state,
        "n": len(values),
        "median": statistics.median(values),
        "p95": p95,
        "unit": unit,
    }


def _two_megabytes(path: Path) -> bytes:
    """A picture as a phone would have taken it: eight megapixels, with the grain of a sensor."""
    with Image.open(path) as image:
        large = image.convert("RGB").resize(_PHOTO, Image.Resampling.LANCZOS)
    grainy = Image.blend(large, Image.effect_noise(_PHOTO, 20).convert("RGB"), 0.1)
    return min((_jpeg(grainy, quality) for quality in range(89, 98, 2)), key=lambda data: abs(len(data) - _BYTES))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _seconds(time_stamp: str) -> float:
    return datetime.fromisoformat(time_stamp).timestamp()
