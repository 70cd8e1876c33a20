"""Deployment settings: every one an environment variable ``NST_<NAME>``, read once at start-up.

What a person chooses for one picture is an option (``nst.options``); what the operator chooses for the service is here.
``docs/operations.md`` lists them, and a test holds it to this file.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from jobs.lifeline import VARIABLE
from jobs.terms import Caps, Policy
from jobs.urls import Tls

#: Variables with our prefix that are no settings of the service.
OTHERS = frozenset({VARIABLE, "NST_WEIGHTS_DIR"})

Words = Annotated[tuple[str, ...], NoDecode]  # written with commas


class Settings(BaseSettings):
    """The settings of API, worker and launcher. A value outside its limits raises pydantic's ``ValidationError``."""

    model_config = SettingsConfigDict(env_prefix="NST_", frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="where the embedded store, the artifacts and the secret are kept")
    bus_url: str = Field(
        "none:", description="what carries new jobs: none: (the store's own queue), kafka://HOST:9092/TOPIC, kafkas://…"
    )
    store_url: str = Field(
        "", description="what keeps the jobs' state: sqlite:///FILE, redis://HOST:6379/0, rediss://…; by default a file"
    )
    artifacts_url: str = Field(
        "", description="where pictures are kept: file:///FOLDER or s3://BUCKET/PREFIX; by default inside data_dir"
    )

    kafka_group: str = Field("nst-workers", min_length=1, description="the consumer group of the workers")
    kafka_sasl: str = Field(
        "SCRAM-SHA-512",
        pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$",
        description="how Kafka checks the user of the URL, where it names one",
    )
    redis_prefix: str = Field("nst:", description="begins every key in Redis, so that services can share one")
    s3_endpoint: str = Field("", description="address of an S3 server that is not Amazon's")
    s3_region: str = Field("", description="region of the bucket")
    s3_encryption: str = Field(
        "", pattern="^(|AES256|aws:kms)$", description="encryption at rest that the S3 server is asked for"
    )
    s3_kms_key: str = Field("", description="key of aws:kms; the bucket's own where empty")
    s3_links_seconds: int = Field(
        0, ge=0, le=604_800, description="results are fetched from S3 itself by links that last so long; 0 is never"
    )
    ca_file: Path | None = Field(None, description="certificates by which Kafka, Redis and S3 are known, in PEM")
    cert_file: Path | None = Field(None, description="certificate to show to Kafka and Redis, in PEM")
    key_file: Path | None = Field(None, description="private key of that certificate, in PEM")

    host: str = Field("127.0.0.1", description="address the API listens on; 0.0.0.0 opens it to the network")
    port: int = Field(5000, ge=0, le=65535, description="port the API listens on; 0 takes a free one")
    threads: int = Field(16, ge=2, le=256, description="requests the API answers at the same time")
    viewers: int = Field(8, ge=0, le=250, description="of those, how many may be event streams or long polls")
    workers: int = Field(1, ge=0, le=64, description="workers that the one-machine launcher starts")
    trusted_proxies: int = Field(0, ge=0, le=8, description="reverse proxies in front that are believed")
    cors_origins: Words = Field((), description="other origins whose pages may call, with commas")
    styles_dir: Path | None = Field(None, description="folder of further gallery pictures")
    page_dir: Path | None = Field(None, description="folder of the built web page, served at /")

    secret: SecretStr | None = Field(
        None, description="what owner tokens are derived from, at least 32 bytes; by default made once, in data_dir"
    )
    api_keys: Words = Field(
        (), description="who may submit, as NAME:SHA256[:ROLE] with commas; open to all where empty"
    )
    proxy_user_header: str = Field("", description="header in which a proxy that signs people in tells who asks")

    max_upload_bytes: int = Field(25_000_000, ge=10_000, description="largest file that may be uploaded, bytes")
    max_pixels: int = Field(50_000_000, ge=10_000, description="largest picture that may be uploaded, pixels")
    max_styles: int = Field(4, ge=1, le=16, description="style pictures of one job")
    max_batch: int = Field(50, ge=1, le=1000, description="photos of one batch")
    max_size: int = Field(2048, ge=64, description="largest result that may be asked for, pixels on the long side")
    max_iterations: int = Field(2000, ge=1, description="most iterations that may be asked for")
    max_queued: int = Field(200, ge=0, description="jobs that may wait in all; 0 is no limit")
    max_open_per_client: int = Field(60, ge=0, description="open jobs of one client; 0 is no limit")
    submits_per_minute: int = Field(60, ge=0, description="submissions of one client; 0 is no limit")

    result_ttl_seconds: float = Field(7 * 86_400, gt=0, description="how long a finished job is kept, seconds")
    key_ttl_seconds: float = Field(86_400, gt=0, description="how long an Idempotency-Key is remembered, seconds")
    lease_seconds: float = Field(15, ge=0.5, description="silence after which a worker has lost its job, seconds")
    max_attempts: int = Field(3, ge=1, description="times a job is started before it fails")
    aging_seconds: float = Field(600, gt=0, description="wait that is worth one step of priority, seconds")
    retry_seconds: float = Field(5, ge=0, description="wait before the second attempt, doubled for each further one")
    checkpoint_seconds: float = Field(10, ge=0.1, description="least time between two checkpoints, seconds")
    drain_seconds: float = Field(20, ge=0, description="a job that ends within this is finished before a worker stops")
    stall_seconds: float = Field(600, gt=0, description="silence after which the rendering process is replaced")
    poll_seconds: float = Field(0.1, gt=0, le=5, description="how often an idle worker looks for a job, seconds")

    device: str = Field("auto", description="what the worker computes on: auto, cpu, cuda, cuda:1")
    engine: str = Field("consumer.painter:Painter", description="what renders, as MODULE:CLASS")
    engine_threads: int = Field(0, ge=0, description="CPU threads of the engine; 0 is one for each core")
    engine_priority: str = Field(
        "low", pattern="^(idle|low|normal)$", description="the engine's turn at the processor: idle is last of all"
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="port of a worker's own /metrics; 0 is none")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="least level that is logged")

    @field_validator("api_keys", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())

    @property
    def store(self) -> str:
        """The store's URL."""
        return self.store_url or f"sqlite://{quote(str(self.data_dir.absolute() / 'jobs.sqlite'))}"

    @property
    def artifacts(self) -> str:
        """The artifacts' URL."""
        return self.artifacts_url or f"file://{quote(str(self.data_dir.absolute() / 'jobs'))}"

    @property
    def policy(self) -> Policy:
        """What the store needs to know of these."""
        return Policy(
            lease_seconds=self.lease_seconds,
            max_attempts=self.max_attempts,
            result_ttl_seconds=self.result_ttl_seconds,
            key_ttl_seconds=self.key_ttl_seconds,
            aging_seconds=self.aging_seconds,
        )

    @property
    def tls(self) -> Tls:
        """By which files servers and this service know each other."""
        return Tls(self.ca_file, self.cert_file, self.key_file)

    @property
    def caps(self) -> Caps:
        """The limits of the queue."""
        return Caps(queued=self.max_queued, open_per_client=self.max_open_per_client)


def explain(error: ValidationError) -> str:
    """What is wrong with the settings, one sentence each."""
    return "; ".join(
        f"NST_{'_'.join(map(str, fault['loc'])).upper()} is {str(fault['input'])[:60]!r}, "
        f"but {fault['msg'].replace('Input', 'it', 1)}"
        for fault in error.errors()
    )


def strangers(environment: Iterable[str]) -> list[str]:
    """Warnings about variables with our prefix that nobody reads, as a misspelt one is."""
    known = {f"NST_{name.upper()}" for name in Settings.model_fields} | OTHERS
    warnings = []
    for name in sorted(set(environment) - known):
        if name.startswith("NST_"):
            close = get_close_matches(name, known, n=1, cutoff=0.8)
            warnings.append(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else ""))
    return warnings
