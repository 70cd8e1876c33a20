"""Artifacts that are measured: how long each call takes, whether it fails, and when storage was last heard of."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.errors import ArtifactMissing, Unavailable
from jobs.ports import Artifacts
from jobs.telemetry import PeerMetrics
from jobs.terms import Entry


class MeteredArtifacts:
    """Passes every call on to other artifacts; see ``jobs.ports.Artifacts``."""

    def __init__(self, artifacts: Artifacts, metrics: PeerMetrics) -> None:
        self._artifacts, self._metrics = artifacts, metrics

    def put(self, key: str, data: bytes) -> None:
        """See ``Artifacts``."""
        with self._measured("put"):
            self._artifacts.put(key, data)

    def create(self, key: str, data: bytes) -> bool:
        """See ``Artifacts``."""
        with self._measured("create"):
            return self._artifacts.create(key, data)

    def get(self, key: str) -> bytes:
        """See ``Artifacts``."""
        with self._measured("get"):
            return self._artifacts.get(key)

    def size(self, key: str) -> int:
        """See ``Artifacts``."""
        with self._measured("size"):
            return self._artifacts.size(key)

    def chunks(
        self, key: str, chunk_bytes: int = 65_536, *, start: int = 0, stop: int | None = None
    ) -> Iterator[bytes]:
        """See ``Artifacts``; what is measured is the opening, for the rest is the reader's pace."""
        with self._measured("chunks"):
            return self._artifacts.chunks(key, chunk_bytes, start=start, stop=stop)

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """See ``Artifacts``."""
        with self._measured("list"):
            return self._artifacts.list(prefix)

    def copy(self, source: str, target: str) -> None:
        """See ``Artifacts``."""
        with self._measured("copy"):
            self._artifacts.copy(source, target)

    def delete(self, prefix: str) -> None:
        """See ``Artifacts``."""
        with self._measured("delete"):
            self._artifacts.delete(prefix)

    def link(self, key: str, seconds: int, *, name: str = "") -> str | None:
        """See ``Artifacts``; nobody is asked for it, so that it is not measured."""
        return self._artifacts.link(key, seconds, name=name)

    def jobs(self) -> tuple[str, ...]:
        """See ``Artifacts``."""
        with self._measured("jobs"):
            return self._artifacts.jobs()

    def check(self) -> None:
        """See ``Artifacts``."""
        with self._measured("check"):
            self._artifacts.check()

    @contextmanager
    def _measured(self, op: str) -> Iterator[None]:
        """That there is no such artifact is an answer; only ``Unavailable`` is a failure."""
        began = time.perf_counter()
        try:
            yield
        except Unavailable:
            self._metrics.storage_errors.labels(op).inc()
            raise
        except ArtifactMissing:
            self._metrics.met("artifacts")
            raise
        else:
            self._metrics.met("artifacts")
        finally:
            self._metrics.storage_seconds.labels(op).observe(time.perf_counter() - began)
