"""How often a client may submit: so many times in any minute, over all backends where the store is Redis.

Every answer to a submission says where its client stands (``RateLimit-Limit``, ``-Remaining`` and ``-Reset``). What the
service itself could not take, as when the queue is full, does not count.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast

from flask import Flask, Response, g
from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from backend.problems import Problem
from jobs.settings import Settings
from jobs.telemetry import logger
from jobs.urls import scheme, shown

_MINUTE: Final = 60.0
_ANSWER_SECONDS: Final = 1.0  # submissions must not wait long for a mere count
_AWAY_SECONDS: Final = 5.0  # for so long the shared count is not asked again after it has failed

_log = logger(__name__)


class RateUnusable(ValueError):
    """The rate cannot be shared as the settings want it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands after he has submitted."""

    allowed: bool
    limit: int  #: submissions in any minute
    remaining: int
    reset_seconds: int  #: until the oldest of the last minute's no longer counts, and one more is allowed
    shared: bool = False  #: whether it was counted over all backends


class Window(Protocol):
    """Counts submissions over a moving minute. Safe to use from any number of threads."""

    def take(self, client: str) -> Standing:
        """Count one more, where it is allowed."""

    def give_back(self, client: str) -> None:
        """The newest one shall not count."""


class OwnWindow:
    """A window of this process alone.

    Args:
        limit: submissions of one client in a minute.
        clock: seconds that only ever grow.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}
        self._next_sweep = 0.0

    def take(self, client: str) -> Standing:
        """See ``Window``."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            times = self._times.setdefault(client, deque())
            _drop(times, now)
            allowed = len(times) < self._limit
            if allowed:
                times.append(now)
            return _standing(allowed, self._limit, len(times), times[0] + _MINUTE - now)

    def give_back(self, client: str) -> None:
        """See ``Window``."""
        with self._lock:
            if times := self._times.get(client):
                times.pop()

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._times)

    def _sweep(self, now: float) -> None:
        """Forget, once a minute, who has not submitted since."""
        if now < self._next_sweep:
            return
        self._next_sweep = now + _MINUTE
        for client, times in list(self._times.items()):
            _drop(times, now)
            if not times:
                del self._times[client]


class SharedWindow:
    """A window that all backends of one Redis share; their clocks must be right within a second or so.

    Args:
        storage: where it is kept.
        limit: submissions of one client in a minute.
    """

    def __init__(self, storage: RedisStorage, limit: int) -> None:
        self._storage, self._item = storage, RateLimitItemPerMinute(limit)
        self._limiter = MovingWindowRateLimiter(storage)
        self.errors = cast("tuple[type[Exception], ...]", (storage.base_exceptions, OSError))

    def take(self, client: str) -> Standing:
        """See ``Window``; raises one of ``errors`` where Redis cannot be used."""
        allowed = self._limiter.hit(self._item, "submit", client)
        reset, remaining = self._limiter.get_window_stats(self._item, "submit", client)
        standing = _standing(allowed, self._item.amount, self._item.amount - remaining, reset - time.time())
        return replace(standing, shared=True)

    def give_back(self, client: str) -> None:
        """See ``Window``; raises as ``take``."""
        key = self._storage.prefixed_key(self._item.key_for("submit", client))
        self._storage.storage.lpop(key)

    def close(self) -> None:
        """Close the connections."""
        self._storage.storage.close()


class Rate:
    """The rate of submissions: over all backends where there is a shared window, which may be away at times.

    Meanwhile each process counts by itself: nobody is refused because of it.
    """

    def __init__(self, own: Window, shared: SharedWindow | None = None) -> None:
        self._own, self._shared = own, shared
        self._away_until: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Rate | None":
        """As the settings say; None is no limit. Nothing is connected yet.

        Raises:
            RateUnusable: the address of the store is none.
        """
        limit = settings.submits_per_minute
        if not limit:
            return None
        storage = _storage(settings)
        return cls(OwnWindow(limit), SharedWindow(storage, limit) if storage else None)

    def take(self, client: str) -> Standing:
        """Count one more submission of this client, where it is allowed."""
        shared = self._reachable()
        if shared is not None:
            try:
                standing = shared.take(client)
            except shared.errors as error:
                self._lost(error)
            else:
                self._found()
                return standing
        return self._own.take(client)

    def give_back(self, client: str, standing: Standing) -> None:
        """His newest submission shall not count, where it was counted: ``standing`` is what ``take`` has answered."""
        if not standing.shared:
            self._own.give_back(client)
            return
        shared = self._reachable()
        if shared is None:
            return
        try:
            shared.give_back(client)
        except shared.errors as error:
            self._lost(error)

    def close(self) -> None:
        """Close the connections."""
        if self._shared is not None:
            self._shared.close()

    def _reachable(self) -> SharedWindow | None:
        resting = self._away_until is not None and time.monotonic() < self._away_until
        return None if resting else self._shared

    def _lost(self, error: Exception) -> None:
        if self._away_until is None:
            _log.warning("the rate of submissions is counted by this process alone", reason=type(error).__name__)
        self._away_until = time.monotonic() + _AWAY_SECONDS

    def _found(self) -> None:
        if self._away_until is not None:
            _log.info("the rate of submissions is counted over all backends again")
        self._away_until = None


def count_submission(rate: Rate | None, client: str) -> None:
    """Note one more submission of this client, for the request that is being answered.

    Raises:
        Problem: 429, he has had too many in the last minute; it says exactly when the next one is allowed.
    """
    if rate is None:
        return
    g.standing = standing = rate.take(client)
    if not standing.allowed:
        raise Problem(
            429,
            "too_many_submissions",
            f"There were more than {standing.limit} submissions in a minute.",
            hint="Wait, then submit again; many photos can be sent as one batch.",
            retry_after=standing.reset_seconds,
        )
    g.counted_client = client


def register(app: Flask, rate: Rate | None) -> None:
    """Tell clients where they stand, and take back what was no fault of theirs."""

    @app.after_request
    def _tell(response: Response) -> Response:
        standing: Standing | None = g.get("standing")
        if rate is None or standing is None:
            return response
        remaining = standing.remaining
        if response.status_code >= 500 and "counted_client" in g:
            rate.give_back(g.counted_client, standing)
            remaining += 1
        response.headers["RateLimit-Limit"] = str(standing.limit)
        response.headers["RateLimit-Remaining"] = str(remaining)
        response.headers["RateLimit-Reset"] = str(standing.reset_seconds)
        return response


def _drop(times: deque[float], now: float) -> None:
    while times and times[0] <= now - _MINUTE:
        times.popleft()


def _standing(allowed: bool, limit: int, taken: int, seconds: float) -> Standing:
    """Whole seconds, rounded up: who waits for so long is not refused once more."""
    return Standing(allowed, limit, max(0, limit - taken), max(1, math.floor(seconds) + 1))


def _storage(settings: Settings) -> RedisStorage | None:
    """Redis where the store is there."""
    kind = scheme(settings.store)
    if kind not in ("redis", "rediss"):
        return None
    files = {
        "ssl_ca_certs": settings.tls.ca_file,
        "ssl_certfile": settings.tls.cert_file,
        "ssl_keyfile": settings.tls.key_file,
    }
    options: dict[str, Any] = {"socket_timeout": _ANSWER_SECONDS, "socket_connect_timeout": _ANSWER_SECONDS}
    if kind == "rediss":
        options |= {name: str(file) for name, file in files.items() if file}
    try:
        return RedisStorage(settings.store, key_prefix=f"{settings.redis_prefix}rate", **options)
    except (ValueError, ConfigurationError) as error:
        raise RateUnusable(f"NST_STORE_URL is {shown(settings.store)!r}, which cannot be used: {error}") from error
