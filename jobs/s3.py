"""Artifacts in a bucket of S3, Amazon's or any other: a key is an object's name below a prefix.

Each is one object, written by one request, so that whatever is there is whole. Many are many requests: a copy or a
deletion that is cut short has done a part of it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from jobs.errors import ArtifactMissing, JobsError, Misconfigured, Unavailable
from jobs.layout import FORMAT_BYTES, FORMAT_NAME, check_format, check_key, check_part, is_key
from jobs.s3_bucket import Clients, place
from jobs.s3_objects import Objects
from jobs.terms import Entry
from jobs.urls import Tls

_PROBE: Final = ".probe"  # no key; the same for all, so that crashes leave no more than one
_AT_ONCE: Final = 8


class S3Artifacts:
    """``jobs.ports.Artifacts`` in a bucket, for any number of threads, processes and machines.

    The server must know conditional writes (``If-None-Match``), as Amazon's does; on one that ignores the condition,
    two that create the same key at the same moment may both be told that they have. Its user needs s3:ListBucket,
    s3:GetObject, s3:PutObject and s3:DeleteObject.

    Args:
        url: ``s3://BUCKET[/PREFIX]``. The keys to the bucket are found where all of AWS's programs look for them.
        endpoint: URL of the server; empty is Amazon's.
        region: of the bucket; empty is what AWS's variables say.
        encryption: at rest, of what is written: ``AES256``, ``aws:kms``, or empty for the bucket's own rule.
        kms_key: for ``aws:kms``; empty is the account's own.
        tls: its ``ca_file`` is what the server is known by.

    Raises:
        Unavailable: the bucket cannot be read and written; the message says why.
        NewerVersion: its layout is of a newer version of this program.
    """

    def __init__(
        self,
        url: str,
        *,
        endpoint: str = "",
        region: str = "",
        encryption: str = "",
        kms_key: str = "",
        tls: Tls | None = None,
    ) -> None:
        bucket, sealing, clients = place(url), _sealing(encryption, kms_key), Clients(endpoint, region, tls or Tls())
        self._objects = Objects(bucket, clients.patient, sealing)
        self._probes = Objects(bucket, clients.quick, sealing)
        self.check()
        self._check_format()
        self.list("-")  # the right to list is one of its own

    def put(self, key: str, data: bytes) -> None:
        """See the port."""
        self._objects.write(check_key(key), data)

    def create(self, key: str, data: bytes) -> bool:
        """See the port."""
        with suppress(ArtifactMissing):
            self.size(key)  # for servers that ignore the condition
            return False
        return self._objects.create(key, data)

    def get(self, key: str) -> bytes:
        """See the port."""
        return self._objects.read(check_key(key))

    def size(self, key: str) -> int:
        """See the port."""
        return self._objects.size(check_key(key))

    def chunks(
        self, key: str, chunk_bytes: int = 65_536, *, start: int = 0, stop: int | None = None
    ) -> Iterator[bytes]:
        """See the port; the connection is given back after the last piece, or closed with the iterator."""
        check_part(start, stop)
        return self._objects.pieces(check_key(key), chunk_bytes, start, stop)

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """See the port; what others have put there under names that are no keys is left out."""
        found = (entry for entry in self._objects.names(check_key(prefix)) if is_key(entry.key))
        return tuple(sorted(found, key=lambda entry: entry.key))

    def copy(self, source: str, target: str) -> None:
        """See the port; the server copies by itself. Where that fails, what was added is removed again."""
        there = {entry.key for entry in self.list(target)}
        copies = {entry.key: f"{target}{entry.key.removeprefix(source)}" for entry in self.list(source)}
        if not copies:
            raise ArtifactMissing(f"nothing is stored under {source}")
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self._objects.copy, copies.keys(), copies.values()))
        except JobsError:
            with suppress(Unavailable):
                self._objects.remove([key for key in copies.values() if key not in there])
            raise

    def delete(self, prefix: str) -> None:
        """See the port; a job's records go before its pictures, so that no half of it is taken for a job."""
        names = [entry.key for entry in self._objects.names(check_key(prefix))]
        self._objects.remove(sorted(names, key=lambda name: name.count("/")))

    def link(self, key: str, seconds: int, *, name: str = "") -> str | None:
        """See the port: whether it is there is not asked. Where keys are a role's, the link ends with its session."""
        return self._objects.link(check_key(key), seconds, name)

    def jobs(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(sorted(filter(is_key, self._objects.first_segments())))

    def check(self) -> None:
        """See the port: writes and removes a small object, and does not wait long for a no."""
        self._probes.write(_PROBE, b"nst\n")
        self._probes.remove([_PROBE])

    def _check_format(self) -> None:
        try:
            written = self._objects.read(FORMAT_NAME)
        except ArtifactMissing:
            self._objects.create(FORMAT_NAME, FORMAT_BYTES)
            written = self._objects.read(FORMAT_NAME)
        check_format(written, self._objects.shown(FORMAT_NAME), self._objects.shown())


def _sealing(encryption: str, kms_key: str) -> dict[str, Any]:
    """The arguments by which the server is asked to encrypt."""
    if kms_key and encryption != "aws:kms":
        raise Misconfigured("NST_S3_KMS_KEY is set, and is used only where NST_S3_ENCRYPTION is aws:kms; set both")
    sealing = {"ServerSideEncryption": encryption, "SSEKMSKeyId": kms_key}
    return {name: value for name, value in sealing.items() if value}
