"""Jobs brought back from storage after the store has lost its data."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from jobs import keys
from jobs.artifacts import FolderArtifacts
from jobs.bus import EmptyBus
from jobs.errors import JobNotFound, JobPurged, Unavailable
from jobs.model import FrameRef, Job, JobSpec, JobStatus, new_id, to_line
from jobs.ports import JobStore
from jobs.recovery import recover, recover_all, seal
from jobs.sqlite import SqliteStore
from jobs.terms import Beat, Outcome, Policy
from jobs.wiring import Ports
from nst.options import StyleOptions

POLICY = Policy()


@dataclass
class _NotingBus(EmptyBus):
    """Remembers what was sent."""

    sent: list[str] = field(default_factory=list)

    def publish(self, specs: Sequence[JobSpec]) -> None:
        self.sent += [spec.id for spec in specs]


@dataclass
class _RetractingBus(EmptyBus):
    """Somebody takes back what is being sent."""

    store: JobStore

    def publish(self, specs: Sequence[JobSpec]) -> None:
        self.store.retract([spec.id for spec in specs])


@dataclass
class _SlowBus(EmptyBus):
    """Sending takes so long that somebody else begins to fill the store."""

    store: JobStore
    clock: "_Clock"

    def publish(self, specs: Sequence[JobSpec]) -> None:
        self.clock.now += 3600
        assert self.store.reserve("recovery", "somebody", 60)


class _DeadBus(EmptyBus):
    """Cannot send."""

    def publish(self, specs: Sequence[JobSpec]) -> None:
        raise Unavailable("nobody is there")


@dataclass
class _Clock:
    """Stands still until it is told."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    """The store's."""
    return _Clock()


@pytest.fixture
def bus() -> _NotingBus:
    """What the ports send on."""
    return _NotingBus()


@pytest.fixture
def ports(tmp_path: Path, bus: _NotingBus, clock: _Clock) -> Ports:
    """An empty store over an empty folder."""
    return Ports(SqliteStore(tmp_path / "jobs.sqlite", POLICY, clock), bus, FolderArtifacts(tmp_path / "jobs"))


def _spec(created_at: float = 1e9) -> JobSpec:
    return JobSpec(
        id=new_id(),
        created_at=created_at,
        options=StyleOptions(size=64),
        styles=1,
        width=64,
        height=64,
        client="somebody",
        fingerprint="f",
    )


def _stored(ports: Ports, created_at: float = 1e9) -> JobSpec:
    """A job that was asked for and is in storage alone."""
    spec = _spec(created_at)
    ports.artifacts.put(keys.spec(spec.id), to_line(spec.to_dict()))
    return spec


def _over(spec: JobSpec) -> Job:
    return Job(
        spec=spec,
        status=JobStatus.SUCCEEDED,
        version=9,
        token=2,
        attempt=2,
        result=2,
        frames=(FrameRef(10, 1), FrameRef(20, 2)),
        started_at=1e9,
        finished_at=1e9 + 60,
        expires_at=9e9,
    )


def test_an_unfinished_job_is_queued_and_sent_again(ports: Ports, bus: _NotingBus, clock: _Clock) -> None:
    spec = _stored(ports)
    job = recover(ports, spec.id)
    assert job is not None and (job.spec, job.status) == (spec, JobStatus.QUEUED)
    assert bus.sent == [spec.id]
    assert ports.store.claim("worker") is None  # a worker may have it that has written nothing yet
    clock.now += POLICY.lease_seconds
    claimed = ports.store.claim("worker")
    assert claimed is not None and claimed.id == spec.id


def test_a_job_that_is_over_is_as_it_was(ports: Ports, bus: _NotingBus) -> None:
    spec = _stored(ports)
    ports.artifacts.put(keys.manifest(spec.id), to_line(_over(spec).to_dict()))
    job = recover(ports, spec.id)
    assert job == _over(spec)
    assert bus.sent == []


def test_what_is_nowhere_is_none(ports: Ports) -> None:
    assert recover(ports, new_id()) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"id": 1}', b"null", b"\xff\xfe", b'{"spec": {}}'])
