"""The same run gives the same bytes: twice, in another process, and across an interruption."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nst.errors import CheckpointError
from nst.events import Event, Finished, Progress, Started
from nst.images import encode
from nst.options import StyleOptions
from nst.transfer import StyleTransfer
from tests.nst.pictures import painting, photo

OPTIONS = StyleOptions(size=96, backbone="wavelet", iterations=10, scales=2, plateau=0, save_every=0, history=3)

PROGRAM = """
import sys
from pathlib import Path
from nst.images import encode, write_atomically
from nst.options import StyleOptions
from nst.transfer import StyleTransfer
from tests.nst.pictures import painting, photo

folder, options, stop = Path(sys.argv[1]), StyleOptions.from_json(sys.argv[2]), int(sys.argv[3])
run = StyleTransfer(device="cpu").start(photo(), [painting()], options)
for event in run:
    write_atomically(folder / "checkpoint", run.checkpoint())
    if event.iteration == stop:
        print("ready", flush=True)
        sys.stdin.read()  # until it is killed
(folder / "result.png").write_bytes(encode(event.picture, "PNG", bits=16))
"""


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return StyleTransfer(device="cpu")


def finished(engine: StyleTransfer, options: StyleOptions, resume: bytes | None = None) -> tuple[bytes, list[Event]]:
    events = list(engine.start(photo(), [painting()], options, resume=resume))
    assert isinstance(events[-1], Finished)
    return encode(events[-1].picture, "PNG", bits=16), events


def checkpoint_at(engine: StyleTransfer, options: StyleOptions, iteration: int) -> bytes:
    run = engine.start(photo(), [painting()], options)
    for event in run:
        if event.iteration == iteration:
            break
    return run.checkpoint()


def process(folder: Path, options: StyleOptions, stop: int = -1) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        (sys.executable, "-c", PROGRAM, str(folder), options.to_json(), str(stop)),
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("changes", [{}, {"init": "random", "seed": 5}, {"optimizer": "adam"}], ids=str)
def test_the_same_seed_gives_the_same_bytes_twice(engine: StyleTransfer, changes: dict[str, object]) -> None:
    options = OPTIONS.replace(**changes)
    assert finished(engine, options)[0] == finished(StyleTransfer(device="cpu"), options)[0]


def test_a_fresh_process_gives_the_same_bytes(engine: StyleTransfer, tmp_path: Path) -> None:
    options = OPTIONS.replace(init="random", seed=9)
    with process(tmp_path, options) as other:
        assert other.wait(100) == 0
    assert (tmp_path / "result.png").read_bytes() == finished(engine, options)[0]


@pytest.mark.parametrize("iteration", [0, 1, 3, 5, 6, 9, 10])
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_resumed_run_ends_as_if_it_had_never_stopped(engine: StyleTransfer, optimizer: str, iteration: int) -> None:
    options = OPTIONS.replace(optimizer=optimizer)
    whole, told = finished(engine, options)
    resumed, rest = finished(engine, options, resume=checkpoint_at(engine, options, iteration))
    assert resumed == whole
    assert isinstance(rest[0], Started) and rest[0].iteration == iteration
    wanted = [(e.iteration, e.evaluations, e.losses) for e in told if isinstance(e, Progress)][iteration:]
    assert [(e.iteration, e.evaluations, e.losses) for e in rest if isinstance(e, Progress)] == wanted


def test_a_resumed_run_sees_the_same_plateau(engine: StyleTransfer) -> None:
    options = OPTIONS.replace(iterations=80, plateau=0.3)
    whole, told = finished(engine, options)
    resumed, rest = finished(engine, options, resume=checkpoint_at(engine, options, 7))
    assert resumed == whole
    assert rest[-1].iteration == told[-1].iteration < 80


def test_a_run_can_be_resumed_over_and_over(engine: StyleTransfer) -> None:
    data: bytes | None = None
    for _ in range(OPTIONS.iterations):
        run = engine.start(photo(), [painting()], OPTIONS, resume=data)
        for event in run:
            if isinstance(event, Progress):
                break
        data = run.checkpoint()
    assert finished(engine, OPTIONS, resume=data)[0] == finished(engine, OPTIONS)[0]


def test_a_run_that_was_not_begun_hands_on_what_it_was_given(engine: StyleTransfer) -> None:
    data = checkpoint_at(engine, OPTIONS, 4)
    handed_on = engine.start(photo(), [painting()], OPTIONS, resume=data).checkpoint()
    assert finished(engine, OPTIONS, resume=handed_on)[0] == finished(engine, OPTIONS, resume=data)[0]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes cannot be killed without notice here")
def test_a_killed_process_loses_nothing_but_time(engine: StyleTransfer, tmp_path: Path) -> None:
    with process(tmp_path, OPTIONS, stop=5) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        other.kill()
    assert other.returncode == -signal.SIGKILL
    assert not (tmp_path / "result.png").exists()
    resumed, events = finished(engine, OPTIONS, resume=(tmp_path / "checkpoint").read_bytes())
    assert isinstance(events[0], Started) and events[0].iteration == 5
    assert resumed == finished(engine, OPTIONS)[0]


@pytest.mark.parametrize(
    "changes", [{"iterations": 11}, {"seed": 1}, {"optimizer": "adam"}, {"history": 4}, {"style_weight": 2.0}], ids=str
)
def test_a_checkpoint_of_other_options_is_refused(engine: StyleTransfer, changes: dict[str, object]) -> None:
    data = checkpoint_at(engine, OPTIONS, 2)
    with pytest.raises(CheckpointError, match="another run"):
        engine.start(photo(), [painting()], OPTIONS.replace(**changes), resume=data)


def test_a_checkpoint_of_other_pictures_is_refused(engine: StyleTransfer) -> None:
    data = checkpoint_at(engine, OPTIONS, 2)
    for content, style in ((photo(seed=3), painting()), (photo(), painting(seed=3))):
        with pytest.raises(CheckpointError, match="another run"):
            engine.start(content, [style], OPTIONS, resume=data)


def test_a_damaged_checkpoint_is_refused(engine: StyleTransfer) -> None:
    data = bytearray(checkpoint_at(engine, OPTIONS, 2))
    data[-1000] ^= 1
    with pytest.raises(CheckpointError, match="damaged"):
        engine.start(photo(), [painting()], OPTIONS, resume=bytes(data))
