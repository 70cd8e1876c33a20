"""The drills of ``bench/drill.py``, short: processes are killed, and nothing is lost."""

import pytest

from bench import drill

pytestmark = pytest.mark.timeout(300)


def test_no_job_is_lost_or_done_twice_whatever_is_killed() -> None:
    row = drill.killing(jobs=12, kills=5, seed=1)
    assert (row["jobs"], row["lost"], row["twice"]) == (12, 0, 0)


def test_the_job_of_a_killed_worker_goes_on_elsewhere() -> None:
    (row,) = drill.taking_over(1)
    assert (row["lost"], row["attempts"]) == (0, 2)


def test_what_was_accepted_is_there_after_a_power_cut() -> None:
    row = drill.cutting_power(3)
    assert (row["jobs"], row["lost"]) == (3, 0)


def test_a_cancelled_job_that_finishes_has_one_ending() -> None:
    row = drill.racing(15)
    assert (row["jobs"], row["lost"], row["twice"]) == (15, 0, 0)
