"""How far a partition may be committed, whatever the order in which its jobs end."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.kafka_tracker import Place, Tracker
from tests.jobs.jobs_made import spec


def _delivered(tracker: Tracker, partition: int, offsets: range) -> list[str]:
    jobs = [spec() for _ in offsets]
    tracker.keep({*tracker.partitions(), partition})
    for offset, job in zip(offsets, jobs, strict=True):
        tracker.arrive(Place(partition, offset))
        tracker.issue(Place(partition, offset), job)
    return [job.id for job in jobs]


@given(st.permutations(range(6)), st.integers(0, 6))
def test_nothing_beyond_an_open_job_is_committed_in_any_order_of_ends(order: list[int], ended: int) -> None:
    tracker = Tracker()
    jobs = _delivered(tracker, 3, range(10, 16))
    for number in order[:ended]:
        tracker.settle(jobs[number])
    still_open = [10 + number for number in order[ended:]]
    assert tracker.due({3}) == {3: min(still_open, default=16)}
    assert len(tracker) == len(still_open)


def test_a_partition_that_went_to_another_is_forgotten_with_its_tickets() -> None:
    tracker = Tracker()
    _delivered(tracker, 0, range(2))
    (kept,) = _delivered(tracker, 1, range(1))
    tracker.drop({0})
    assert [ticket.spec.id for ticket in tracker.tickets()] == [kept]
    assert tracker.due({0, 1}) == {1: 0}


def test_only_owned_partitions_are_committed() -> None:
    tracker = Tracker()
    for partition in range(3):
        _delivered(tracker, partition, range(1))
    assert tracker.due({1}) == {1: 0}


def test_what_is_committed_is_not_committed_again() -> None:
    tracker = Tracker()
    (job,) = _delivered(tracker, 0, range(1))
    tracker.settle(job)
    tracker.committed(tracker.due({0}))
    assert tracker.due({0}) == {}


def test_a_job_that_came_twice_leaves_both_its_places() -> None:
    tracker, job = Tracker(), spec()
    tracker.keep({0})
    for offset in (4, 5):
        tracker.arrive(Place(0, offset))
    assert tracker.issue(Place(0, 4), job) is not None
    assert tracker.issue(Place(0, 5), job) is None
    tracker.settle(job.id)
    assert tracker.due({0}) == {0: 6}
    assert tracker.tickets() == ()


def test_a_job_whose_one_place_went_away_keeps_the_ticket_of_the_other() -> None:
    tracker, job = Tracker(), spec()
    tracker.keep({0, 1})
    for partition in (0, 1):
        tracker.arrive(Place(partition, 7))
        tracker.issue(Place(partition, 7), job)
    tracker.drop({0})
    assert [ticket.spec for ticket in tracker.tickets()] == [job]


def test_of_a_partition_that_is_dealt_to_the_same_again_nothing_arrives_twice() -> None:
    tracker = Tracker()
    over, still_open = _delivered(tracker, 0, range(5, 7))
    tracker.settle(over)
    tracker.keep({0})
    assert not tracker.arrive(Place(0, 5))
    assert not tracker.arrive(Place(0, 6))
    assert tracker.arrive(Place(0, 7))
    assert [ticket.spec.id for ticket in tracker.tickets()] == [still_open]
    assert tracker.due({0}) == {0: 6}


def test_what_lies_before_all_that_is_known_is_news() -> None:
    tracker = Tracker()
    _delivered(tracker, 0, range(5, 7))
    assert tracker.arrive(Place(0, 3))
    assert tracker.arrive(Place(0, 4))
    assert tracker.due({0}) == {0: 3}


def test_a_partition_that_is_dealt_to_another_is_forgotten() -> None:
    tracker = Tracker()
    _delivered(tracker, 0, range(1))
    tracker.keep({1})
    assert tracker.tickets() == ()
    tracker.keep({0, 1})
    assert tracker.arrive(Place(0, 0))
