"""The objects below a prefix of a bucket, and the server's refusals in the words of ``jobs.errors``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import PurePosixPath
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import ArtifactMissing, Unavailable
from jobs.s3_bucket import Place
from jobs.s3_errors import code, sentence, status, unavailable
from jobs.terms import Entry

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

#: What a browser is told that an object is, by the end of its name.
TYPES: Final = {
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".webp": "image/webp",
}

_MOST_REMOVED: Final = 1000  # by one request
_TRIES: Final = 3
_MARK: Final = "created-by"


class Objects:
    """Objects by their names below the prefix. Every method may raise Unavailable.

    Args:
        client: answers the client of the process that asks.
        sealing: arguments of every request that writes: how the server is to encrypt.
    """

    def __init__(self, place: Place, client: "Callable[[], S3Client]", sealing: dict[str, Any]) -> None:
        self._place = place
        self._client = client
        self._sealing = sealing

    def write(self, name: str, data: bytes) -> None:
        """Store an object, replacing what was there."""
        with unavailable(self.shown(name)):
            self._put(name, data)

    def create(self, name: str, data: bytes) -> bool:
        """Store an object where there is none; False where there is one."""
        mark = token_hex(8)
        with unavailable(self.shown(name)):
            for tries_left in reversed(range(_TRIES)):
                try:
                    self._put(name, data, IfNoneMatch="*", Metadata={_MARK: mark})
                    return True
                except ClientError as error:
                    if status(error) == 412 and (found := self._mark(name)) is not None:
                        return found == mark  # it was an earlier attempt of ours whose answer got lost
                    # 409, or there and gone: somebody removes it at this very moment.
                    if status(error) not in (409, 412) or not tries_left:
                        raise
        raise AssertionError("every try returns or raises")

    def read(self, name: str) -> bytes:
        """What is stored; ArtifactMissing where nothing is."""
        with self._finding(name), closing(self._get(name)) as body:
            return body.read()

    def size(self, name: str) -> int:
        """Bytes stored; ArtifactMissing where nothing is."""
        with self._finding(name):
            try:
                return self._client().head_object(**self._named(name))["ContentLength"]
            except ClientError as error:
                if status(error) != 404:
                    raise
            # The answer to a HEAD has no body that says what is missing: the object, or the bucket.
            found = self._client().get_object(**self._named(name))
            found["Body"].close()
            return found["ContentLength"]

    def pieces(self, name: str, chunk_bytes: int, start: int, stop: int | None) -> Iterator[bytes]:
        """The bytes from ``start`` up to ``stop``, on their way before this returns; ArtifactMissing."""
        if stop is not None and stop <= start:
            self.size(name)  # S3 has no words for a part of no bytes
            return iter(())
        with self._finding(name):
            try:
                found = self._client().get_object(**self._named(name), **_range(start, stop))
            except ClientError as error:
                if status(error) != 416:
                    raise
                return iter(())  # it ends before the part
        pieces = self._followed(name, found, chunk_bytes, start, stop)
        next(pieces)
        return pieces

    def names(self, prefix: str) -> Iterator[Entry]:
        """The object of this name, and all that have it as their first segments."""
        for page in self._pages(Prefix=f"{self._place.prefix}{prefix}"):
            for item in page.get("Contents", ()):
                name = item["Key"].removeprefix(self._place.prefix)
                if name == prefix or name.startswith(f"{prefix}/"):
                    yield Entry(name, item["Size"])

    def first_segments(self) -> set[str]:
        """The first segment of every name."""
        found: set[str] = set()
        for page in self._pages(Prefix=self._place.prefix, Delimiter="/"):
            keys = [item["Key"] for item in page.get("Contents", ())]
            keys += [item["Prefix"].rstrip("/") for item in page.get("CommonPrefixes", ())]
            found.update(key.removeprefix(self._place.prefix) for key in keys)
        return found

    def copy(self, source: str, target: str) -> None:
        """Let the server copy one object; ArtifactMissing where there is none."""
        with self._finding(source):
            self._client().copy_object(**self._named(target), CopySource=self._named(source), **self._sealing)

    def remove(self, names: Sequence[str]) -> None:
        """Remove objects, in this order but for a thousand at a time; nothing happens where there is none."""
        for first in range(0, len(names), _MOST_REMOVED):
            keys = [f"{self._place.prefix}{name}" for name in names[first : first + _MOST_REMOVED]]
            with unavailable(self._place.shown):
                answer = self._client().delete_objects(
                    Bucket=self._place.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
            for error in answer.get("Errors", ()):
                why = sentence(error.get("Code", ""), error.get("Message", ""))
                raise Unavailable(f"s3://{self._place.bucket}/{error.get('Key')}: {why}")

    def link(self, name: str, seconds: int, file_name: str) -> str:
        """A signed URL that answers an object for so long, to be saved under ``file_name`` where that is given."""
        named = {**self._named(name), "ResponseContentType": _type(name)}
        if file_name:
            named["ResponseContentDisposition"] = f'attachment; filename="{file_name}"'
        with unavailable(self.shown(name)):
            return self._client().generate_presigned_url("get_object", named, seconds)

    def shown(self, name: str = "") -> str:
        """Where an object is, for people."""
        return f"{self._place.shown}/{name}".rstrip("/")

    def _named(self, name: str) -> Any:
        return {"Bucket": self._place.bucket, "Key": f"{self._place.prefix}{name}"}

    def _put(self, name: str, data: bytes, **conditions: Any) -> None:
        more = {"ContentType": _type(name), **self._sealing, **conditions}
        self._client().put_object(**self._named(name), Body=data, **more)

    def _get(self, name: str, **part: Any) -> "StreamingBody":
        return self._client().get_object(**self._named(name), **part)["Body"]

    def _pages(self, **asked: Any) -> Iterator[Any]:
        with unavailable(self._place.shown):
            yield from self._client().get_paginator("list_objects_v2").paginate(Bucket=self._place.bucket, **asked)

    def _mark(self, name: str) -> str | None:
        """What was created is marked with; empty where it was written otherwise, None where nothing is."""
        try:
            return self._client().head_object(**self._named(name))["Metadata"].get(_MARK, "")
        except ClientError as error:
            if status(error) != 404:
                raise
            return None

    def _followed(
        self, name: str, found: "GetObjectOutputTypeDef", chunk_bytes: int, start: int, stop: int | None
    ) -> Iterator[bytes]:
        """The bytes of an answer; what breaks off is asked for again, as when a slow reader has paused for too long."""
        body = found["Body"]
        try:
            yield b""  # begun: from here on, closing the iterator closes the connection
            with unavailable(self.shown(name)):
                for tries_left in reversed(range(_TRIES)):
                    try:
                        while piece := body.read(chunk_bytes):
                            start += len(piece)
                            yield piece
                        return
                    except BotoCoreError:
                        if not tries_left:
                            raise
                    body.close()
                    body = self._get(name, **_range(start, stop), IfMatch=found["ETag"])
        finally:
            body.close()

    @contextmanager
    def _finding(self, name: str) -> Iterator[None]:
        """What the server refuses, as ArtifactMissing where that is all, else as Unavailable."""
        with unavailable(self.shown(name)):
            try:
                yield
            except ClientError as error:
                if code(error) != "NoSuchKey":
                    raise
                raise ArtifactMissing(f"nothing is stored under {name}") from error


def _range(start: int, stop: int | None) -> Any:
    """The argument that asks for a part; none for the whole, since an empty object has no parts."""
    return {} if start == 0 and stop is None else {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"}


def _type(name: str) -> str:
    return TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
