"""Pictures to paint, a run of the command inside this process, and one as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nst.__main__ import main
from nst.images import Picture, write_picture

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that it complained with."""
        lines = [line for line in self.err.splitlines() if line.startswith("nst: error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Nst = Callable[..., Outcome]
Start = Callable[..., "subprocess.Popen[str]"]


def picture(width: int, height: int, seed: int = 0) -> Picture:
    """Soft blobs of colour."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x / (5 + seed) + channel) * np.cos(y / 7 + seed * channel) for channel in range(3)]
    return Picture((0.5 + 0.4 * np.stack(waves, axis=-1)).astype(np.float32))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of 90 x 70 px."""
    write_picture(picture(90, 70), path := tmp_path / "photo.png")
    return path


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    """A painting of 80 x 80 px."""
    write_picture(picture(80, 80, seed=3), path := tmp_path / "painting.png")
    return path


@pytest.fixture
def nst(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nst:
    """Run the command inside this process, in ``tmp_path``, where there are no weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NST_WEIGHTS_DIR", str(tmp_path / "weights"))

    def run(*words: str | Path) -> Outcome:
        before = signal.getsignal(signal.SIGINT)
        code = main([str(word) for word in words])
        assert signal.getsignal(signal.SIGINT) is before
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start the command as a process of its own, in ``tmp_path``."""

    def run(
        *words: str | Path, program: Sequence[str] = (sys.executable, "-m", "nst"), **more: str
    ) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NST_WEIGHTS_DIR": str(tmp_path / "weights"), **more}
        command = [*program, *map(str, words)]
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return run
