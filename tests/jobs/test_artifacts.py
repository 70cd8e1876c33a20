"""Artifacts in a folder: the contract, and what only a folder can get wrong."""

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from jobs import folders
from jobs.artifacts import STALE_SECONDS, FolderArtifacts
from jobs.errors import ArtifactMissing, NewerVersion, Unavailable
from jobs.ports import Artifacts
from tests.jobs.artifacts_contract import ArtifactsContract

ROOT = Path(__file__).resolve().parents[2]
OPEN_FILES = Path("/proc/self/fd")
not_for_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")


class TestFolderArtifacts(ArtifactsContract):
    @pytest.fixture
    def artifacts(self, tmp_path: Path) -> Artifacts:
        return FolderArtifacts(tmp_path / "jobs")


@pytest.fixture
def folder(tmp_path: Path) -> FolderArtifacts:
    return FolderArtifacts(tmp_path / "jobs")


def hidden_files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob(".*"))


def refuse(number: int) -> Callable[..., None]:
    """A stand-in for a system call that fails in this way."""

    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


def test_what_people_upload_is_for_the_owner_alone(folder: FolderArtifacts) -> None:
    folder.put("j/a1/x", b"1")
    folder.copy("j", "k")
    for path in [folder.root, *folder.root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_second_opening_finds_what_the_first_has_stored(folder: FolderArtifacts) -> None:
    folder.put("j/x", b"1")
    assert FolderArtifacts(folder.root).get("j/x") == b"1"


def test_a_relative_root_stays_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    relative = FolderArtifacts(Path("data/jobs"))
    monkeypatch.chdir("/")
    relative.put("j/x", b"1")
    assert (tmp_path / "data/jobs/j/x").read_bytes() == b"1"


def test_a_root_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    FolderArtifacts(tmp_path / "link").put("j/x", b"1")
    assert (tmp_path / "real/j/x").read_bytes() == b"1"


def test_links_inside_are_not_followed(folder: FolderArtifacts, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/x").write_bytes(b"secret")
    folder.put("j/real", b"1")
    (folder.root / "j/file").symlink_to(tmp_path / "secret/x")
    (folder.root / "j/folder").symlink_to(tmp_path / "secret")
    assert [entry.key for entry in folder.list("j")] == ["j/real"]
    for key in ("j/file", "j/folder/x"):
        with pytest.raises(Unavailable):
            folder.get(key)
    with pytest.raises(Unavailable, match="symbolic link"):
        folder.put("j/folder/y", b"1")
    folder.delete("j")
    assert (tmp_path / "secret/x").read_bytes() == b"secret"
    assert [path.name for path in (tmp_path / "secret").iterdir()] == ["x"]


def test_the_file_of_the_layout_is_no_key(folder: FolderArtifacts) -> None:
    with pytest.raises(ValueError, match="is no key"):
        folder.delete("FORMAT")
    assert (folder.root / "FORMAT").read_text() == "1\n"
    folder.put("FORMATS/x", b"1")
    assert folder.jobs() == ("FORMATS",)


def test_a_newer_layout_is_refused_and_left_as_it_is(folder: FolderArtifacts) -> None:
    (folder.root / "FORMAT").write_text("2\n")
    with pytest.raises(NewerVersion, match="has layout 2, and this program knows 1"):
        FolderArtifacts(folder.root)
    assert (folder.root / "FORMAT").read_text() == "2\n"


@pytest.mark.parametrize("content", ["", "one", "-1", "1.5"])
def test_a_damaged_layout_is_refused(folder: FolderArtifacts, content: str) -> None:
    (folder.root / "FORMAT").write_text(content)
    with pytest.raises(Unavailable, match="must hold a number"):
        FolderArtifacts(folder.root)


def test_a_file_in_the_place_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("mine")
    for root in (tmp_path / "jobs", tmp_path / "jobs/below"):
        with pytest.raises(Unavailable, match="must be a folder"):
            FolderArtifacts(root)


@not_for_root
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unavailable, match="Permission denied"):
            FolderArtifacts(tmp_path / "jobs")
    finally:
        tmp_path.chmod(0o700)


def test_a_key_below_a_key_is_refused(folder: FolderArtifacts) -> None:
    folder.put("j/x", b"1")
    with pytest.raises(Unavailable, match="must be a folder"):
        folder.put("j/x/y", b"1")


def test_a_full_disk_is_named_and_leaves_the_old_file(folder: FolderArtifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("j/x", b"old")
    monkeypatch.setattr("os.fsync", refuse(errno.ENOSPC))
    with pytest.raises(Unavailable, match="the disk is full"):
        folder.put("j/x", b"new")
    with pytest.raises(Unavailable, match="the disk is full"):
        folder.check()
    monkeypatch.undo()
    assert folder.get("j/x") == b"old"
    assert hidden_files(folder.root) == []


def test_a_root_that_has_gone_is_unavailable_and_not_empty(folder: FolderArtifacts) -> None:
    (folder.root / "FORMAT").unlink()
    folder.root.rmdir()
    calls: tuple[Callable[[], object], ...] = (
        lambda: folder.get("j/x"),
        lambda: folder.put("j/x", b"1"),
        folder.jobs,
        folder.check,
    )
    for fails in calls:
        with pytest.raises(Unavailable, match="No such file"):
            fails()
    assert not folder.root.exists()


def test_a_copy_shares_the_bytes_on_disk(folder: FolderArtifacts) -> None:
    folder.put("j/x", b"1")
    folder.copy("j", "k")
    assert (folder.root / "j/x").samefile(folder.root / "k/x")


def test_where_there_are_no_links_a_copy_has_its_own_bytes(
    folder: FolderArtifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("j/a1/x", b"1")
    monkeypatch.setattr("os.link", refuse(errno.EPERM))
    folder.copy("j", "k")
    assert folder.get("k/a1/x") == b"1"
    assert not (folder.root / "j/a1/x").samefile(folder.root / "k/a1/x")


def test_without_links_one_of_many_creates_and_it_is_whole(
    folder: FolderArtifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.link", refuse(errno.EPERM))
    together = threading.Barrier(8)

    def create(number: int) -> bool:
        together.wait()
        return folder.create("j/x", bytes([number]) * 100_000)

    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(create, range(8)))
    assert created.count(True) == 1
    assert folder.get("j/x") == bytes([created.index(True)]) * 100_000
    assert hidden_files(folder.root) == []


def test_nothing_is_created_in_the_place_of_a_folder(folder: FolderArtifacts) -> None:
    folder.put("j/x/y", b"1")
    with pytest.raises(Unavailable, match="Is a directory"):
        folder.create("j/x", b"1")
    assert hidden_files(folder.root) == []


def test_a_folder_has_no_links(folder: FolderArtifacts) -> None:
    folder.put("j/x", b"1")
    assert folder.link("j/x", 60, name="x.png") is None


def test_a_copy_whose_source_vanishes_leaves_nothing(folder: FolderArtifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b/c", "d"):
        folder.put(f"j/{name}", b"1")
    link = folders.link

    def delete_meanwhile(source: Path, target: Path) -> None:
        if source.name == "c":
            folder.delete("j")
        link(source, target)

    monkeypatch.setattr("jobs.artifacts.link", delete_meanwhile)
    with pytest.raises(ArtifactMissing, match="under j"):
        folder.copy("j", "k")
    assert folder.list("k") == ()
    assert folder.jobs() == ()
    assert hidden_files(folder.root) == []


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="the system does not list a process's open files")
def test_chunks_leave_no_file_open(folder: FolderArtifacts) -> None:
    folder.put("j/x", b"1" * 100)
    before = len(list(OPEN_FILES.iterdir()))
    for taken in (0, 1, 10, 11):
        pieces = folder.chunks("j/x", 10)
        assert len(list(OPEN_FILES.iterdir())) == before + 1
        assert len(list(islice(pieces, taken))) == min(taken, 10)
        del pieces
        assert len(list(OPEN_FILES.iterdir())) == before


def test_leftovers_are_invisible_and_removed_once_they_are_old(folder: FolderArtifacts) -> None:
    folder.put("j/x", b"1")
    old, young = folder.root / f"j/.{'0' * 16}.part", folder.root / f"j/.{'1' * 16}.part"
    trash = folder.root / f".{'f' * 16}.trash"
    foreign = folder.root / ".somebody"
    for path in (old, young, foreign):
        path.write_bytes(b"half")
    (trash / "a1").mkdir(parents=True)
    (trash / "a1/x").write_bytes(b"1")
    long_ago = time.time() - STALE_SECONDS - 60
    for path in (old, trash, foreign, folder.root / "j/x"):
        os.utime(path, (long_ago, long_ago))
    assert [entry.key for entry in folder.list("j")] == ["j/x"]
    assert folder.jobs() == ("j",)
    again = FolderArtifacts(folder.root)
    assert hidden_files(folder.root) == sorted([foreign.name, young.name])
    assert again.get("j/x") == b"1"


def test_a_deletion_cut_short_has_deleted_everything(folder: FolderArtifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("j/job.json", b"{}")
    folder.put("j/a1/x", b"1")
    monkeypatch.setattr("jobs.artifacts.remove", lambda path: None)
    folder.delete("j")
    assert folder.jobs() == ()
    assert folder.list("j") == ()


def test_a_killed_process_leaves_only_whole_files(tmp_path: Path) -> None:
    program = (
        "import sys; from itertools import count; from pathlib import Path\n"
        "from jobs.artifacts import FolderArtifacts\n"
        "a = FolderArtifacts(Path(sys.argv[1])); print(flush=True)\n"
        "for n in count(): a.put(f'j/a1/{n % 7}', bytes([n % 7]) * 300_000)\n"
    )
    for pause_seconds in (0.02, 0.05, 0.09):
        with subprocess.Popen(
            (sys.executable, "-c", program, str(tmp_path)), stdout=subprocess.PIPE, cwd=ROOT
        ) as killed:
            assert killed.stdout
            killed.stdout.readline()
            time.sleep(pause_seconds)
            killed.send_signal(signal.SIGKILL)
        artifacts = FolderArtifacts(tmp_path)
        for entry in artifacts.list("j"):
            assert artifacts.get(entry.key) == bytes([int(entry.key[-1])]) * 300_000
    assert artifacts.list("j")