def test_a_damaged_manifest_leaves_the_request(ports: Ports, data: bytes) -> None:
    spec = _stored(ports)
    ports.artifacts.put(keys.manifest(spec.id), data)
    job = recover(ports, spec.id)
    assert job is not None and job.status is JobStatus.QUEUED


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"options": {"size": 1}}'])
def test_a_damaged_request_is_no_job(ports: Ports, data: bytes) -> None:
    id = new_id()
    ports.artifacts.put(keys.spec(id), data)
    assert recover(ports, id) is None


def test_a_record_of_another_job_is_not_believed(ports: Ports) -> None:
    id = new_id()
    other = _spec()
    ports.artifacts.put(keys.spec(id), to_line(other.to_dict()))
    ports.artifacts.put(keys.manifest(id), to_line(_over(other).to_dict()))
    assert recover(ports, id) is None


def test_a_new_attempt_never_writes_into_an_old_ones_folder(ports: Ports, clock: _Clock) -> None:
    spec = _stored(ports)
    for token, iteration in ((1, 10), (1, 20), (3, 20), (3, 30)):
        ports.artifacts.put(keys.frame(spec.id, token, iteration), b"x")
    job = recover(ports, spec.id)
    assert job is not None and job.frames == (FrameRef(10, 1), FrameRef(20, 3), FrameRef(30, 3))
    assert job.token == 4  # a worker may have that one, and has written nothing yet
    clock.now += POLICY.lease_seconds
    claimed = ports.store.claim("worker")
    assert claimed is not None and claimed.token == 5


def test_a_worker_that_had_written_nothing_shares_its_folder_with_nobody(ports: Ports, tmp_path: Path) -> None:
    spec = _stored(ports)
    ports.store.enqueue([Job(spec=spec)])
    held = ports.store.claim("worker")
    wiped = replace(ports, store=SqliteStore(tmp_path / "wiped.sqlite", Policy(lease_seconds=0.0)))
    recover(wiped, spec.id)
    claimed = None
    while claimed is None:
        claimed = wiped.store.claim("another")
    assert held is not None and claimed.token > held.token


def test_a_worker_keeps_a_job_that_others_have_brought_back(ports: Ports, tmp_path: Path) -> None:
    spec = _stored(ports)
    ports.store.enqueue([Job(spec=spec)])
    held = ports.store.claim("worker")
    wiped = replace(ports, store=SqliteStore(tmp_path / "wiped.sqlite", POLICY))
    assert recover_all(wiped) == 1
    assert held is not None and wiped.store.beat(spec.id, held.token) is Beat.MISSING
    assert wiped.store.adopt(held)
    assert wiped.store.finish(spec.id, held.token, Outcome(status=JobStatus.CANCELLED))


def test_a_known_job_is_left_as_it_is(ports: Ports) -> None:
    spec = _stored(ports)
    ports.store.enqueue([Job(spec=spec)])
    ports.store.claim("worker")
    job = recover(ports, spec.id)
    assert job is not None and job.status is JobStatus.RUNNING


def test_a_deleted_job_does_not_come_back(ports: Ports) -> None:
    spec = _stored(ports)
    ports.store.enqueue([Job(spec=spec)])
    ports.store.cancel(spec.id)
    assert ports.store.purge(spec.id)
    with pytest.raises(JobPurged):
        recover(ports, spec.id)


def test_a_job_that_is_taken_back_as_it_is_brought_back_is_nowhere(ports: Ports) -> None:
    spec = _stored(ports)
    assert recover(replace(ports, bus=_RetractingBus(ports.store)), spec.id) is None


def test_an_empty_store_is_filled_in_the_old_order(ports: Ports, bus: _NotingBus, clock: _Clock) -> None:
    specs = [_stored(ports, created_at) for created_at in (1e9 + 3, 1e9 + 1, 1e9 + 2)]
    done = _stored(ports, 1e9)
    ports.artifacts.put(keys.manifest(done.id), to_line(_over(done).to_dict()))
    ports.artifacts.put(f"{new_id()}/content.png", b"an orphan")
    assert recover_all(ports) == 4
    order = [specs[1].id, specs[2].id, specs[0].id]
    assert bus.sent == order
    clock.now += POLICY.lease_seconds
    claimed = [ports.store.claim("worker") for _ in range(3)]
    assert [job.id for job in claimed if job] == order
    assert ports.store.get(done.id) == _over(done)


