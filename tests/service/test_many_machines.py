"""The drills of ``bench/drills``, short: real Kafka, Redis, API and workers, one of which fails at a time."""

from pathlib import Path

import pytest

from bench.drills import carrying, deaths, outages, queueing

#: The fixtures say whether there are such servers here; every drill starts its own.
pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("kafka", "redis_server")]


def test_no_job_is_lost_or_done_twice_while_workers_are_killed(tmp_path: Path) -> None:
    assert not deaths.kills(tmp_path, jobs=15, every=2, seed=2).broken


def test_workers_may_come_and_go(tmp_path: Path) -> None:
    assert not deaths.scaling(tmp_path, jobs=30).broken


def test_a_broker_that_is_away_or_hangs_loses_nothing(tmp_path: Path) -> None:
    assert not outages.broker(tmp_path, down=4, frozen=6).broken


def test_a_store_that_restarts_or_forgets_everything_loses_nothing(tmp_path: Path) -> None:
    assert not outages.store(tmp_path, waiting=6).broken


def test_what_comes_twice_is_done_once(tmp_path: Path) -> None:
    assert not carrying.duplicates(tmp_path, jobs=8, clients=16).broken


def test_poison_harms_nobody_else(tmp_path: Path) -> None:
    assert not carrying.poison(tmp_path).broken


def test_a_cancelled_job_has_one_ending(tmp_path: Path) -> None:
    assert not queueing.cancelling(tmp_path, races=15).broken
