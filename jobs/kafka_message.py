"""What a message on the topic looks like: one line of JSON, ``{"v": 1, …}`` with the fields of ``JobSpec``.

Its key is the job's id, and the header ``traceparent`` says which request it belongs to. Everything that arrives is
suspect: anybody who may write to the topic may have written it, also an older or a newer version of this program.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jobs.model import JobSpec, to_line
from jobs.tracing import HEADER
from nst.errors import NstError

VERSION: Final = 1
MAX_BYTES: Final = 65_536  #: of a message; a real one has a few hundred

_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MOST_KEPT: Final = MAX_BYTES  # of a dead letter, for hundreds may wait in memory
_LONGEST_HEADER: Final = 1_000  # characters
_LONGEST_KEY: Final = 1_000
_MOST_HEADERS: Final = 16_384  # bytes of all that the message came with

Headers = Sequence[tuple[str, bytes | None]]


class Undeliverable(Exception):
    """Nobody here can work on the message; ``reason`` is one of ``jobs.telemetry.DEAD_LETTERS``."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be sent."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def encode(spec: JobSpec) -> Message:
    """The message of a job."""
    trace = ((HEADER, spec.trace.encode()),) if spec.trace else ()
    return Message(spec.id.encode(), to_line({"v": VERSION, **spec.to_dict()}), trace)


def decode(value: bytes | None) -> JobSpec:
    """The job of a message; raises Undeliverable."""
    if value is None or len(value) > MAX_BYTES:
        raise Undeliverable("unreadable", f"a message has 1 to {MAX_BYTES} bytes, not {len(value or b'')}")
    values = _object(value)
    version = values.pop("v", None)
    if type(version) is not int:
        raise Undeliverable("unreadable", "the message does not say of which version it is")
    if version != VERSION:
        raise Undeliverable("version", f"the message is of version {version}; this program reads {VERSION}")
    if not _ID.fullmatch(str(values.get("id"))):
        raise Undeliverable("unreadable", "the message names no job")
    try:
        return JobSpec.from_dict(values)
    except (ValueError, TypeError, KeyError, AttributeError, NstError) as error:
        raise Undeliverable("unreadable", f"the message is no job: {type(error).__name__}: {error}") from error


def dead_letter(message: Message, facts: Mapping[str, object]) -> Message:
    """The message with what is known about its death as headers, such that it can be sent: a monstrous one is cut."""
    told = {**facts}
    key, value = message.key, message.value
    if value is not None and len(value) > _MOST_KEPT:
        told["cut_from_bytes"], value = len(value), value[:_MOST_KEPT]
    if key is not None and len(key) > _LONGEST_KEY:
        told["key_cut_from_bytes"], key = len(key), key[:_LONGEST_KEY]
    kept = _kept(message.headers)
    if len(kept) < len(message.headers):
        told["headers_dropped"] = len(message.headers) - len(kept)
    headers = [(name, str(fact)[:_LONGEST_HEADER].encode(errors="replace")) for name, fact in told.items()]
    return Message(key, b"" if key is None and value is None else value, (*kept, *headers))


def _kept(headers: Headers) -> list[tuple[str, bytes]]:
    """As many of the first headers as there is room for. Kafka allows none without a value, its client refuses it."""
    kept, room = [], _MOST_HEADERS
    for name, value in headers:
        room -= len(name.encode()) + len(value or b"")
        if room < 0:
            break
        kept.append((name, value or b""))
    return kept


def _object(value: bytes) -> dict[str, Any]:
    try:
        values = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Undeliverable("unreadable", f"the message is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise Undeliverable("unreadable", "the message is no JSON object")
    return values
