"""How often a client may submit: exact, told with every answer, and the same over all backends of one Redis."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from backend.rates import OwnWindow, Rate, RateUnusable, Standing
from jobs.errors import Unavailable
from jobs.settings import Settings
from scripts.servers import RedisServer
from tests.backend.service import Service, problem

if TYPE_CHECKING:
    from tests.servers import OwnServer


class _Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@contextmanager
def _shared(server: RedisServer, per_minute: int, count: int = 2) -> Iterator[list[Rate]]:
    """The rates of so many backends."""
    settings = Settings(store_url=server.url, submits_per_minute=per_minute, redis_prefix=f"{uuid4().hex}:")
    rates = [rate for _ in range(count) if (rate := Rate.of(settings))]
    yield rates
    for rate in rates:
        rate.close()


def _numbers(service: Service, headers: dict[str, str]) -> list[int]:
    answer = service.post(headers=headers)
    return [int(answer.headers[f"RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset")]


def test_a_window_moves(clock: _Clock) -> None:
    window = OwnWindow(2, clock)
    assert window.take("anna") == Standing(True, 2, 1, 61)
    clock.now += 40
    assert window.take("anna") == Standing(True, 2, 0, 21)
    assert window.take("anna") == Standing(False, 2, 0, 21)
    clock.now += 21
    assert window.take("anna").allowed
    assert not window.take("anna").allowed


def test_who_waits_as_long_as_he_is_told_is_allowed(clock: _Clock) -> None:
    window = OwnWindow(1, clock)
    window.take("anna")
    clock.now += 12.4
    clock.now += window.take("anna").reset_seconds
    assert window.take("anna").allowed


def test_clients_do_not_share_a_window(clock: _Clock) -> None:
    window = OwnWindow(1, clock)
    assert window.take("anna").allowed and window.take("ben").allowed


def test_clients_of_yesterday_are_forgotten(clock: _Clock) -> None:
    window = OwnWindow(1, clock)
    for number in range(100):
        window.take(str(number))
    clock.now += 200
    window.take("anna")
    assert len(window) == 1


def test_a_submission_given_back_does_not_count(clock: _Clock) -> None:
    window = OwnWindow(1, clock)
    window.take("anna")
    window.give_back("anna")
    window.give_back("nobody")
    assert window.take("anna").allowed


def test_no_rate_is_no_limit(serve: Callable[..., Service]) -> None:
    service = serve(submits_per_minute=0)
    answers = [service.post(style=[]) for _ in range(100)]
    assert {answer.status_code for answer in answers} == {422}
    assert "RateLimit-Limit" not in answers[0].headers


def test_every_submission_says_where_its_client_stands(serve: Callable[..., Service]) -> None:
    service = serve(submits_per_minute=3)
    limit, remaining, reset = _numbers(service, {})
    assert (limit, remaining) == (3, 2) and 59 <= reset <= 61
    assert _numbers(service, {})[1] == 1
    assert "RateLimit-Limit" not in service.get("/api/limits").headers


def test_a_refusal_says_exactly_when_to_come_back(serve: Callable[..., Service]) -> None:
    service = serve(submits_per_minute=1)
    service.post()
    answer = service.post()
    assert problem(answer) == (429, "too_many_submissions")
    assert answer.headers["Retry-After"] == answer.headers["RateLimit-Reset"]
    assert answer.headers["RateLimit-Remaining"] == "0"


def test_what_the_service_could_not_take_does_not_count(serve: Callable[..., Service]) -> None:
    service = serve(submits_per_minute=3, max_queued=1)
    service.submit()
    for _ in range(5):
        answer = service.post()
        assert problem(answer) == (503, "queue_full")
        assert answer.headers["RateLimit-Remaining"] == "2"


def test_what_fails_inside_does_not_count(serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> None:
    service = serve(submits_per_minute=1)

    def away(self: object, key: str, data: bytes) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(service.ports.artifacts), "put", away)
        assert problem(service.post()) == (503, "unavailable")
    assert service.post().status_code == 202


def test_all_backends_of_one_redis_count_together(redis_server: RedisServer) -> None:
    with _shared(redis_server, 3) as (here, there):
        standings = [here.take("anna"), there.take("anna"), here.take("anna"), there.take("anna")]
        assert [standing.remaining for standing in standings] == [2, 1, 0, 0]
        assert [standing.allowed for standing in standings] == [True, True, True, False]
        assert 1 <= standings[-1].reset_seconds <= 61
        assert there.take("ben").allowed
        here.give_back("anna", standings[0])
        assert there.take("anna").allowed


def test_the_shared_count_stays_below_the_prefix_of_the_settings(redis_server: RedisServer) -> None:
    prefix = f"{uuid4().hex}:"
    rate = Rate.of(Settings(store_url=redis_server.url, redis_prefix=prefix))
    assert rate
    rate.take("anna")
    rate.close()
    with redis_server.client(decode_responses=True) as client:
        names = client.keys("*anna*60*")
        assert [name for name in names if name.startswith(f"{prefix}rate")]
        assert 0 < client.ttl(next(name for name in names if name.startswith(prefix))) <= 60


def test_without_its_redis_a_backend_counts_alone_and_refuses_nobody_for_it(
    tmp_path: Path, own_server: "OwnServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.rates._AWAY_SECONDS", 0.05)
    server = own_server(RedisServer(tmp_path / "redis"))
    with _shared(server, 2, count=1) as (rate,):
        assert rate.take("anna").remaining == 1
        server.kill()
        own, *others = (rate.take("ben") for _ in range(3))
        assert [own.allowed, *(standing.allowed for standing in others)] == [True, True, False]
        rate.give_back("ben", own)
        assert [rate.take("ben").allowed for _ in range(2)] == [True, False]
        server.start()
        deadline = time.monotonic() + 10
        while not rate.take("ben").allowed:  # so long it counts by itself, and there ben has had his share
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_submission_is_given_back_where_it_was_counted(tmp_path: Path, own_server: "OwnServer") -> None:
    server = own_server(RedisServer(tmp_path / "redis"))
    with _shared(server, 1, count=2) as (here, there):
        shared = here.take("anna")
        server.freeze()
        assert here.take("anna").allowed  # by itself, which is not given back
        here.give_back("anna", shared)
        assert not here.take("anna").allowed
        server.thaw()
        assert not there.take("anna").allowed


def test_a_redis_that_hangs_holds_nobody_up_for_long(tmp_path: Path, own_server: "OwnServer") -> None:
    server = own_server(RedisServer(tmp_path / "redis"))
    with _shared(server, 2, count=1) as (rate,):
        server.freeze()
        assert [rate.take("anna").remaining for _ in range(3)] == [1, 0, 0]
        server.thaw()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:port/0", "redis://anna:secret@127.0.0.1:99999999/0"])
def test_an_address_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(RateUnusable, match="NST_STORE_URL is") as refusal:
        Rate.of(Settings(store_url=url))
    assert "secret" not in str(refusal.value)
