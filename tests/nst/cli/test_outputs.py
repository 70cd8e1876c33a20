"""What is kept of a run: frames, film, log, plot."""

import csv
import json
import warnings
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from nst.cli.frames import Frames
from nst.cli.losses import COLUMNS, LossLog
from nst.cli.observer import Observer
from nst.cli.plot import LossPlot, draw
from nst.cli.timelapse import Timelapse
from nst.errors import OutputError
from nst.events import Event
from nst.images import read_picture
from tests.nst.cli.conftest import picture
from tests.nst.cli.events import SCALES, STARTED, cancelled, finished, frame, progress

RUN: tuple[Event, ...] = (STARTED, frame(0), progress(1), progress(5), frame(5), progress(10), frame(10), finished())


def watch(observer: Observer, *events: Event) -> None:
    observer.check()
    for event in events:
        observer.observe(event)
    observer.finish()
    observer.close()


def test_frames_are_numbered_files_of_the_final_size(tmp_path: Path) -> None:
    watch(Frames(tmp_path / "a" / "b", ".jpg", 10), *RUN)
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["0000.jpg", "0005.jpg", "0010.jpg"]
    assert read_picture(tmp_path / "a" / "b" / "0005.jpg").rgb.shape == (49, 65, 3)


def test_the_last_picture_is_a_frame_even_between_two(tmp_path: Path) -> None:
    watch(Frames(tmp_path, ".png", 10), STARTED, frame(5), cancelled(7))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0005.png", "0007.png"]


def test_numbers_are_as_wide_as_the_last_one(tmp_path: Path) -> None:
    watch(Frames(tmp_path, ".png", 20_000), STARTED, frame(5))
    assert [path.name for path in tmp_path.iterdir()] == ["00005.png"]


def test_frames_refuse_a_file_in_their_place_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("mine")
    with pytest.raises(OutputError, match="cannot be made"):
        Frames(tmp_path / "f", ".png", 10).check()


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_small_film_holds_its_ends_for_a_second(tmp_path: Path, suffix: str) -> None:
    watch(Timelapse(path := tmp_path / f"film{suffix}"), *RUN)
    with Image.open(path) as film:
        assert film.size == (65, 49)
        seconds = []
        for index in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(index)
            film.load()
            seconds.append(film.info["duration"] / 1000)
    # One frame between two held ends; a held frame may be stored as several.
    assert sum(seconds) == pytest.approx(3 / 12 + 2, abs=0.3)


def test_an_mp4_is_even_sized_and_holds_its_ends(tmp_path: Path) -> None:
    watch(Timelapse(path := tmp_path / "film.mp4"), *RUN)
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert count == 12 + 3 + 12
    assert seconds == pytest.approx(27 / 12, abs=0.1)
    meta = next(frames := imageio_ffmpeg.read_frames(str(path)))
    assert meta["source_size"] == (64, 48)
    first = np.frombuffer(next(frames), np.uint8).reshape(48, 64, 3) / 255
    frames.close()
    assert np.abs(first - picture(65, 49).rgb[:48, :64]).mean() < 0.03  # the right way up, in the right colours


def test_a_gif_shows_the_colours_of_its_frames(tmp_path: Path) -> None:
    watch(Timelapse(path := tmp_path / "film.gif"), *RUN)
    with Image.open(path) as film:
        first = np.asarray(film.convert("RGB"), np.float32) / 255
    assert np.abs(first - picture(65, 49).rgb).mean() < 0.04


def test_a_film_leaves_no_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    film = Timelapse(tmp_path / "film.webp")
    film.check()
    film.observe(frame(0))
    assert list((tmp_path / "spool").iterdir())
    film.close()
    assert not list((tmp_path / "spool").iterdir())
    assert not (tmp_path / "film.webp").exists()


def test_the_csv_log_has_a_line_for_each_iteration(tmp_path: Path) -> None:
    watch(LossLog(path := tmp_path / "l.csv"), *RUN)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["iteration"]) for row in rows] == [1, 5, 10]
    assert [float(row["total"]) for row in rows] == [2**-1, 2**-5, 2**-10]


def test_the_jsonl_log_has_the_same_numbers(tmp_path: Path) -> None:
    watch(LossLog(path := tmp_path / "l.jsonl"), *RUN)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert tuple(rows[0]) == COLUMNS
    assert [row["style"] for row in rows] == [0.75 * 2**-1, 0.75 * 2**-5, 0.75 * 2**-10]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_resumed_log_goes_on_where_the_run_does(tmp_path: Path, suffix: str) -> None:
    path, whole = tmp_path / f"l{suffix}", tmp_path / f"whole{suffix}"
    watch(LossLog(whole), STARTED, *map(progress, range(1, 11)))
    watch(LossLog(path), STARTED, *map(progress, range(1, 8)))
    with path.open("a") as file:
        file.write('{"iteration": 8, "sca' if suffix == ".jsonl" else "oops")
    watch(LossLog(path), replace(STARTED, iteration=5), *map(progress, range(6, 11)))
    assert path.read_text() == whole.read_text()


def test_a_new_run_replaces_the_log(tmp_path: Path) -> None:
    (path := tmp_path / "l.csv").write_text("old\n")
    watch(LossLog(path), STARTED, progress(1))
    assert path.read_text().startswith("iteration,")


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_plot_is_a_picture(tmp_path: Path, suffix: str, magic: bytes) -> None:
    watch(LossPlot(path := tmp_path / f"l{suffix}"), STARTED, *map(progress, range(1, 11)), finished())
    assert path.read_bytes().startswith(magic)


def test_the_plot_shows_each_term_on_a_log_scale_and_marks_the_scales(tmp_path: Path) -> None:
    rows = [dict(zip(COLUMNS, (n, int(n > 4), n, 2.0**-n, 0.25, 0.75, 0.0, 0.1), strict=True)) for n in range(1, 11)]
    (axes,) = draw(rows, SCALES).axes
    assert axes.get_yscale() == "log"
    lines = {str(line.get_label()): line for line in axes.lines}
    assert {"total", "content", "style"} <= set(lines)
    assert "tv" not in lines  # it is zero, which a log scale cannot show
    values = np.asarray(lines["total"].get_ydata(), float)
    assert np.isnan(values[4])  # the line is broken where the scale changes
    assert np.delete(values, 4) == pytest.approx([2.0**-n for n in range(1, 11)])
    assert [text.get_text() for text in axes.texts] == ["33 × 25", "65 × 49"]


@pytest.mark.parametrize("iterations", [1, 2])
def test_a_short_run_can_be_plotted(tmp_path: Path, iterations: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        watch(LossPlot(path := tmp_path / "l.png"), STARTED, *map(progress, range(1, iterations + 1)))
    assert path.exists()


def test_a_run_without_iterations_leaves_no_plot(tmp_path: Path) -> None:
    watch(LossPlot(path := tmp_path / "l.png"), STARTED, cancelled(0))
    assert not path.exists()


@pytest.mark.parametrize("make", [lambda p: LossLog(p / "l.csv"), lambda p: LossPlot(p / "l.png"),
                                  lambda p: Timelapse(p / "l.webp")])  # fmt: skip
def test_a_missing_folder_is_found_before_the_work(tmp_path: Path, make: "type[LossLog]") -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        make(tmp_path / "no" / "such").check()


def test_a_folder_in_the_place_of_a_file_is_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "l.csv").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        LossLog(tmp_path / "l.csv").check()
