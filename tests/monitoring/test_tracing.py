"""The ``traceparent``: what is taken from a caller, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.tracing import Trace, trace_id

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("03", True), ("02", False)])
def test_a_valid_one_is_read(flags: str, sampled: bool) -> None:
    assert Trace.parse(f"00-{TRACE}-{SPAN}-{flags}") == Trace(TRACE, SPAN, sampled)


def test_one_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert Trace.parse(f"cc-{TRACE}-{SPAN}-01-what-the-future-brings") == Trace(TRACE, SPAN)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-" + "x" * 600,
    ],
)
def test_anything_else_is_none_and_begins_a_trace_of_its_own(header: str) -> None:
    assert Trace.parse(header) is None
    assert trace_id(header) == ""
    assert Trace.after(header).trace_id not in (TRACE, "0" * 32)


@given(st.text(max_size=80) | st.from_regex(r"\A[0-9a-f-]{50,60}\Z"))
def test_no_text_whatever_does_harm(header: str) -> None:
    parsed = Trace.parse(header)
    assert parsed is None or Trace.parse(str(parsed)) == parsed


def test_the_next_step_is_of_the_same_trace_and_has_an_id_of_its_own() -> None:
    first = Trace.new()
    following = Trace.after(str(first))
    assert following.trace_id == first.trace_id == trace_id(str(following))
    assert following.span_id != first.span_id


def test_what_the_caller_does_not_record_is_not_recorded_further_on() -> None:
    assert not Trace.after(f"00-{TRACE}-{SPAN}-00").sampled
