"""A server that is away costs one caller its patience, and not every one."""

import pytest

from jobs.errors import Unavailable
from jobs.kafka_breaker import Breaker


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _works(breaker: Breaker) -> bool:
    """Whether a call that goes well was tried."""
    with breaker.attempt():
        return True


def _fails(breaker: Breaker) -> None:
    with pytest.raises(Unavailable, match="the server is away"), breaker.attempt():
        raise Unavailable("the server is away")


def test_while_all_goes_well_every_call_is_tried() -> None:
    breaker = Breaker(2.0)
    assert [_works(breaker) for _ in range(3)] == [True] * 3


def test_after_a_failure_calls_fail_at_once_with_its_reason() -> None:
    breaker = Breaker(2.0, clock=Clock())
    _fails(breaker)
    with pytest.raises(Unavailable, match="the server is away"), breaker.attempt():
        raise AssertionError("it was tried")


def test_after_the_pause_one_tries_and_the_others_do_not_wait_for_it() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock=clock)
    _fails(breaker)
    clock.now = 2.1
    with breaker.attempt(), pytest.raises(Unavailable), breaker.attempt():
        raise AssertionError("a second one was tried")
    assert _works(breaker)


def test_a_try_that_ends_in_any_other_error_leaves_room_for_the_next() -> None:
    clock = Clock()
    breaker = Breaker(2.0, clock=clock)
    _fails(breaker)
    clock.now = 2.1
    with pytest.raises(ZeroDivisionError), breaker.attempt():
        raise ZeroDivisionError
    clock.now = 4.2
    assert _works(breaker)
