"""The whole API over a real store and real artifacts in a temporary folder, and a worker to play with."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from apiflask import APIFlask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from backend import create_app
from backend.context import Context
from jobs import keys
from jobs.model import FrameRef, Job, JobError, JobStatus, Progress, to_line
from jobs.settings import Settings
from jobs.terms import Outcome
from jobs.wiring import Ports, open_ports

#: What owner tokens are derived from; no shorter than it must be.
SECRET = "the same for all backends of a test"

#: Small enough to be decoded in no time.
OPTIONS: Mapping[str, Any] = {"size": 64, "iterations": 20}


def picture(seed: int = 0, width: int = 48, height: int = 40, format: str = "PNG", **how: Any) -> bytes:
    """Noise, as a file."""
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, format, **how)
    return buffer.getvalue()


def part(data: bytes, name: str = "picture.png") -> FileStorage:
    """A file to send."""
    return FileStorage(io.BytesIO(data), filename=name)


@dataclass
class Service:
    """An app, and what a test does with it."""

    settings: Settings
    ports: Ports
    app: APIFlask
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    @property
    def context(self) -> Context:
        """What the routes use."""
        value = self.app.extensions["nst"]
        assert isinstance(value, Context)
        return value

    def post(
        self,
        path: str = "/api/jobs",
        *,
        content: bytes | Sequence[bytes] | None = None,
        style: bytes | Sequence[bytes] | None = None,
        options: Mapping[str, Any] | str | None = OPTIONS,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> TestResponse:
        """Submit; a photo and a painting are there unless given otherwise."""
        contents = [content] if isinstance(content, bytes) else [picture(0)] if content is None else content
        styles = [style] if isinstance(style, bytes) else [picture(1)] if style is None else style
        data: dict[str, Any] = {"content": [part(one) for one in contents], "style": [part(one) for one in styles]}
        if options is not None:
            data["options"] = options if isinstance(options, str) else json.dumps(options)
        return self.send(path, data | fields, headers)

    def send(
        self, path: str, parts: Mapping[str, Any], headers: Mapping[str, str] | None = None, **environ: str
    ) -> TestResponse:
        """Post these parts as multipart."""
        boundary, encoded = encode_multipart(parts)  # the client alone leaves a temporary file open
        return self.app.test_client().post(
            path,
            data=encoded,
            content_type=f"multipart/form-data; boundary={boundary}",
            headers=dict(headers or {}),
            environ_overrides=environ,
        )

    def submit(self, **given: Any) -> dict[str, Any]:
        """Submit, and the accepted job."""
        answer = self.post(**given)
        assert answer.status_code == 202, answer.text
        return body(answer)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Read something; underscores in the names of headers are hyphens."""
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def status(self, id: str) -> dict[str, Any]:
        """The job as the API shows it."""
        return body(self.get(f"/api/jobs/{id}"))

    def owner(self, job: Mapping[str, Any]) -> dict[str, str]:
        """The header that makes its owner of a job or a batch."""
        return {"X-Owner-Token": job["owner_token"]}

    def claim(self, id: str) -> Job:
        """Start a job as a worker does."""
        job = self.ports.store.claim("worker", id)
        assert job is not None
        return job

    def paint(self, id: str, *, backbone: str = "wavelet", status: JobStatus = JobStatus.SUCCEEDED) -> Job:
        """Run a job to its end as a worker does: two frames, a result, the manifest."""
        job = self.claim(id)
        artifacts, token = self.ports.artifacts, job.token
        frames = (FrameRef(10, token), FrameRef(20, token))
        for frame in frames:
            artifacts.put(keys.frame(id, token, frame.iteration), picture(frame.iteration, format="JPEG"))
        artifacts.put(keys.result(id, token), picture(9))
        progress = Progress(iteration=20, total_iterations=20, loss=1.5, backbone=backbone, why="because")
        error = JobError("numerical", "the loss is no number", "try again") if status is JobStatus.FAILED else None
        result = token if status is JobStatus.SUCCEEDED else None
        outcome = Outcome(status=status, progress=progress, frames=frames, result=result, error=error)
        assert self.ports.store.finish(id, token, outcome)
        over = self.ports.store.get(id)
        artifacts.put(keys.manifest(id), to_line(over.to_dict()))
        return over


def make_service(folder: Path, **settings: Any) -> Service:
    """A service of these settings, its data under ``folder``."""
    chosen = Settings(data_dir=folder, submits_per_minute=settings.pop("submits_per_minute", 0), **settings)
    ports = open_ports(chosen)
    return Service(chosen, ports, create_app(chosen, ports))


def body(answer: TestResponse) -> dict[str, Any]:
    """The answer's JSON object."""
    values = json.loads(answer.data)
    assert isinstance(values, dict)
    return values


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal, which must be well made."""
    assert answer.mimetype == "application/problem+json", answer.text
    values = body(answer)
    assert values["status"] == answer.status_code
    assert values["title"] and values["detail"].endswith((".", "!", "?")), values
    assert ("Retry-After" in answer.headers) == ("retry_after_seconds" in values)
    return answer.status_code, values["code"]
