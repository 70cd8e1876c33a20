"""News of jobs, for those who wait for some: one connection of this process listens for all of them.

Every change of a job is published under its id. Who waits is woken by it; news may be lost with a connection, so that
he looks for himself now and then too.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
from redis.client import PubSub

#: How often somebody looks who has heard nothing, seconds.
LOOK_SECONDS: Final = 2.0
_LINGER_TURNS: Final = 30  # without anybody: then the connection is closed
_TURN_SECONDS: Final = 0.2


class Changes:
    """Wakes those who wait for a job; the thread that listens lives while somebody waits.

    Args:
        connect: opens a connection for listening.
        channel: what the changes are published on.
    """

    def __init__(self, connect: Callable[[], PubSub], channel: str) -> None:
        self._connect, self._channel = connect, channel
        self._lock = threading.Lock()
        self._waiting: dict[str, set[threading.Event]] = {}
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @contextmanager
    def of(self, job_id: str) -> Iterator[threading.Event]:
        """Set when the job may have changed."""
        event = threading.Event()
        with self._lock:
            self._waiting.setdefault(job_id, set()).add(event)
            self._listen()
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[job_id].discard(event)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._closed.set()
        if thread is not None and thread.is_alive():
            thread.join()

    def _listen(self) -> None:
        # A thread does not cross a fork: in the child it is not alive.
        if self._thread is None or not self._thread.is_alive():
            self._closed = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._closed,), name="changes", daemon=True)
            self._thread.start()

    def _run(self, closed: threading.Event) -> None:
        while not closed.is_set():
            try:
                with self._connect() as feed:
                    feed.subscribe(self._channel)  # type: ignore[no-untyped-call]  # redis-py types only some
                    if self._hear(feed, closed):
                        return
            except (redis.RedisError, OSError):
                self._wake_all()
                closed.wait(_TURN_SECONDS)

    def _hear(self, feed: PubSub, closed: threading.Event) -> bool:
        """Pass on what is heard; true when nobody has waited for a while."""
        idle = 0
        while not closed.is_set():
            message: dict[str, Any] | None = feed.get_message(timeout=_TURN_SECONDS)
            if message is not None and message["type"] == "message":
                self._wake(message["data"])
            elif message is not None:
                self._wake_all()  # who began to wait before this moment may have missed something
            idle = 0 if self._waiting or message else idle + 1
            if idle > _LINGER_TURNS and self._leave():
                return True
        return True

    def _leave(self) -> bool:
        with self._lock:
            if self._waiting:
                return False
            self._thread = None
            return True

    def _wake(self, job_id: str) -> None:
        with self._lock:
            for event in self._waiting.get(job_id, ()):
                event.set()

    def _wake_all(self) -> None:
        with self._lock:
            for events in self._waiting.values():
                for event in events:
                    event.set()
