"""Who submits, and how often.

Submitting needs an API key where keys are configured; looking at a job needs its unguessable id; changing it needs its
owner token (``backend.follow.owners``).
"""

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Self

from flask import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from backend.problems import Problem
from jobs.settings import Settings

_HEX: Final = frozenset("0123456789abcdef")


class MisspelledKey(ValueError):
    """An entry of ``NST_API_KEYS`` is not NAME:SHA256."""


class Access:
    """The API keys and the rate of submissions of one process.

    Args:
        keys: SHA-256 of each API key in hexadecimal digits, by name.
        per_minute: submissions of one client; 0 is no limit.
    """

    def __init__(self, keys: Mapping[str, str], per_minute: int) -> None:
        self._keys = dict(keys)
        self._rate = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say.

        Raises:
            MisspelledKey: an API key is not written as NAME:SHA256.
        """
        return cls(dict(_entry(entry) for entry in settings.api_keys), settings.submits_per_minute)

    @property
    def open_to_all(self) -> bool:
        """Whether submitting needs no key."""
        return not self._keys

    def client(self, request: Request) -> str:
        """Who asks: the name of his key, or his address where no keys are configured.

        Raises:
            Problem: 401, there are keys and the request has none of them.
        """
        if not self._keys:
            return request.remote_addr or "unknown"
        given = sha256(_given_key(request).encode()).hexdigest()
        # Every key is compared, so that the time taken tells nothing.
        names = [name for name, known in self._keys.items() if hmac.compare_digest(given, known)]
        if names:
            return names[0]
        raise Problem(
            401,
            "api_key_needed",
            "This service needs an API key, and the request has no valid one.",
            hint="Send it as Authorization: Bearer KEY, or as X-API-Key: KEY.",
        )

    def count_submission(self, client: str) -> None:
        """Note one more submission of this client.

        Raises:
            Problem: 429, he has had too many in the last minute.
        """
        if self._rate is None or self._limiter.hit(self._rate, "submit", client):
            return
        reset, _ = self._limiter.get_window_stats(self._rate, "submit", client)
        raise Problem(
            429,
            "too_many_submissions",
            f"There were more than {self._rate.amount} submissions in a minute.",
            hint="Wait, then submit again; many photos can be sent as one batch.",
            retry_after=reset - time.time(),
        )


def _given_key(request: Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")


def _entry(entry: str) -> tuple[str, str]:
    name, _, digest = entry.rpartition(":")
    digest = digest.strip().lower()
    if not name or len(digest) != 64 or not _HEX.issuperset(digest):
        raise MisspelledKey(
            f"NST_API_KEYS: the entry of {name or 'no name'!r} must be NAME:SHA256, 64 digits of 0-9a-f"
        )
    return name, digest
