"""A run from start to end: what it tells, what it makes, and when it stops."""

import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch

from nst.backbones import load_backbone
from nst.errors import BrokenPicture, DeviceError, InvalidOption, NumericalError, PictureSize
from nst.events import Cancelled, Event, Failed, Finished, Frame, Progress, Started
from nst.images import Picture
from nst.transfer import StyleTransfer, stylize
from tests.nst.pictures import painting, photo
from tests.nst.runs import SMALL, progress, result, start


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return StyleTransfer(device="cpu")


def test_a_run_tells_its_start_first_and_its_end_last_and_once(engine: StyleTransfer) -> None:
    events = list(start(engine))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert all(isinstance(event, Progress | Frame) for event in events[1:-1])


def test_iterations_count_on_across_scales(engine: StyleTransfer) -> None:
    events = list(start(engine))
    started = events[0]
    assert isinstance(started, Started)
    told = progress(events)
    assert [event.iteration for event in told] == list(range(1, SMALL.iterations + 1))
    counts = [sum(event.scale == index for event in told) for index in range(2)]
    assert counts == [scale.iterations for scale in started.scales]
    assert {event.total_iterations for event in told} == {SMALL.iterations}
    assert all(a.evaluations < b.evaluations for a, b in pairwise(told))
    assert all(a.elapsed_seconds < b.elapsed_seconds for a, b in pairwise(told))
    assert told[-1].remaining_seconds == 0


def test_the_total_is_the_sum_of_its_terms_and_falls_within_a_scale(engine: StyleTransfer) -> None:
    told = progress(list(start(engine, SMALL.replace(tv_weight=0.1))))
    for event in told:
        losses = event.losses
        assert losses.total == pytest.approx(losses.content + losses.style + losses.tv)
        assert min(losses.content, losses.style, losses.tv) > 0
    for before, after in pairwise(told):
        assert before.scale != after.scale or after.losses.total <= before.losses.total


def test_frames_come_as_often_as_asked_and_always_at_the_final_size(engine: StyleTransfer) -> None:
    events = list(start(engine))
    frames = [event for event in events if isinstance(event, Frame)]
    assert [frame.iteration for frame in frames] == [0, 3, 6]
    assert {(frame.picture.width, frame.picture.height) for frame in frames} == {(96, 85)}
    for frame in frames[1:]:
        before = events[events.index(frame) - 1]
        assert isinstance(before, Progress) and before.iteration == frame.iteration


def test_no_frames_where_none_are_asked_for(engine: StyleTransfer) -> None:
    assert not any(isinstance(event, Frame) for event in start(engine, SMALL.replace(save_every=0)))


def test_frames_do_not_change_the_result(engine: StyleTransfer) -> None:
    few, many = (result(list(start(engine, SMALL.replace(save_every=every)))) for every in (0, 1))
    assert few.digest() == many.digest()


def test_the_result_is_a_picture_of_the_size_asked_for(engine: StyleTransfer) -> None:
    picture = result(list(start(engine)))
    assert (picture.width, picture.height) == (96, 85)
    assert picture.alpha is None
    assert float(picture.rgb.min()) >= 0 and float(picture.rgb.max()) <= 1


def test_a_flat_loss_ends_a_scale_early_and_the_total_follows(engine: StyleTransfer) -> None:
    events = list(start(engine, SMALL.replace(iterations=60, plateau=0.5)))
    told = progress(events)
    assert isinstance(events[-1], Finished)
    assert 22 <= events[-1].iteration < 60
    assert told[-1].total_iterations < 60
    assert [event.iteration for event in told] == list(range(1, len(told) + 1))


def test_cancel_between_events_ends_the_run_there(engine: StyleTransfer) -> None:
    run, events = start(engine), list[Event]()
    for event in run:
        events.append(event)
        if isinstance(event, Progress) and event.iteration == 2:
            run.cancel()
    assert isinstance(events[-1], Cancelled)
    assert events[-1].iteration == 2
    assert result(events).width == 96


def test_cancel_from_another_thread_is_heard_within_one_iteration(engine: StyleTransfer) -> None:
    run = start(engine, SMALL.replace(iterations=10_000))
    iteration, asked = 0, -1

    def cancel() -> None:
        nonlocal asked
        run.cancel()
        asked = iteration

    threading.Timer(0.5, cancel).start()
    for event in run:
        iteration = event.iteration
    assert isinstance(event, Cancelled)
    assert 0 <= asked <= event.iteration <= asked + 1


def test_cancel_before_the_first_iteration_answers_the_start(engine: StyleTransfer) -> None:
    run = start(engine)
    run.cancel()
    events = list(run)
    assert [type(event) for event in events] == [Started, Frame, Cancelled]
    assert (result(events).width, result(events).height) == (96, 85)


