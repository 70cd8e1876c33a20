"""Runs that are cut short, and go on."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nst.images import read_picture
from tests.nst.cli.conftest import Nst, Start

LONG = ("--backbone", "wavelet", "--size", "64", "--iterations", "120", "--plateau", "0", "--log", "l.csv")


def wait_for_lines(path: Path, count: int, seconds: float = 100) -> None:
    """Until a file has so many lines; a process of its own first has to load torch, which may take its time."""
    deadline = time.monotonic() + seconds
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


@contextmanager
def signal_at(signum: int, path: Path, lines: int) -> Iterator[None]:
    """Send this process a signal once a file has so many lines (0: once it is there)."""

    def send() -> None:
        wait_for_lines(path, lines)
        os.kill(os.getpid(), signum)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    thread.join()


def leftovers(folder: Path) -> list[str]:
    """Half-written files."""
    return [path.name for path in folder.rglob("*.part")]


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_its_picture_and_goes_on_to_the_same_bytes(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path, signum: int, code: int
) -> None:
    with signal_at(signum, tmp_path / "l.csv", 20):
        done = nst(photo, painting, "-o", "out.png", *LONG)
    assert done.code == code
    assert "stopped at iteration" in done.err
    assert "--resume" in done.err
    assert "error" not in done.err
    assert read_picture(tmp_path / "out.png").width == 64
    assert (tmp_path / "out.png.checkpoint").exists()

    done = nst(photo, painting, "-o", "out.png", *LONG, "--resume")
    assert done.code == 0, done.err
    assert ", from iteration " in done.err
    assert not (tmp_path / "out.png.checkpoint").exists()
    assert (tmp_path / "l.csv").read_text().count("\n") == 121

    assert nst(photo, painting, "-o", "whole.png", *LONG[:-2]).code == 0
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "whole.png").read_bytes()
    assert leftovers(tmp_path) == []


def test_a_stopped_run_still_makes_what_was_asked_for(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    with signal_at(signal.SIGINT, tmp_path / "l.csv", 20):
        done = nst(photo, painting, "-o", "out.png", *LONG, "--timelapse", "t.webp", "--plot", "p.png", "--frames", "f")
    assert done.code == 130
    assert (tmp_path / "t.webp").exists()
    assert (tmp_path / "p.png").exists()
    assert len(list((tmp_path / "f").iterdir())) >= 2


def test_a_stopped_run_ends_its_events_with_cancelled(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    with signal_at(signal.SIGINT, tmp_path / "l.csv", 20):
        done = nst(photo, painting, "-o", "out.png", *LONG, "--json-events", "--quiet")
    lines = done.out.splitlines()
    assert '"cancelled"' in lines[-1]
    assert sum('"cancelled"' in line for line in lines) == 1


def test_the_checkpoint_lies_where_it_was_asked_for(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    with signal_at(signal.SIGINT, tmp_path / "l.csv", 20):
        nst(photo, painting, "-o", "out.png", *LONG, "--checkpoint", "mine")
    assert (tmp_path / "mine").exists()
    assert nst(photo, painting, "-o", "out.png", *LONG, "--checkpoint", "mine", "--resume").code == 0
    assert not (tmp_path / "mine").exists()


def test_another_run_s_checkpoint_is_refused(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    with signal_at(signal.SIGINT, tmp_path / "l.csv", 20):
        nst(photo, painting, "-o", "out.png", *LONG)
    done = nst(photo, painting, "-o", "out.png", *LONG, "--seed", "9", "--resume")
    assert done.code == 7
    assert "another run" in done.error


def test_ctrl_c_twice_leaves_at_once_without_a_trace(start: Start, photo: Path, painting: Path, tmp_path: Path) -> None:
    words = ("--backbone", "wavelet", "--size", "400", "--iterations", "400", "--scales", "1", "--log", "l.csv")
    with start(photo, painting, "-o", "out.png", *words) as process:
        wait_for_lines(tmp_path / "l.csv", 2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=100)[1]
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert leftovers(tmp_path) == []
    if (tmp_path / "out.png").exists():  # the first one may have been quicker than the second
        assert read_picture(tmp_path / "out.png").width == 400


def test_a_killed_run_goes_on_to_the_same_bytes(
    start: Start, nst: Nst, photo: Path, painting: Path, tmp_path: Path
) -> None:
    hasty = "import sys, nst.cli.checkpoints as c; c.EVERY_SECONDS = 0; from nst.__main__ import main; sys.exit(main())"
    words = (photo, painting, "-o", "out.png", *LONG)
    with start(*words, program=(sys.executable, "-c", hasty)) as process:
        wait_for_lines(tmp_path / "l.csv", 30)
        process.kill()
    assert not (tmp_path / "out.png").exists()
    done = nst(*words, "--resume")
    assert done.code == 0, done.err
    assert ", from iteration " in done.err
    assert nst(photo, painting, "-o", "whole.png", *LONG[:-2]).code == 0
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "whole.png").read_bytes()
