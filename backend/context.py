"""What every route may use, put together once by ``create_app``."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast

from flask import current_app
from prometheus_client import CollectorRegistry

from backend.access import Access
from backend.follow.viewers import Viewers
from backend.gallery.gallery import Gallery
from backend.memory import DecodingRoom
from backend.rates import Rate
from jobs.ports import Artifacts, JobBus, JobStore
from jobs.settings import Settings
from jobs.telemetry import ApiMetrics
from jobs.wiring import Ports

_NAME = "nst"
_PIXELS_AT_ONCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Context:
    """The settings, the open ports and what belongs to this process alone."""

    settings: Settings
    ports: Ports
    gallery: Gallery
    secret: bytes = field(repr=False)
    registry: CollectorRegistry
    metrics: ApiMetrics
    access: Access = field(default_factory=Access)
    rate: Rate | None = None  #: of submissions; None is no limit
    viewers: Viewers = field(default_factory=lambda: Viewers(8))
    #: Bounds the memory, whatever is uploaded at the same time.
    decoding: DecodingRoom = field(default_factory=lambda: DecodingRoom(_PIXELS_AT_ONCE))

    @property
    def store(self) -> JobStore:
        """Where the jobs' state is."""
        return self.ports.store

    @property
    def bus(self) -> JobBus:
        """What carries new jobs."""
        return self.ports.bus

    @property
    def artifacts(self) -> Artifacts:
        """Where the pictures are."""
        return self.ports.artifacts

    def owner_token(self, id: str) -> str:
        """The permission to cancel, retry or delete the job or the batch of this id: HMAC-SHA256(secret, id)."""
        return hmac.new(self.secret, id.encode(), sha256).hexdigest()


def context() -> Context:
    """The context of the app that answers this request."""
    return cast(Context, current_app.extensions[_NAME])


def set_context(extensions: dict[str, object], value: Context) -> None:
    """Make ``context`` find it."""
    extensions[_NAME] = value