def test_what_others_keep_in_the_same_place_is_no_job(ports: Ports) -> None:
    spec = replace(_spec(), id="backups")
    ports.artifacts.put(keys.spec(spec.id), to_line(spec.to_dict()))
    assert recover_all(ports) == 0


def test_a_store_that_was_filled_is_not_filled_again(ports: Ports) -> None:
    assert recover_all(ports) == 0
    spec = _stored(ports)
    assert recover_all(ports) == 0
    with pytest.raises(JobNotFound):
        ports.store.get(spec.id)


def test_what_a_store_knows_already_stays_as_it_is(ports: Ports) -> None:
    spec, other = _stored(ports), _stored(ports)
    ports.store.enqueue([Job(spec=spec)])
    held = ports.store.claim("worker", spec.id)
    assert recover_all(ports) == 2
    assert ports.store.get(spec.id) == held
    assert ports.store.get(other.id).status is JobStatus.QUEUED


def test_two_never_fill_a_store_at_once(ports: Ports) -> None:
    spec = _stored(ports)
    assert ports.store.reserve("recovery", "somebody", 60)
    assert recover_all(ports) == 0
    ports.store.free("recovery", "somebody")
    assert recover_all(ports) == 1
    assert ports.store.get(spec.id).status is JobStatus.QUEUED


def test_a_store_that_could_not_be_filled_is_filled_the_next_time(ports: Ports, bus: _NotingBus) -> None:
    spec = _stored(ports)
    with pytest.raises(Unavailable):
        recover_all(replace(ports, bus=_DeadBus()))
    assert not ports.store.filled()
    assert recover_all(ports) == 1
    assert bus.sent == [spec.id]


def test_more_jobs_than_one_part_are_filled_in_their_order(ports: Ports, clock: _Clock) -> None:
    ids = [_stored(ports, 1e9 + number).id for number in range(205)]
    assert recover_all(ports) == 205
    clock.now += POLICY.lease_seconds
    claimed = ports.store.claim("worker")
    place = ports.store.place(ids[-1])
    assert claimed is not None and claimed.id == ids[0]
    assert place is not None and place.position == 204


def test_who_was_too_slow_leaves_the_rest_to_who_came_after(ports: Ports, clock: _Clock) -> None:
    ids = [_stored(ports, 1e9 + number).id for number in range(101)]
    assert recover_all(replace(ports, bus=_SlowBus(ports.store, clock))) == 0
    assert not ports.store.filled()
    with pytest.raises(JobNotFound):
        ports.store.get(ids[-1])


def test_the_first_manifest_stays(ports: Ports) -> None:
    over = _over(_stored(ports))
    seal(ports, over)
    seal(ports, replace(over, version=99))
    assert recover(ports, over.id) == over


def test_a_damaged_manifest_is_replaced(ports: Ports) -> None:
    over = _over(_stored(ports))
    ports.artifacts.put(keys.manifest(over.id), b"{")
    seal(ports, over)
    assert recover(ports, over.id) == over


def test_a_sealed_job_has_no_checkpoints(ports: Ports) -> None:
    over = _over(_stored(ports))
    for token in (1, 2):
        ports.artifacts.put(f"{keys.checkpoint(over.id, token)}", b"x")
    seal(ports, over)
    assert [entry.key for entry in ports.artifacts.list(over.id)] == [keys.spec(over.id), keys.manifest(over.id)]


def test_a_recovered_job_can_be_finished(ports: Ports, clock: _Clock) -> None:
    spec = _stored(ports)
    recover_all(ports)
    clock.now += POLICY.lease_seconds
    job = ports.store.claim("worker", spec.id)
    assert job is not None
    assert ports.store.finish(spec.id, job.token, Outcome(status=JobStatus.CANCELLED))
    assert replace(ports.store.get(spec.id), spec=spec).status is JobStatus.CANCELLED
