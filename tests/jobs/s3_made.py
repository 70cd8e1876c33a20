"""Buckets for tests, and what is really sent to them."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from botocore.loaders import Loader, create_loader

from jobs.s3 import S3Artifacts
from scripts.servers import Account, S3Server


def use_account(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the keys where AWS's programs look for them, and nothing of this machine's owner."""
    use_nobody(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account.secret_key)


def use_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, and no search for them elsewhere."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")


def made_url(server: S3Server, monkeypatch: pytest.MonkeyPatch, bucket: str = "artifacts") -> str:
    """A fresh prefix in a bucket that is made where it is missing, and the owner's keys in the environment."""
    use_account(Account(server.access_key, server.secret_key), monkeypatch)
    monkeypatch.setattr("botocore.loaders.create_loader", lambda *_: _loader())
    return f"s3://{server.make_bucket(bucket)}/{uuid4().hex}"


@cache
def _loader() -> Loader:
    """What S3 is, in AWS's words: read once for all tests, for it takes most of the time in which a client is made."""
    return create_loader()


def objects(server: S3Server, url: str) -> list[str]:
    """What the server has below the prefix."""
    name, _, prefix = url.removeprefix("s3://").partition("/")
    client = server.client()
    try:
        found = client.list_objects_v2(Bucket=name, Prefix=f"{prefix}/").get("Contents", ())
    finally:
        client.close()
    return [item["Key"].removeprefix(f"{prefix}/") for item in found]


def put_object(server: S3Server, url: str, name: str, data: bytes) -> None:
    """Store something past the adapter."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    client = server.client()
    try:
        client.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=data)
    finally:
        client.close()


def events(artifacts: S3Artifacts) -> Any:
    """What the adapter's client tells of its requests."""
    return artifacts._objects._client().meta.events


def sent(artifacts: S3Artifacts, *operations: str) -> Sequence[Any]:
    """The requests of these operations that are sent from now on, as they come."""
    requests: list[Any] = []

    def remember(request: Any, **_: Any) -> None:
        requests.append(request)

    for operation in operations:
        events(artifacts).register(f"before-send.s3.{operation}", remember)
    return requests
