"""What renders a job, as the child process sees it. ``NST_ENGINE`` names the class; ``painter`` is the real one."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Protocol, cast

from jobs.settings import Settings
from nst.events import Event
from nst.images import Picture
from nst.options import StyleOptions


class Session(Protocol):
    """One job's rendering; iterate over it to make it happen. ``nst.Run`` is one."""

    def __iter__(self) -> Iterator[Event]:
        """Started, then (Progress | Frame)*, then exactly one of Finished | Cancelled | Failed."""

    def cancel(self) -> None:
        """Ask it to end after the current iteration; safe from any thread."""

    def checkpoint(self) -> bytes:
        """Where it stands, between two events."""


class Engine(Protocol):
    """Loaded once in a process, used for many jobs."""

    @property
    def device(self) -> str:
        """What it computes on."""

    @property
    def backbone(self) -> str:
        """What ``backbone="auto"`` is here."""

    @property
    def backbones(self) -> tuple[str, ...]:
        """Those whose weights are here."""

    @property
    def why(self) -> str:
        """Why it is that one: a sentence."""

    def start(
        self, content: Picture, styles: Sequence[Picture], options: StyleOptions, resume: bytes | None
    ) -> Session:
        """A session that is ready to go; raises NstError, CheckpointError where ``resume`` does not fit."""


def load_engine(settings: Settings) -> Engine:
    """Make the engine that the settings name, ``MODULE:CLASS``; it is called with the settings."""
    module, _, name = settings.engine.partition(":")
    return cast(Engine, getattr(import_module(module), name)(settings))
