"""The URLs of the settings, opened: the one place that knows which adapters there are.

An adapter's module is imported when its URL asks for it, so that nobody needs the client of a server he does not use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobs.errors import JobsError
from jobs.ports import Artifacts, JobBus, JobStore
from jobs.settings import Settings
from jobs.telemetry import BusMetrics
from jobs.urls import path, scheme, shown


class UnknownUrl(JobsError):
    """No adapter speaks this URL, or the client that it needs is not installed."""


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


def open_ports(settings: Settings, metrics: BusMetrics | None = None) -> Ports:
    """Open what the settings name.

    Args:
        metrics: what the bus counts its affairs with.

    Raises:
        UnknownUrl: no adapter speaks one of the URLs.
        Unavailable, NewerVersion: what a URL names cannot be used; the message says why.
    """
    artifacts = open_artifacts(settings)
    return Ports(open_store(settings), open_bus(settings, metrics), artifacts)


def open_store(settings: Settings) -> JobStore:
    """The store of the settings; errors as ``open_ports``."""
    url = settings.store
    match scheme(url):
        case "sqlite":
            from jobs.sqlite import SqliteStore

            return SqliteStore(path(url), settings.policy)
        case "redis" | "rediss":
            with _client("NST_STORE_URL", url):
                from jobs.redis import RedisStore
            return RedisStore(url, settings.policy, prefix=settings.redis_prefix, tls=settings.tls)
    raise _unknown("NST_STORE_URL", url, "sqlite:///FILE, redis://HOST:6379/0 or rediss://…")


def open_bus(settings: Settings, metrics: BusMetrics | None = None) -> JobBus:
    """The bus of the settings; errors as ``open_ports``."""
    url = settings.bus_url
    match scheme(url):
        case "none":
            from jobs.bus import EmptyBus

            return EmptyBus()
        case "kafka" | "kafkas":
            with _client("NST_BUS_URL", url):
                from jobs.kafka import KafkaBus
            return KafkaBus(
                url, group=settings.kafka_group, sasl=settings.kafka_sasl, tls=settings.tls, metrics=metrics
            )
    raise _unknown("NST_BUS_URL", url, "none:, kafka://HOST:9092/TOPIC or kafkas://…")


def open_artifacts(settings: Settings) -> Artifacts:
    """The artifacts of the settings; errors as ``open_ports``."""
    url = settings.artifacts
    match scheme(url):
        case "file":
            from jobs.artifacts import FolderArtifacts

            return FolderArtifacts(path(url))
        case "s3":
            with _client("NST_ARTIFACTS_URL", url):
                from jobs.s3 import S3Artifacts
            return S3Artifacts(
                url,
                endpoint=settings.s3_endpoint,
                region=settings.s3_region,
                encryption=settings.s3_encryption,
                kms_key=settings.s3_kms_key,
                tls=settings.tls,
            )
    raise _unknown("NST_ARTIFACTS_URL", url, "file:///FOLDER or s3://BUCKET/PREFIX")


@contextmanager
def _client(setting: str, url: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise UnknownUrl(
            f"{setting} is {shown(url)!r}, but the package {error.name} is not installed; "
            "install the extra `distributed` of this program"
        ) from error


def _unknown(setting: str, url: str, possible: str) -> UnknownUrl:
    return UnknownUrl(f"{setting} is {shown(url)!r}, but it must be {possible}")