def test_cancel_after_the_last_iteration_is_too_late(engine: StyleTransfer) -> None:
    run, last = start(engine), None
    for last in run:
        if last.iteration == SMALL.iterations:
            run.cancel()
    assert isinstance(last, Finished)


def test_a_loop_that_was_left_can_be_taken_up_again(engine: StyleTransfer) -> None:
    run = start(engine)
    for event in run:
        if event.iteration == 6:  # in the second scale
            break
    rest = list(run)
    assert isinstance(rest[0], Started) and rest[0].iteration == 6
    assert [event.iteration for event in progress(rest)] == [7, 8]
    assert result(rest).digest() == result(list(start(engine))).digest()


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_pictures_with_a_hole_in_their_numbers_are_refused(engine: StyleTransfer, hole: float) -> None:
    rgb = photo().rgb.copy()
    rgb[3, 4, 1] = hole
    for content, style in ((Picture(rgb), painting()), (photo(), Picture(rgb))):
        with pytest.raises(BrokenPicture):
            engine.start(content, [style], SMALL)


class Breaking:
    """The wavelet until so many pictures have been looked at; from then on its maps are no numbers."""

    def __init__(self, calls: int) -> None:
        self._inner = load_backbone("wavelet")
        self._calls = calls
        self.name = self._inner.name
        self.content_layers, self.style_layers = self._inner.content_layers, self._inner.style_layers
        self.style_gain, self.gradient_slope = self._inner.style_gain, self._inner.gradient_slope

    def features(self, image: torch.Tensor, layers: Sequence[str]) -> dict[str, torch.Tensor]:
        self._calls -= 1
        factor = 1 if self._calls >= 0 else torch.nan
        return {name: maps * factor for name, maps in self._inner.features(image, layers).items()}


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_network_without_numbers_fails_with_a_typed_error(monkeypatch: pytest.MonkeyPatch, optimizer: str) -> None:
    monkeypatch.setattr("nst.transfer.load_backbone", lambda *_, **__: Breaking(0))
    events = list(start(StyleTransfer(device="cpu"), SMALL.replace(optimizer=optimizer)))
    assert [type(event) for event in events] == [Started, Frame, Failed]
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, NumericalError)
    assert events[-1].error.hint
    assert events[-1].picture is None


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_numbers_that_go_missing_for_good_end_the_run_with_its_last_picture(
    monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    monkeypatch.setattr("nst.transfer.load_backbone", lambda *_, **__: Breaking(6))
    options = SMALL.replace(optimizer=optimizer, scales=1, save_every=0)
    events = list(start(StyleTransfer(device="cpu"), options))
    assert progress(events)
    assert isinstance(events[-1], Failed | Finished)  # Adam cannot go on; L-BFGS has nowhere better to go
    assert events[-1].picture is not None
    assert bool(np.isfinite(events[-1].picture.rgb).all())


def test_a_failure_in_a_later_scale_leaves_the_last_good_picture(
    engine: StyleTransfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("full")

    events: list[Event] = []
    for event in start(engine):
        events.append(event)
        if event.iteration == 3:
            monkeypatch.setattr("nst.transfer.make_optimizer", no_memory)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].error, DeviceError)
    picture = events[-1].picture
    assert picture is not None and (picture.width, picture.height) == (96, 85)


def test_what_can_be_refused_is_refused_before_anything_starts(engine: StyleTransfer) -> None:
    with pytest.raises(InvalidOption, match="blend"):
        engine.start(photo(), [painting()], SMALL.replace(blend=(1, 2)))
    with pytest.raises(InvalidOption, match="style picture"):
        engine.start(photo(), [], SMALL)
    with pytest.raises(PictureSize):
        engine.start(photo(400, 20), [painting()], SMALL.replace(size=64))
    with pytest.raises(InvalidOption, match="above 0"):
        engine.start(photo(), [painting()], SMALL.replace(content_weight=0, style_weight=0, tv_weight=0))


def test_stylize_is_the_whole_run_in_one_call(engine: StyleTransfer) -> None:
    told: list[Event] = []
    picture = stylize(photo(), [painting()], SMALL, device="cpu", on_event=told.append)
    assert picture.digest() == result(list(start(engine))).digest()
    assert [type(event) for event in told] == [type(event) for event in start(engine)]


def test_stylize_raises_what_made_the_run_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst.transfer.load_backbone", lambda *_, **__: Breaking(0))
    with pytest.raises(NumericalError):
        stylize(photo(), [painting()], SMALL, device="cpu")


def test_two_runs_of_one_engine_do_not_disturb_each_other(engine: StyleTransfer) -> None:
    alone = result(list(start(engine))).digest()
    first: Iterator[Event] = iter(start(engine))
    second: Iterator[Event] = iter(start(engine, SMALL.replace(optimizer="adam", init="random")))
    events: list[Event] = []
    for event in first:
        events.append(event)
        next(second, None)
    assert result(events).digest() == alone
