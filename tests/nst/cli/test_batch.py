"""A folder of photos."""

import json
import signal
from pathlib import Path

import pytest

from nst.cli.batch import find_photos, output_paths
from nst.errors import PictureNotFound
from nst.images import read_picture, write_picture
from tests.nst.cli.conftest import Nst, picture
from tests.nst.cli.test_runs import QUICK
from tests.nst.cli.test_stopping import leftovers, signal_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, something broken, and something else."""
    (folder := tmp_path / "photos").mkdir()
    write_picture(picture(64, 48), folder / "a.png")
    write_picture(picture(48, 64, seed=1), folder / "c.jpg")
    (folder / "b.png").write_text("no picture")
    (folder / "notes.txt").write_text("not meant to be one")
    return folder


def test_every_picture_is_painted_and_the_broken_one_reported(
    nst: Nst, folder: Path, painting: Path, tmp_path: Path
) -> None:
    done = nst("--batch", folder, painting, "-o", "painted", *QUICK)
    assert done.code == 9
    assert read_picture(tmp_path / "painted" / "a.png").rgb.shape == (48, 64, 3)
    assert read_picture(tmp_path / "painted" / "c.png").rgb.shape == (64, 48, 3)
    assert "nst: skipped: " in done.err
    assert "b.png: it is no picture" in done.err
    assert done.err.splitlines()[-1] == "painted: 2 painted, 1 skipped: b.png"
    assert sorted(path.name for path in (tmp_path / "painted").iterdir()) == [".nst-batch.json", "a.png", "c.png"]


def test_a_folder_without_broken_pictures_exits_with_0(nst: Nst, folder: Path, painting: Path) -> None:
    (folder / "b.png").unlink()
    assert nst("--batch", folder, painting, "-o", "painted", *QUICK).code == 0


def test_what_is_done_is_not_done_again(nst: Nst, folder: Path, painting: Path, tmp_path: Path) -> None:
    words = ("--batch", folder, painting, "-o", "painted", *QUICK)
    nst(*words)
    before = (tmp_path / "painted" / "a.png").stat().st_mtime_ns
    write_picture(picture(48, 64, seed=2), folder / "c.jpg")  # a new photo under an old name
    write_picture(picture(50, 50), folder / "b.png")  # mended
    done = nst(*words)
    assert done.code == 0
    assert done.err.splitlines()[-1] == "painted: 2 painted, 1 already done"
    assert (tmp_path / "painted" / "a.png").stat().st_mtime_ns == before


@pytest.mark.parametrize("change", [("--seed", "3", "--init", "random"), ("--bits", "16")])
def test_other_options_paint_again(nst: Nst, folder: Path, painting: Path, change: tuple[str, ...]) -> None:
    nst("--batch", folder, painting, "-o", "painted", *QUICK)
    done = nst("--batch", folder, painting, "-o", "painted", *QUICK, *change)
    assert "2 painted, 1 skipped" in done.err


def test_a_stopped_batch_goes_on_in_the_middle_of_a_picture(
    nst: Nst, folder: Path, painting: Path, tmp_path: Path
) -> None:
    words = ("--batch", folder, painting, "-o", "painted", "--backbone", "wavelet", "--size", "64", "--plateau", "0",
             "--iterations", "120", "--frames", "frames", "--save-every", "10")  # fmt: skip
    with signal_at(signal.SIGINT, tmp_path / "frames" / "c" / "0050.png", 0):
        done = nst(*words)
    assert done.code == 130
    assert done.err.splitlines()[-2] == "painted: 1 painted, 1 skipped: b.png"
    assert (tmp_path / "painted" / "c.png.checkpoint").exists()
    done = nst(*words)
    assert done.code == 9
    assert ", from iteration " in done.err
    assert done.err.splitlines()[-1] == "painted: 1 painted, 1 already done, 1 skipped: b.png"
    assert not (tmp_path / "painted" / "c.png.checkpoint").exists()
    assert leftovers(tmp_path) == []


def test_a_damaged_checkpoint_starts_its_picture_afresh(nst: Nst, folder: Path, painting: Path, tmp_path: Path) -> None:
    (tmp_path / "painted").mkdir()
    (tmp_path / "painted" / "a.png.checkpoint").write_bytes(b"nonsense")
    done = nst("--batch", folder, painting, "-o", "painted", *QUICK)
    assert "starting afresh" in done.err
    assert "2 painted, 1 skipped" in done.err


def test_events_name_the_photo_they_belong_to(nst: Nst, folder: Path, painting: Path) -> None:
    done = nst("--batch", folder, painting, "-o", "painted", *QUICK, "--json-events", "--quiet")
    events = [json.loads(line) for line in done.out.splitlines()]
    named = [(event["event"], Path(event["content"]).name) for event in events if "content" in event]
    assert named == [("started", "a.png"), ("failed", "b.png"), ("started", "c.jpg")]


def test_a_broken_painting_is_told_once_before_the_work(nst: Nst, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    done = nst("--batch", folder, "bad.png", "-o", "painted", *QUICK)
    assert done.code == 3
    assert "bad.png" in done.error
    assert not (tmp_path / "painted").exists()


def test_what_concerns_every_picture_ends_the_batch(nst: Nst, folder: Path, painting: Path) -> None:
    done = nst("--batch", folder, painting, "-o", "painted", "--backbone", "vgg19")
    assert done.code == 5
    assert "vgg19" in done.error


def test_an_output_folder_that_is_a_file_is_refused(nst: Nst, folder: Path, painting: Path) -> None:
    done = nst("--batch", folder, painting, "-o", painting.with_name("photos") / "a.png", *QUICK)
    assert done.code == 4
    assert "cannot be made" in done.error


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureNotFound, match="No such file"):
        find_photos(tmp_path / "none")
    with pytest.raises(PictureNotFound, match="no pictures in it"):
        find_photos(tmp_path)


def test_photos_of_one_name_do_not_overwrite_each_other() -> None:
    photos = [Path("a.jpg"), Path("a.png"), Path("b.jpg")]
    assert [path.name for path in output_paths(photos, Path("o"))] == ["a.jpg.png", "a.png.png", "b.png"]
