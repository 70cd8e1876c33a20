"""Which request a piece of work belongs to: a ``traceparent`` as the W3C defines it, which callers, API, message and
worker hand on, so that the lines they log can be found together. See https://www.w3.org/TR/trace-context/.
"""

import re
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final, Self

#: Name of the header, over HTTP and on the bus.
HEADER: Final = "traceparent"

_SHAPE: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_LONGEST: Final = 512  # characters; later versions may append to today's 55
_SAMPLED: Final = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """A place in a trace: what follows from it names it as its parent."""

    trace_id: str  #: 32 hexadecimal digits, the same for all that one request leads to
    span_id: str  #: 16 hexadecimal digits, of this step alone
    sampled: bool = True  #: whether the caller records it

    @classmethod
    def parse(cls, header: str) -> Self | None:
        """What a ``traceparent`` says; None where it says nothing that can be relied on."""
        match = _SHAPE.fullmatch(header) if len(header) <= _LONGEST else None
        if match is None:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if version == "ff" or (version == "00" and more) or not (int(trace_id, 16) and int(span_id, 16)):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))

    @classmethod
    def new(cls) -> Self:
        """The beginning of a trace."""
        return cls(_identity(16), _identity(8))

    @classmethod
    def after(cls, header: str) -> Self:
        """The next step of the trace that the header names, or the beginning of a new one."""
        parent = cls.parse(header)
        return replace(parent, span_id=_identity(8)) if parent else cls.new()

    def __str__(self) -> str:
        """As a ``traceparent``."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def trace_id(header: str) -> str:
    """The id of the trace that a ``traceparent`` names; empty where it names none."""
    parsed = Trace.parse(header)
    return parsed.trace_id if parsed else ""


def _identity(count: int) -> str:
    """So many random bytes in hexadecimal, which are never all zero."""
    while True:
        value = token_hex(count)
        if int(value, 16):
            return value
