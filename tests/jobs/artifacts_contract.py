"""What every adapter of ``jobs.ports.Artifacts`` must do; an adapter's tests add the fixture."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import new_id
from jobs.ports import Artifacts
from jobs.terms import Entry

BAD_KEYS = (
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", ".hidden", "a/.hidden", "a b", "a\n",
    "a\0", "a\\b", "ä", "a/x*", "a" * 513, "a/" * 256 + "a",
)  # fmt: skip
GOOD_KEYS = ("a", "-", "a/b", "A-1_2/x.tar.gz", "a/b..c", "x" * 64 + "/" + "y" * 64)


class ArtifactsContract:
    """Override ``artifacts`` with an empty, fresh adapter."""

    @pytest.fixture
    def artifacts(self) -> Artifacts:
        raise NotImplementedError

    def test_what_was_put_is_there(self, artifacts: Artifacts) -> None:
        artifacts.put("j/a1/result.png", b"painted")
        assert artifacts.get("j/a1/result.png") == b"painted"
        assert artifacts.size("j/a1/result.png") == 7

    def test_putting_again_replaces(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", b"a long first version")
        artifacts.put("j/x", b"second")
        assert artifacts.get("j/x") == b"second"
        assert artifacts.list("j") == (Entry("j/x", 6),)

    def test_nothing_is_something_that_can_be_stored(self, artifacts: Artifacts) -> None:
        artifacts.put("j/empty", b"")
        assert artifacts.get("j/empty") == b""
        assert artifacts.size("j/empty") == 0
        assert list(artifacts.chunks("j/empty")) == []
        assert artifacts.jobs() == ("j",)

    @pytest.mark.parametrize("key", ["j/y", "j", "j/x/y", "j/a1", "other/x"])
    def test_what_was_never_put_is_missing(self, artifacts: Artifacts, key: str) -> None:
        artifacts.put("j/x", b"1")
        artifacts.put("j/a10/x", b"2")
        for read in (artifacts.get, artifacts.size, artifacts.chunks):
            with pytest.raises(ArtifactMissing, match=key):
                read(key)

    def test_chunks_are_the_whole_in_pieces(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", data := bytes(range(256)) * 10)
        pieces = list(artifacts.chunks("j/x", 1000))
        assert b"".join(pieces) == data
        assert [len(piece) for piece in pieces] == [1000, 1000, 560]

    def test_chunks_once_open_survive_deletion_and_replacement(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", b"1" * 100_000)
        artifacts.put("j/y", b"1" * 100_000)
        deleted, replaced = artifacts.chunks("j/x", 10_000), artifacts.chunks("j/y", 10_000)
        begun = next(replaced)
        artifacts.put("j/y", b"2")
        artifacts.delete("j")
        assert b"".join(deleted) == b"1" * 100_000
        assert begun + b"".join(replaced) == b"1" * 100_000

    @pytest.mark.parametrize(
        ("start", "stop"),
        [
            (0, None),
            (0, 10),
            (3, 7),
            (9, 10),
            (3, None),
            (0, 1000),
            (8, 1000),
            (0, 0),
            (5, 5),
            (7, 3),
            (10, None),
            (99, 100),
        ],
    )
    def test_a_part_is_what_a_slice_of_the_whole_is(self, artifacts: Artifacts, start: int, stop: int | None) -> None:
        artifacts.put("j/x", b"0123456789")
        assert b"".join(artifacts.chunks("j/x", 4, start=start, stop=stop)) == b"0123456789"[start:stop]

    def test_a_part_comes_in_pieces_too(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", bytes(range(100)))
        assert [len(piece) for piece in artifacts.chunks("j/x", 20, start=10, stop=65)] == [20, 20, 15]

    def test_nothing_has_no_parts(self, artifacts: Artifacts) -> None:
        artifacts.put("j/empty", b"")
        assert list(artifacts.chunks("j/empty", start=0, stop=5)) == list(artifacts.chunks("j/empty", start=5)) == []

    @pytest.mark.parametrize(("start", "stop"), [(0, 10), (5, 5), (5, None)])
    def test_a_part_of_what_was_never_put_is_missing(self, artifacts: Artifacts, start: int, stop: int | None) -> None:
        with pytest.raises(ArtifactMissing, match="j/x"):
            artifacts.chunks("j/x", start=start, stop=stop)

    @pytest.mark.parametrize(("start", "stop"), [(-1, None), (0, -1), (-5, -1)])
    def test_a_part_from_the_end_is_a_value_error(self, artifacts: Artifacts, start: int, stop: int | None) -> None:
        artifacts.put("j/x", b"0123456789")
        with pytest.raises(ValueError, match="at byte 0 or above"):
            artifacts.chunks("j/x", start=start, stop=stop)

    def test_a_part_once_open_survives_deletion(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", b"12" * 50_000)
        part = artifacts.chunks("j/x", 10_000, start=1, stop=90_001)
        artifacts.delete("j")
        assert b"".join(part) == b"21" * 45_000

    def test_what_is_created_is_there_and_is_not_created_again(self, artifacts: Artifacts) -> None:
        assert artifacts.create("j/a1/x", b"first") is True
        assert artifacts.create("j/a1/x", b"second") is False
        assert artifacts.get("j/a1/x") == b"first"
        assert artifacts.list("j") == (Entry("j/a1/x", 5),)

    def test_what_was_put_is_not_created_but_what_was_deleted_is(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", b"put")
        assert artifacts.create("j/x", b"created") is False
        assert artifacts.get("j/x") == b"put"
        artifacts.delete("j/x")
        assert artifacts.create("j/x", b"created") is True
        artifacts.put("j/x", b"put again")
        assert artifacts.get("j/x") == b"put again"

    def test_of_many_who_create_the_same_key_one_has(self, artifacts: Artifacts) -> None:
        for n in range(5):
            together = threading.Barrier(16)

            def create(number: int, key: str = f"j/{n}", together: threading.Barrier = together) -> bool:
                together.wait()
                return artifacts.create(key, str(number).encode() * 1000)

            with ThreadPoolExecutor(16) as pool:
                created = list(pool.map(create, range(16)))
            assert created.count(True) == 1
            assert artifacts.get(f"j/{n}") == str(created.index(True)).encode() * 1000

    def test_a_list_is_sorted_and_knows_sizes(self, artifacts: Artifacts) -> None:
        for key in ("j/b", "j/a1/frames/10.jpg", "j/a1/frames/9.jpg", "j/a-1", "k/x"):
            artifacts.put(key, key.encode())
        listed = artifacts.list("j")
        assert [entry.key for entry in listed] == ["j/a-1", "j/a1/frames/10.jpg", "j/a1/frames/9.jpg", "j/b"]
        assert all(entry.size == len(entry.key) for entry in listed)

    def test_a_prefix_names_whole_segments(self, artifacts: Artifacts) -> None:
        artifacts.put("x/a1/y", b"1")
        artifacts.put("x/a10/y", b"2")
        assert artifacts.list("x/a1") == (Entry("x/a1/y", 1),)
        artifacts.copy("x/a1", "z")
        artifacts.delete("x/a1")
        assert artifacts.list("x") == (Entry("x/a10/y", 1),)
        assert artifacts.list("z") == (Entry("z/y", 1),)

    def test_a_key_is_its_own_prefix(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x.png", b"1")
        assert artifacts.list("j/x.png") == (Entry("j/x.png", 1),)
        artifacts.copy("j/x.png", "k/y.png")
        artifacts.delete("j/x.png")
        assert artifacts.jobs() == ("k",)
        assert artifacts.get("k/y.png") == b"1"

    def test_nothing_is_listed_where_nothing_is(self, artifacts: Artifacts) -> None:
        assert artifacts.list("j") == ()
        assert artifacts.jobs() == ()

    def test_a_copy_is_independent_of_its_source(self, artifacts: Artifacts) -> None:
        artifacts.put("j/a1/result.png", b"result")
        artifacts.put("j/a1/frames/5.jpg", b"five")
        artifacts.copy("j/a1", "k/a1")
        artifacts.put("j/a1/result.png", b"changed")
        artifacts.delete("j")
        assert artifacts.get("k/a1/result.png") == b"result"
        assert [entry.key for entry in artifacts.list("k")] == ["k/a1/frames/5.jpg", "k/a1/result.png"]

    def test_a_changed_copy_leaves_its_source(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", b"first")
        artifacts.copy("j", "k")
        artifacts.put("k/x", b"other")
        assert artifacts.get("j/x") == b"first"

    def test_a_copy_goes_between_what_is_there(self, artifacts: Artifacts) -> None:
        for key in ("j/x", "j/a1/y", "j/a1/z"):
            artifacts.put(key, b"new")
        for key in ("k/w", "k/x", "k/a1/v", "k/a1/z"):
            artifacts.put(key, b"old")
        artifacts.copy("j", "k")
        stored = {entry.key: artifacts.get(entry.key) for entry in artifacts.list("k")}
        assert stored == {
            "k/w": b"old", "k/x": b"new", "k/a1/v": b"old", "k/a1/y": b"new", "k/a1/z": b"new"
        }  # fmt: skip

    def test_a_copy_of_nothing_is_missing_and_makes_nothing(self, artifacts: Artifacts) -> None:
        with pytest.raises(ArtifactMissing, match="j/a1"):
            artifacts.copy("j/a1", "k/a1")
        assert artifacts.jobs() == ()

    def test_deleting_removes_everything_under_the_prefix(self, artifacts: Artifacts) -> None:
        for key in ("j/x", "j/a1/frames/1.jpg", "k/x"):
            artifacts.put(key, b"1")
        artifacts.delete("j")
        assert artifacts.list("j") == ()
        assert artifacts.jobs() == ("k",)
        artifacts.put("j/x", b"again")
        assert artifacts.list("j") == (Entry("j/x", 5),)

    def test_deleting_nothing_does_nothing(self, artifacts: Artifacts) -> None:
        artifacts.put("j/x", b"1")
        for prefix in ("k", "j/y", "j/x/y"):
            artifacts.delete(prefix)
        assert artifacts.get("j/x") == b"1"

    def test_a_job_without_anything_left_is_none(self, artifacts: Artifacts) -> None:
        artifacts.put("j/a1/x", b"1")
        artifacts.delete("j/a1")
        assert artifacts.jobs() == ()

    def test_jobs_are_the_first_segments(self, artifacts: Artifacts) -> None:
        ids = sorted(new_id() for _ in range(5))
        for id in ids:
            artifacts.put(keys.spec(id), b"{}")
            artifacts.put(keys.frame(id, 1, 10), b"1")
        assert artifacts.jobs() == tuple(ids)

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_a_bad_key_is_a_value_error_everywhere(self, artifacts: Artifacts, key: str) -> None:
        calls: tuple[Callable[[], object], ...] = (
            lambda: artifacts.put(key, b"1"),
            lambda: artifacts.create(key, b"1"),
            lambda: artifacts.link(key, 60),
            lambda: artifacts.get(key),
            lambda: artifacts.size(key),
            lambda: artifacts.chunks(key),
            lambda: artifacts.list(key),
            lambda: artifacts.copy(key, "k"),
            lambda: artifacts.copy("k", key),
            lambda: artifacts.delete(key),
        )
        for call in calls:
            with pytest.raises(ValueError, match="is no key"):
                call()

    @pytest.mark.parametrize("key", GOOD_KEYS)
    def test_a_good_key_is_taken(self, artifacts: Artifacts, key: str) -> None:
        artifacts.put(key, b"1")
        assert artifacts.list(key) == (Entry(key, 1),)
        assert artifacts.jobs() == (key.split("/")[0],)

    def test_every_name_of_the_service_is_a_good_key(self, artifacts: Artifacts) -> None:
        id = new_id()
        names = (
            keys.spec(id), keys.manifest(id), keys.content(id), keys.style(id, 1), keys.timelapse(id),
            keys.frame(id, 1, 10), keys.small_frame(id, 1, 10), keys.losses(id, 1), keys.checkpoint(id, 1),
            keys.result(id, 1),
        )  # fmt: skip
        for name in names:
            artifacts.put(name, b"1")
        assert [entry.key for entry in artifacts.list(id)] == sorted(names)

    def test_whoever_reads_while_another_replaces_sees_a_whole(self, artifacts: Artifacts) -> None:
        versions = {bytes([n]) * (20_000 + n) for n in range(4)}
        artifacts.put("j/x", bytes([0]) * 20_000)

        def put_all() -> None:
            for version in versions:
                artifacts.put("j/x", version)

        with _meanwhile(put_all):
            seen = {artifacts.get("j/x") for _ in range(60)} | {b"".join(artifacts.chunks("j/x")) for _ in range(60)}
        assert seen <= versions

    def test_whoever_lists_while_another_deletes_does_not_stumble(self, artifacts: Artifacts) -> None:
        def come_and_go() -> None:
            for name in "abcd":
                artifacts.put(f"j/{name}/{name}", b"1")
            artifacts.delete("j")

        with _meanwhile(come_and_go):
            for _ in range(60):
                assert all(entry.size == 1 for entry in artifacts.list("j"))
                assert artifacts.jobs() in ((), ("j",))

    def test_the_check_of_a_healthy_place_leaves_nothing(self, artifacts: Artifacts) -> None:
        artifacts.check()
        assert artifacts.jobs() == ()


@contextmanager
def _meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Does something over and over in another thread; whatever it raises, the test raises."""
    over = threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            while not over.is_set():
                work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert not errors
