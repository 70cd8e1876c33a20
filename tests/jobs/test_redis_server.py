"""What the Redis store does when its server refuses, restarts, forgets, freezes or is full."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from jobs.errors import JobNotFound, Unavailable
from jobs.model import Job, JobStatus
from jobs.redis import RedisStore
from jobs.terms import Beat, Caps, Idempotency, Policy, Worker
from scripts.servers import RedisServer
from tests.jobs.jobs_made import enqueued, finished, job, progress, running, succeeded
from tests.jobs.redis_life import live
from tests.servers import OwnServer


@pytest.fixture
def server(tmp_path: Path, own_server: OwnServer) -> RedisServer:
    return own_server(RedisServer(tmp_path / "redis"))


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    with closing(RedisStore(server.url, Policy())) as store:
        yield store


def test_a_store_may_be_opened_before_its_server(tmp_path: Path, own_server: OwnServer) -> None:
    server = RedisServer(tmp_path / "redis")
    with closing(RedisStore(server.url, Policy())) as store:
        with pytest.raises(Unavailable):
            store.counts()
        own_server(server)
        live(store)


def test_a_frozen_server_is_not_waited_for(server: RedisServer, store: RedisStore) -> None:
    held = running(store)
    server.freeze()
    with pytest.raises(Unavailable, match="stopped or overloaded"):
        store.finish(held.id, 1, succeeded())
    server.thaw()
    # It was heard after all, so that the worker, who asks again, must not be told that he is too late.
    assert store.finish(held.id, 1, succeeded())
    assert store.get(held.id).status is JobStatus.SUCCEEDED


def test_a_submission_that_was_heard_without_an_answer_can_be_repeated(server: RedisServer, store: RedisStore) -> None:
    given, key = [job(), job()], Idempotency("a", "k", "f")
    store.check()  # connected
    server.freeze()
    with pytest.raises(Unavailable):
        store.enqueue(given, caps=Caps(queued=2, open_per_client=2), idempotency=key)
    server.thaw()
    again = store.enqueue(given, caps=Caps(queued=2, open_per_client=2), idempotency=key)
    assert again.ids == tuple(each.id for each in given)
    assert store.counts()[JobStatus.QUEUED] == 2


def test_after_a_restart_everything_goes_on(server: RedisServer, store: RedisStore) -> None:
    held, waiting, over = running(store), enqueued(store), finished(store)
    server.restart()
    assert store.beat(held.id, 1, progress(3)) is Beat.OK
    assert store.get(over.id) == over
    claimed = store.claim("worker-2")
    assert claimed
    assert claimed.id == waiting
    assert store.finish(held.id, 1, succeeded())


def test_a_lease_that_ended_while_the_server_was_down_is_not_over_yet(server: RedisServer) -> None:
    with closing(RedisStore(server.url, Policy(lease_seconds=1.0))) as store:
        alive, dead = running(store), running(store)
        server.stop()
        time.sleep(1.1)
        server.start()
        assert store.claim("worker-2") is None
        assert store.claim("worker-2", alive.id) is None
        assert store.reap() == ()
        taken = None
        while taken is None:
            assert store.beat(alive.id, 1) is Beat.OK
            taken = store.claim("worker-2")
            time.sleep(0.05)
        assert (taken.id, taken.token) == (dead.id, 2)


def test_leases_that_ended_while_the_server_stood_still_are_not_over_yet(server: RedisServer) -> None:
    with closing(RedisStore(server.url, Policy(lease_seconds=1.0))) as store:
        first, second = running(store), running(store)
        server.freeze()
        time.sleep(2.1)
        server.thaw()
        assert store.reap() == ()
        assert store.claim("worker-2") is None
        assert store.claim("worker-2", first.id) is None
        for held in (first, second):
            assert store.beat(held.id, 1) is Beat.OK


def test_the_jobs_of_workers_that_all_fell_silent_are_given_back_in_the_end(server: RedisServer) -> None:
    with closing(RedisStore(server.url, Policy(lease_seconds=1.0))) as store, server.client() as client:
        held = running(store)
        client.hset("nst:speech", "heard", str(time.time() - 60))
        reaped: list[str] = []
        while not reaped:
            time.sleep(0.1)
            reaped += store.reap()
        assert reaped == [held.id]


def test_a_server_that_has_forgotten_everything_is_told_again(server: RedisServer, store: RedisStore) -> None:
    held, other = running(store, client="a"), running(store)
    store.set_filled()
    store.beat(held.id, 1, progress(3))
    held = store.get(held.id)
    server.wipe()
    assert not store.filled()
    assert store.beat(held.id, 1) is Beat.MISSING
    with pytest.raises(JobNotFound):
        store.get(held.id)
    assert not store.finish(other.id, 1, succeeded())
    assert store.adopt(held)
    assert replace(store.get(held.id), lease_until=held.lease_until) == held
    assert store.of_client("a") == (store.get(held.id),)
    assert store.finish(held.id, 1, succeeded())


def test_a_full_server_takes_no_new_jobs_and_loses_none(server: RedisServer, store: RedisStore) -> None:
    held, waiting, other, over = running(store), enqueued(store), enqueued(store), finished(store)
    lost = job(status=JobStatus.RUNNING, token=1)
    store.enqueue([Job(spec=lost.spec, token=2, lease_until=1.0)])
    with server.client() as client:
        client.config_set("maxmemory", "1mb")
        refused = job()
        with pytest.raises(Unavailable, match=r"maxmemory.*delete jobs") as caught:
            store.enqueue([refused])
        assert "script" not in str(caught.value)
        with pytest.raises(Unavailable, match="memory is full"):
            store.check()
        with pytest.raises(JobNotFound):
            store.get(refused.id)
        assert store.beat(held.id, 1, progress(3)) is Beat.OK
        store.announce(Worker(id="a", ready=True), 30)
        assert store.reserve("janitor", "a", 30)
        assert store.adopt(lost)
        assert store.finish(held.id, 1, succeeded())
        claimed = store.claim("worker-2", waiting)
        assert claimed
        assert store.release(waiting, 1)
        assert store.cancel(other).status is JobStatus.CANCELLED
        assert store.purge(over.id)
        client.config_set("maxmemory", "0")
    assert store.enqueue([refused]).new


def test_a_wait_survives_the_loss_of_its_connection(server: RedisServer, store: RedisStore) -> None:
    held = running(store)
    with server.client() as client:
        answers = []
        waiter = threading.Thread(target=lambda: answers.append(store.wait(held.id, held.version, 60)))
        waiter.start()
        while not client.client_list(_type="pubsub"):
            time.sleep(0.02)
        client.client_kill_filter(_type="pubsub")
        store.beat(held.id, 1, progress(3))
        waiter.join()
    assert answers[0].progress == progress(3)


def test_many_waits_share_one_connection(server: RedisServer, store: RedisStore) -> None:
    held = [running(store) for _ in range(20)]
    answers: list[str] = []
    waits = [partial(store.wait, each.id, each.version, 60) for each in held]
    threads = [threading.Thread(target=lambda wait=wait: answers.append(wait().id)) for wait in waits]
    for thread in threads:
        thread.start()
    with server.client() as client:
        while not client.client_list(_type="pubsub"):
            time.sleep(0.02)
        assert len(client.client_list(_type="pubsub")) == 1
    for each in held:
        store.beat(each.id, 1, progress(3))
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(each.id for each in held)


def test_every_key_begins_with_the_prefix(server: RedisServer) -> None:
    with closing(RedisStore(server.url, Policy(), prefix="{mine}:")) as store:
        live(store)
        running(store, batch="b")
        store.reserve("leader", "a", 30)
        store.set_filled()
    with server.client(decode_responses=True) as client:
        assert {str(key).partition(":")[0] for key in client.scan_iter()} == {"{mine}"}


def test_two_services_can_share_a_server(server: RedisServer, store: RedisStore) -> None:
    with closing(RedisStore(server.url, Policy(), prefix="other:")) as other:
        id = enqueued(store)
        assert other.claim("worker-1") is None
        with pytest.raises(JobNotFound):
            other.get(id)


def test_nothing_of_a_person_is_left_of_a_purged_job(server: RedisServer, store: RedisStore) -> None:
    held = running(store, client="Ada Lovelace", batch="Ada's batch", fingerprint="Ada's picture")
    store.beat(held.id, 1, progress(3, note="Ada's note"))
    store.finish(held.id, 1, succeeded())
    assert store.purge(held.id)
    with server.client() as client:
        keys = list(client.scan_iter())
        left = [key for key in keys if b"Ada" in key or b"Ada" in (client.dump(key) or b"")]
        assert not left
        tombstones = [key for key in keys if held.id.encode() in key]
        assert len(tombstones) == 1
        assert 29 * 86_400 < client.ttl(tombstones[0]) <= 30 * 86_400


def test_a_record_that_cannot_be_understood_is_named(server: RedisServer, store: RedisStore) -> None:
    held = running(store)
    with server.client() as client:
        client.hset(f"nst:job:{held.id}", "status", "dancing")
    with pytest.raises(Unavailable, match=held.id):
        store.get(held.id)


def test_a_job_that_somebody_has_damaged_is_in_nobodys_way(server: RedisServer, store: RedisStore) -> None:
    damaged, sound = enqueued(store), enqueued(store)
    with server.client() as client:
        client.delete(f"nst:text:{damaged}")
    claimed = store.claim("worker-1")
    assert claimed and claimed.id == sound
    counts = store.counts()
    assert (counts[JobStatus.QUEUED], counts[JobStatus.FAILED]) == (0, 1)
