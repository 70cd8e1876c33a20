"""Whole commands, with the real engine on small pictures."""

import csv
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from nst.images import read_picture, read_settings
from nst.options import StyleOptions
from tests.nst.cli.conftest import Nst, Start

QUICK = ("--backbone", "wavelet", "--size", "64", "--iterations", "6")


def test_one_command_makes_one_picture(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK)
    assert done.code == 0, done.err
    assert done.out == ""
    assert "\r" not in done.err  # no bar where there is no terminal
    made = read_picture(tmp_path / "out.png")
    assert (made.width, made.height) == (64, 50)
    assert "photo.png in the style of painting.png" in done.err
    assert done.err.splitlines()[-1].startswith("out.png: 64 x 50 px, 6 iterations, ")
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "painting.png", "out.png"}


def test_everything_can_be_kept(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    keep = ["--frames", "frames", "--timelapse", "t.gif", "--log", "l.csv", "--plot", "p.png", "--save-every", "2"]
    assert nst(photo, painting, "-o", "out.jpg", *QUICK, *keep).code == 0
    rows = list(csv.DictReader((tmp_path / "l.csv").read_text().splitlines()))
    assert [int(row["iteration"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names[-3:] == ["0002.jpg", "0004.jpg", "0006.jpg"]
    assert {read_picture(path).rgb.shape for path in (tmp_path / "frames").iterdir()} == {(50, 64, 3)}
    for name in ("t.gif", "p.png"):
        with Image.open(tmp_path / name) as picture:
            picture.verify()


def test_the_picture_can_be_made_again_from_itself(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    assert nst(photo, painting, "-o", "one.png", *QUICK, "--seed", "5", "--init", "random").code == 0
    settings = read_settings(tmp_path / "one.png")
    assert settings is not None
    assert StyleOptions.from_json(settings).objective == "normalized"  # what auto came to
    assert nst(photo, painting, "-o", "two.png", "--options", "one.png").code == 0
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_several_paintings_are_blended(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    assert nst(photo, painting, photo, "-o", "out.webp", *QUICK, "--blend", "2,1").code == 0
    assert read_picture(tmp_path / "out.webp").width == 64


def test_sixteen_bits_are_written(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    assert nst(photo, painting, "-o", "out.png", *QUICK, "--bits", "16").code == 0
    assert (tmp_path / "out.png").read_bytes()[24] == 16


def test_quality_makes_a_smaller_file(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    for quality in ("20", "95"):
        assert nst(photo, painting, "-o", f"{quality}.jpg", *QUICK, "--quality", quality).code == 0
    assert (tmp_path / "20.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size


def test_quiet_says_nothing(nst: Nst, photo: Path, painting: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK, "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_events_are_json_on_standard_output(nst: Nst, photo: Path, painting: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK, "--json-events", "--save-every", "3")
    events = [json.loads(line) for line in done.out.splitlines()]
    names = [event["event"] for event in events]
    assert (names[0], names[-1]) == ("started", "finished")
    assert names.count("progress") == 6
    assert names.count("finished") == 1


def test_a_refusal_is_an_event_too(nst: Nst, photo: Path, painting: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", "--size", "0", "--json-events")
    (event,) = [json.loads(line) for line in done.out.splitlines()]
    assert (event["event"], event["code"]) == ("failed", "invalid_option")


def test_the_classic_command_line_writes_its_documented_file(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path
) -> None:
    words = ("--content_image_path", photo, "--style_image_path", painting, "--height", "64")
    done = nst(*words, "--total_iterations", "3", "--style_weight", "1e4", "--backbone", "wavelet")
    assert done.code == 0, done.err
    assert "classic: content 100000, style 10000, TV 1 (the scale whose defaults are 1e5 / 3e4 / 1)" in done.err
    made = tmp_path / "data" / "output" / "combined_photo_painting" / "output_image.jpg"
    assert read_picture(made).height == 64


def test_the_classic_mean_command_line_writes_its_documented_file(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path
) -> None:
    words = ("--content", photo, "--style", painting, "--max-size", "64", "--steps", "3", "--style-weight", "1e5")
    done = nst(*words, "--backbone", "wavelet")
    assert done.code == 0, done.err
    assert "classic-mean: content 1, style 100000, TV 0 (the scale whose defaults are 1 / 1e6)" in done.err
    assert read_picture(tmp_path / "output.jpg").width == 64


@pytest.mark.parametrize(
    "words",
    [
        ("--content_image_path", "photo.png", "--style_image_path", "painting.png"),
        ("--content", "photo.png", "--style", "painting.png"),
        ("photo.png", "painting.png", "-o", "out.png", "--preset", "adam-classic"),
        ("photo.png", "painting.png", "-o", "out.png", "--backbone", "vgg16"),
    ],
)
def test_missing_weights_are_one_error_at_once(nst: Nst, photo: Path, painting: Path, words: tuple[str, ...]) -> None:
    done = nst(*words)
    name = "vgg16" if "vgg16" in words else "vgg19"
    assert done.code == 5
    assert f"{name}.safetensors" in done.error
    assert f"nst weights fetch {name}" in done.error


def test_a_reader_who_leaves_does_not_stop_the_work(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert nst(photo, painting, "-o", "out.png", *QUICK, "--json-events").code == 0
    assert (tmp_path / "out.png").exists()


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("a", "b", "-o", "c.png"), ("--sise", "3")])
def test_what_needs_no_engine_loads_none(start: Start, words: tuple[str, ...]) -> None:
    with start(*words, PYTHONPROFILEIMPORTTIME="1") as process:
        err = process.communicate(timeout=60)[1]
    loaded = {line.rpartition("|")[2].strip() for line in err.splitlines() if line.startswith("import time:")}
    assert "nst.cli.arguments" in loaded
    assert not {"torch", "torchvision", "matplotlib", "tqdm"} & loaded


def test_help_lists_the_exit_codes(nst: Nst) -> None:
    done = nst("--help")
    assert done.code == 0
    assert "exit codes" in done.out
    assert "130 Ctrl-C" in done.out


def test_help_into_a_closed_pipe_is_quiet(start: Start) -> None:
    with start("--help") as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_the_weights_command_lists_and_points(nst: Nst, tmp_path: Path) -> None:
    done = nst("weights", "list")
    assert done.code == 0
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["vgg19", "absent"], ["vgg16", "absent"], ["squeezenet", "absent"],
    ]  # fmt: skip
    assert nst("weights", "path").out == f"{tmp_path / 'weights'}\n"
    assert nst("weights", "path", "vgg19").out == f"{tmp_path / 'weights' / 'vgg19.safetensors'}\n"
    assert "fetch NAME" in nst("weights", "--help").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("lst",), 2, "there is no `nst weights lst`. Did you mean 'list'?"),
        (("fetch",), 2, "which?"),
        (("fetch", "vgg91"), 5, "vgg91"),
        (("path", "wavelet"), 5, "wavelet"),
    ],
)
def test_a_wrong_weights_command_says_what_is_right(nst: Nst, words: tuple[str, ...], code: int, said: str) -> None:
    done = nst("weights", *words)
    assert done.code == code
    assert said in done.error
