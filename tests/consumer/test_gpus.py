"""Each worker its own GPU, with a driver that is a script."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.gpus import VISIBLE, Gpu, visible_gpus
from jobs.model import JobStatus
from jobs.sqlite import SqliteStore
from jobs.terms import Policy
from tests.consumer.workshop import Workshop

TWO = {"0": "GPU-aaaa1111", "1": "GPU-bbbb2222"}


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    """Where GPUs are reserved."""
    return SqliteStore(tmp_path / "jobs.sqlite", Policy())


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Puts an ``nvidia-smi`` on the path that lists these."""
    monkeypatch.setenv(VISIBLE, "")  # so that it is put back afterwards, whatever a worker makes of it
    monkeypatch.delenv(VISIBLE)

    def install(gpus: dict[str, str]) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir(exist_ok=True)
        lines = "".join(f"echo '{index}, {uuid}'\n" for index, uuid in gpus.items())
        program.write_text(f"#!/bin/sh\n{lines}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return install


def test_two_workers_take_different_gpus_and_the_third_waits(
    store: SqliteStore, driver: Callable[[dict[str, str]], None]
) -> None:
    driver(TWO)
    first, second, third = (Gpu(store, name, "auto") for name in ("one", "two", "three"))
    assert first.take()
    assert os.environ.pop(VISIBLE) == TWO["0"]
    assert second.take()
    assert os.environ.pop(VISIBLE) == TWO["1"]
    assert not third.take()
    assert VISIBLE not in os.environ
    first.free()
    assert third.take()
    assert os.environ[VISIBLE] == TWO["0"]


def test_a_worker_keeps_the_gpu_that_it_has(store: SqliteStore, driver: Callable[[dict[str, str]], None]) -> None:
    driver(TWO)
    gpu = Gpu(store, "one", "cuda")
    assert gpu.take()
    assert gpu.take()
    gpu.keep()
    assert os.environ[VISIBLE] == TWO["0"]
    assert store.reserve(f"gpu:{TWO['1']}", "another", 10)


@pytest.mark.parametrize(
    ("variable", "gpus"),
    [
        ("1", ("GPU-bbbb2222",)),
        ("1,0", ("GPU-bbbb2222", "GPU-aaaa1111")),
        ("GPU-bbbb", ("GPU-bbbb2222",)),
        ("0,-1,1", ("GPU-aaaa1111",)),
        ("-1", ()),
        ("", ()),
    ],
)
def test_only_the_gpus_that_the_process_may_use_are_chosen_from(
    variable: str, gpus: tuple[str, ...], driver: Callable[[dict[str, str]], None]
) -> None:
    driver(TWO)
    assert visible_gpus({**os.environ, VISIBLE: variable}) == gpus


def test_of_two_workers_on_the_only_gpu_the_second_waits_for_the_first(
    store: SqliteStore, driver: Callable[[dict[str, str]], None]
) -> None:
    driver({"0": "GPU-aaaa1111"})
    first, second = Gpu(store, "one", "auto"), Gpu(store, "two", "auto")
    assert first.take()
    assert not second.take()
    assert (first.held, second.held) == (True, False)
    first.free()
    assert second.take()
    assert os.environ[VISIBLE] == "GPU-aaaa1111"


def test_a_gpu_that_another_has_reserved_meanwhile_is_left_to_it(
    store: SqliteStore, driver: Callable[[dict[str, str]], None]
) -> None:
    driver({"0": "GPU-aaaa1111"})
    gpu = Gpu(store, "one", "auto")
    assert gpu.take()
    store.free("gpu:GPU-aaaa1111", "one")  # as a store that has lost its data
    assert store.reserve("gpu:GPU-aaaa1111", "another", 10)
    gpu.keep()
    assert not gpu.held
    assert not gpu.take()
    store.free("gpu:GPU-aaaa1111", "another")
    assert gpu.take()


@pytest.mark.parametrize("device", ["cpu", "cuda:1"])
def test_a_device_that_the_operator_names_is_left_as_it_is(
    device: str, store: SqliteStore, driver: Callable[[dict[str, str]], None]
) -> None:
    driver(TWO)
    assert Gpu(store, "one", device).take()
    assert VISIBLE not in os.environ


def test_without_a_driver_there_is_nothing_to_choose(store: SqliteStore, tmp_path: Path) -> None:
    assert visible_gpus({"PATH": str(tmp_path)}) == ()


def test_a_driver_that_fails_is_as_good_as_none(driver: Callable[[dict[str, str]], None], tmp_path: Path) -> None:
    driver({})
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    assert visible_gpus(os.environ) == ()


def test_a_worker_without_a_gpu_of_its_own_takes_no_job_until_one_is_free(
    tmp_path: Path, driver: Callable[[dict[str, str]], None]
) -> None:
    driver(TWO)
    workshop = Workshop(tmp_path, device="auto")
    for uuid in TWO.values():
        assert workshop.ports.store.reserve(f"gpu:{uuid}", "others", 60)
    job_id = workshop.submit(iterations=2)
    with workshop.working() as (_, child, _):
        workshop.until_true(lambda: [worker.ready for worker in workshop.ports.store.workers()] == [False])
        assert child.pid is None
        workshop.ports.store.free(f"gpu:{TWO['1']}", "others")
        workshop.ended(job_id)
        assert os.environ[VISIBLE] == TWO["1"]
    assert workshop.ports.store.reserve(f"gpu:{TWO['1']}", "the next", 10)


def test_a_worker_whose_gpu_went_to_another_hands_its_job_back_and_waits(
    tmp_path: Path, driver: Callable[[dict[str, str]], None]
) -> None:
    driver({"0": "GPU-aaaa1111"})
    workshop = Workshop(tmp_path, device="auto")
    store, name = workshop.ports.store, "gpu:GPU-aaaa1111"
    job_id = workshop.submit(iterations=400)
    with workshop.working() as (worker, child, _):
        workshop.running(job_id, iteration=5)
        store.free(name, worker.id)  # as a store that has lost its data
        assert store.reserve(name, "another", 60)
        waiting = workshop.until(job_id, lambda job: job.status is JobStatus.QUEUED)
        workshop.until_true(lambda: child.pid is None)
        workshop.until_true(lambda: [known.ready for known in store.workers()] == [False])
        assert child.pid is None
        store.free(name, "another")
        workshop.running(job_id)
        store.cancel(job_id)
        workshop.ended(job_id)
    assert (waiting.attempt, waiting.error) == (0, None)
