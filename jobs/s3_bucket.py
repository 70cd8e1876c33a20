"""The address of an S3 bucket, and a client for it in each process."""

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from jobs.errors import Misconfigured, Unavailable
from jobs.layout import is_key
from jobs.urls import Tls, shown

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_URL: Final = re.compile(r"(?i:s3)://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
_CONNECT_SECONDS: Final = 2
# Kept open, not a limit: each of 16 threads that answer requests, some with 8 of their own that copy or read ahead.
# One beyond them is opened for its request and closed after it.
_CONNECTIONS: Final = 64
_ANY_REGION: Final = "us-east-1"  # what servers that know no regions expect


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, and the prefix in it below which everything is: empty, or with a slash at its end."""

    bucket: str
    prefix: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may be silent, and how often it is asked."""

    read_seconds: float
    attempts: int


PATIENT: Final = Patience(read_seconds=10, attempts=3)
QUICK: Final = Patience(read_seconds=3, attempts=2)


def place(url: str) -> Place:
    """The place that ``s3://BUCKET[/PREFIX]`` names.

    Raises:
        Misconfigured: the URL is another one.
    """
    match = _URL.fullmatch(url)
    prefix = (match[2] or "").strip("/") if match else ""
    if match is None or (prefix and not is_key(prefix)):
        raise Misconfigured(
            f"NST_ARTIFACTS_URL is {shown(url)!r}, but it must be s3://BUCKET/PREFIX with nothing but letters, digits, "
            "'-', '_' and '.'; access keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return Place(match[1], f"{prefix}/" if prefix else "")


class Clients:
    """Two clients for each process, made when one is first needed: none may be carried over a fork.

    Args:
        endpoint: the server's URL; empty is Amazon's own, or what AWS's variables say.
        region: empty is what AWS's variables say.
        tls: its ``ca_file`` is what the server is known by.
    """

    def __init__(self, endpoint: str, region: str, tls: Tls) -> None:
        self._endpoint = endpoint
        self._region = region or (_ANY_REGION if endpoint else None)
        self._tls = tls
        self._of_process: dict[int, tuple[S3Client, S3Client]] = {}

    def patient(self) -> "S3Client":
        """The client of this process for its work, for any of its threads.

        Raises:
            Unavailable: the settings are none that a client can be made of.
        """
        return self._own()[0]

    def quick(self) -> "S3Client":
        """As ``patient``, for who asks whether the server is there and wants no long wait for a no."""
        return self._own()[1]

    def _own(self) -> "tuple[S3Client, S3Client]":
        # Two threads may make a pair each; both are whole, and one is kept.
        return self._of_process.get(os.getpid()) or self._of_process.setdefault(os.getpid(), self._made())

    def _made(self) -> "tuple[S3Client, S3Client]":
        try:
            session = boto3.session.Session()  # the second client takes what it has read for the first
            return self._client(session, PATIENT), self._client(session, QUICK)
        except (BotoCoreError, ValueError) as error:  # ValueError: the endpoint is no URL
            raise Unavailable(
                f"no client for S3 can be made: {error}; check NST_S3_ENDPOINT, NST_S3_REGION and AWS's variables"
            ) from error

    def _client(self, session: boto3.session.Session, patience: Patience) -> "S3Client":
        return session.client(
            "s3",
            endpoint_url=self._endpoint or None,
            region_name=self._region,
            verify=str(self._tls.ca_file) if self._tls.ca_file else None,
            config=_config(patience, path_style=bool(self._endpoint)),
        )


def _config(patience: Patience, *, path_style: bool) -> Config:
    """Plain enough for servers that are not Amazon's, which lack its newer checksums."""
    return Config(
        signature_version="s3v4",
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=patience.read_seconds,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        max_pool_connections=_CONNECTIONS,
        s3={"addressing_style": "path" if path_style else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
