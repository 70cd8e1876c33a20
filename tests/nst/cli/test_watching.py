"""What a person and a program see of a run, and how a run is asked to stop."""

import io
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from nst.cli.checkpoints import Checkpoints
from nst.cli.command import read_command
from nst.cli.interrupts import Interrupted, Interrupts
from nst.cli.screen import Screen
from nst.cli.stream import JsonEvents, Stream, failure
from nst.errors import CheckpointError, NumericalError
from nst.events import Event, Failed
from tests.nst.cli.events import STARTED, cancelled, finished, frame, progress


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, *events: Event, words: str = "photo.jpg waves.jpg -o out.png") -> str:
    screen = Screen(read_command(words.split()), Stream(stream))
    for event in events:
        screen.observe(event)
    screen.finish()
    screen.close()
    return stream.getvalue()


def test_the_header_says_what_was_chosen_and_why() -> None:
    text = shown(io.StringIO(), STARTED)
    assert "photo.jpg in the style of waves.jpg" in text
    assert "wavelet, because it needs no weights." in text
    assert "normalized: content 1, style 2, TV 0 (dimensionless" in text
    assert "33 x 25 > 65 x 49 px, up to 10 iterations" in text
    assert "device     cpu" in text


@pytest.mark.parametrize(
    ("objective", "scale"), [("classic", "1e5 / 3e4 / 1"), ("classic-mean", "1 / 1e6"), ("classic-sum", "1 / 0.01")]
)
def test_the_header_says_which_scale_the_weights_are_on(objective: str, scale: str) -> None:
    assert f"defaults are {scale}" in shown(io.StringIO(), replace(STARTED, objective=objective))


def test_the_header_says_what_was_converted() -> None:
    words = "--content-image-path a --style-image-path b --optimizer adam --learning-rate 10"
    assert "learning rate 10 of 0..255 is 0.0392" in shown(io.StringIO(), STARTED, words=words)


def test_a_terminal_shows_a_bar_with_figures() -> None:
    text = shown(Terminal(), STARTED, progress(3), progress(7), finished())
    assert "7/10" in text
    assert "█" in text
    assert "loss 0.007812" in text
    assert "12.5 it/s" in text
    assert "1:08 left" in text
    assert "65 x 49" in text


def test_without_a_terminal_there_is_no_bar() -> None:
    text = shown(io.StringIO(), STARTED, *map(progress, range(1, 11)), finished())
    assert "\r" not in text
    assert len(text.splitlines()) == 6


def test_without_a_terminal_there_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst.cli.screen.LINE_SECONDS", 0.0)
    lines = shown(io.StringIO(), STARTED, progress(3), progress(7)).splitlines()[5:]
    assert lines == [
        "33 x 25  3/10, loss 0.125, 12.5 it/s, 1:12 left",
        "65 x 49  7/10, loss 0.007812, 12.5 it/s, 1:08 left",
    ]


def test_the_last_line_has_path_size_and_seconds() -> None:
    assert shown(io.StringIO(), STARTED, finished()).endswith("out.png: 65 x 49 px, 10 iterations, 3.2 s\n")


def test_a_stopped_run_says_how_to_go_on() -> None:
    last = shown(io.StringIO(), STARTED, cancelled(7)).splitlines()[-1]
    assert "stopped at iteration 7 of 10" in last
    assert "out.png holds the picture so far" in last
    assert "out.png.checkpoint what --resume goes on from" in last


def test_events_are_lines_of_json() -> None:
    stream = io.StringIO()
    events = JsonEvents(Stream(stream), content="photo.jpg", out="out.png")
    for event in (STARTED, progress(1), frame(5), cancelled(7), finished(), Failed(3, NumericalError("x"), None)):
        events.observe(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["started", "progress", "frame", "cancelled", "finished"]
    assert lines[0]["scales"][0] == {"width": 33, "height": 25, "iterations": 4}
    assert lines[0]["out"] == "out.png"
    assert lines[1]["losses"]["total"] == 0.5
    assert lines[2] == {"event": "frame", "iteration": 5, "width": 65, "height": 49}


def test_a_failure_is_told_with_its_code_and_hint() -> None:
    assert failure(NumericalError("the loss is NaN", hint="Lower it.")) == {
        "event": "failed", "code": "numerical", "message": "the loss is NaN", "hint": "Lower it.",
    }  # fmt: skip


def test_a_stream_outlives_its_reader() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as pipe:
        os.close(reader)
        stream = Stream(pipe)
        for _ in range(3):
            stream.line("nobody reads this")


def test_a_checkpoint_is_replaced_when_it_is_old_and_removed_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Checkpoints(path := tmp_path / "c")
    kept.save_if_due(lambda: b"too early")
    assert not path.exists()
    kept.save(lambda: b"one")
    assert kept.load() == b"one"
    monkeypatch.setattr("nst.cli.checkpoints.EVERY_SECONDS", 0.0)
    kept.save_if_due(lambda: b"two")
    assert kept.load() == b"two"
    kept.remove()
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_checkpoint_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read") as caught:
        Checkpoints(tmp_path / "c").load()
    assert "without --resume" in caught.value.hint


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_with_nothing_to_save_leaves_at_once(signum: int, code: int) -> None:
    with Interrupts(), pytest.raises(Interrupted) as caught:
        signal.raise_signal(signum)
    assert caught.value.exit_code == code


def test_the_first_signal_cancels_and_the_second_leaves() -> None:
    asked: list[bool] = []
    with Interrupts() as interrupts, interrupts.stopping(lambda: asked.append(True)):
        signal.raise_signal(signal.SIGINT)
        assert asked == [True]
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            interrupts.raise_if_any()
    assert asked == [True]


def test_a_process_that_leaves_ignores_further_signals() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(Interrupted), Interrupts(last=True):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])


def test_the_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
