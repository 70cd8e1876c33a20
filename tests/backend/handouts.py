"""The routes that hand something out, over a real store and real artifacts in a temporary folder."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from time import time
from typing import Any

import numpy as np
from apiflask import APIFlask
from flask.testing import FlaskClient

from backend import create_app
from backend.context import Context, context
from jobs import keys
from jobs.model import FrameRef, Job, JobError, JobSpec, JobStatus, Progress, new_id
from jobs.settings import Settings
from jobs.terms import Outcome
from jobs.wiring import open_ports
from nst.images import Picture, encode
from nst.options import StyleOptions


@dataclass(frozen=True)
class Handouts:
    """The app, a client of it, and what is behind."""

    app: APIFlask
    client: FlaskClient
    context: Context

    def get(self, path: str, **arguments: Any) -> Any:
        """The whole answer."""
        return self.client.get(path, buffered=True, **arguments)

    def put_inputs(
        self, *, styles: int = 1, batch: str | None = None, style_ids: tuple[str, ...] = (), save_every: int = 10
    ) -> Job:
        """A queued job with its inputs in storage."""
        spec = JobSpec(
            id=new_id(),
            created_at=time(),
            options=StyleOptions(size=64, iterations=30, save_every=save_every),
            styles=styles,
            width=480,
            height=320,
            client="192.0.2.7",
            fingerprint="0" * 64,
            batch=batch,
            style_ids=style_ids,
        )
        job = Job(spec=spec)
        artifacts = self.context.artifacts
        artifacts.put(keys.spec(job.id), b"{}")
        artifacts.put(keys.content(job.id), png(1))
        for number in range(1, styles + 1):
            artifacts.put(keys.style(job.id, number), png(1 + number))
        self.context.store.enqueue([job])
        return job

    def claim(self, job: Job) -> int:
        """Run it; the token."""
        claimed = self.context.store.claim("worker", job.id)
        assert claimed is not None
        return claimed.token

    def keep(self, job: Job, token: int, iterations: Iterable[int], earlier: tuple[FrameRef, ...] = ()) -> None:
        """Frames and losses of an attempt, as a worker writes them."""
        frames = list(earlier)
        for iteration in iterations:
            self.context.artifacts.put(keys.frame(job.id, token, iteration), jpeg(iteration))
            self.context.artifacts.put(keys.small_frame(job.id, token, iteration), jpeg(iteration, 16, 12))
            frames.append(FrameRef(iteration, token))
        self.context.artifacts.put(keys.losses(job.id, token), losses(frames[-1].iteration if frames else 1))
        reached = frames[-1].iteration if frames else 0
        progress = Progress(
            iteration=reached, total_iterations=30, backbone="wavelet", why="wavelet, because nothing else is here"
        )
        self.context.store.beat(job.id, token, progress, frames)

    def finish(self, job: Job, token: int, status: JobStatus = JobStatus.SUCCEEDED) -> Job:
        """End it; with a result where it succeeded."""
        known = self.context.store.get(job.id)
        result = token if status is JobStatus.SUCCEEDED else None
        if result is not None:
            self.context.artifacts.put(keys.result(job.id, token), png(9))
        error = JobError("out_of_memory", "There was not enough memory.", "Choose a smaller size.")
        outcome = Outcome(
            status=status,
            progress=known.progress,
            frames=known.frames,
            result=result,
            error=error if status is JobStatus.FAILED else None,
        )
        assert self.context.store.finish(job.id, token, outcome)
        return self.context.store.get(job.id)

    def done(self, iterations: Iterable[int] = (10, 20, 30), **facts: Any) -> Job:
        """A succeeded job."""
        job = self.put_inputs(**facts)
        token = self.claim(job)
        self.keep(job, token, iterations)
        return self.finish(job, token)


@contextmanager
def handouts(folder: Path, **settings: Any) -> Iterator[Handouts]:
    """An app over a folder."""
    chosen = Settings(data_dir=folder / "data", **settings)
    ports = open_ports(chosen)
    app = create_app(chosen, ports)
    with app.app_context():
        own = context()
    try:
        yield Handouts(app, app.test_client(), own)
    finally:
        ports.close()


def png(seed: int, width: int = 48, height: int = 32) -> bytes:
    """A small picture."""
    return encode(_picture(seed, width, height), "PNG")


def jpeg(seed: int, width: int = 48, height: int = 32) -> bytes:
    """A small picture."""
    return encode(_picture(seed, width, height), "JPEG")


def losses(iterations: int) -> bytes:
    """A table as a worker writes it."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow(["iteration", "total"])
    table.writerows([n, 1 / n] for n in range(1, iterations + 1))
    return text.getvalue().encode()


def dropped(folder: Path, name: str, data: bytes) -> Path:
    """A file in a folder that is made if need be."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def _picture(seed: int, width: int, height: int) -> Picture:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    return Picture(noise)
