"""The URLs of the settings, opened: the one place that knows which adapters there are.

An adapter's module is imported when its URL asks for it, so that nobody needs the client of a server he does not use.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jobs.errors import JobsError
from jobs.ports import Artifacts, JobBus, JobStore, Policy
from jobs.settings import Settings


class UnknownUrl(JobsError):
    """No adapter speaks this URL."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The three ports, open."""

    store: JobStore
    bus: JobBus
    artifacts: Artifacts

    def close(self) -> None:
        """Close them all."""
        self.bus.close()
        self.store.close()


def open_ports(settings: Settings) -> Ports:
    """Open what the settings name.

    Raises:
        UnknownUrl: no adapter speaks one of the URLs.
        Unavailable, NewerVersion: what a URL names cannot be used; the message says why.
    """
    artifacts = open_artifacts(settings.artifacts)
    return Ports(open_store(settings.store, settings.policy), open_bus(settings.bus_url), artifacts)


def open_store(url: str, policy: Policy) -> JobStore:
    """The store at ``sqlite:///FILE``; errors as ``open_ports``."""
    if urlsplit(url).scheme == "sqlite":
        from jobs.sqlite import SqliteStore

        return SqliteStore(_path(url), policy)
    raise UnknownUrl(f"NST_STORE_URL is {url!r}, but it must be sqlite:///FILE")


def open_bus(url: str) -> JobBus:
    """The bus at ``none:``; errors as ``open_ports``."""
    if urlsplit(url).scheme == "none":
        from jobs.bus import EmptyBus

        return EmptyBus()
    raise UnknownUrl(f"NST_BUS_URL is {url!r}, but it must be none:")


def open_artifacts(url: str) -> Artifacts:
    """The artifacts at ``file:///FOLDER``; errors as ``open_ports``."""
    if urlsplit(url).scheme == "file":
        from jobs.artifacts import FolderArtifacts

        return FolderArtifacts(_path(url))
    raise UnknownUrl(f"NST_ARTIFACTS_URL is {url!r}, but it must be file:///FOLDER")


def _path(url: str) -> Path:
    """The path of ``scheme:///absolute`` or ``scheme:relative``."""
    return Path(unquote(urlsplit(url).path))
