"""Everything that can be wrong with what a person gives: one line, a documented exit status, nothing half-written."""

import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from nst.images import read_picture, write_picture
from tests.nst.cli.conftest import Nst, picture
from tests.nst.cli.test_runs import QUICK


def _text(path: Path) -> None:
    path.write_text("This is no picture.")


def _truncated(path: Path) -> None:
    write_picture(picture(200, 200), whole := path.with_name("whole.jpg"))
    path.write_bytes(whole.read_bytes()[:2000])
    whole.unlink()


def _bomb(path: Path) -> None:
    """A PNG of 16384 x 16384 pixels, as far as its header says."""
    write_picture(picture(32, 32), path)
    data = bytearray(path.read_bytes())
    data[16:24] = (16384).to_bytes(4, "big") * 2
    data[29:33] = crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)


def _thin(path: Path) -> None:
    write_picture(picture(1, 200), path)


def _small(path: Path) -> None:
    write_picture(picture(15, 15), path)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing.png": (lambda path: None, "no such file"),
    "folder.png": (Path.mkdir, "it is a folder"),
    "empty.png": (Path.touch, "empty"),
    "text.png": (_text, "it is no picture"),
    "truncated.jpg": (_truncated, "damaged"),
    "bomb.png": (_bomb, "pixels"),
    "thin.png": (_thin, "the least is 16 on a side"),
    "small.png": (_small, "the least is 16 on a side"),
}


@pytest.mark.parametrize("place", ["content", "style"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_picture_is_refused_by_name(nst: Nst, photo: Path, tmp_path: Path, name: str, place: str) -> None:
    make, said = BROKEN[name]
    make(bad := tmp_path / name)
    pictures = (bad, photo) if place == "content" else (photo, bad)
    done = nst(*pictures, "-o", "out.png", *QUICK)
    assert done.code == 3
    assert said in done.error
    assert name in done.error
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--size", "0"), "size is 0"),
        (("--size", "63"), "the least is 64 px"),
        (("--style-weight", "-1"), "style_weight is -1"),
        (("--style-weight", "nan"), "finite"),
        (("--style-layers", "band77"), "wavelet has no such layer"),
        (("--preset", "beautiful"), "preset is 'beautiful'"),
        (("--blend", "1,2,3"), "blend"),
        (("--content-weight", "0", "--style-weight", "0", "--tv-weight", "0"), "above 0"),
    ],
)
def test_a_bad_option_is_refused(nst: Nst, photo: Path, painting: Path, words: tuple[str, ...], said: str) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK, *words)
    assert done.code == 2
    assert said in done.error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "no/such/folder/out.png"), "cannot be written"),
        (("-o", "out.xyz"), "extension"),
        (("-o", "folder.png"), "is a folder"),
        (("-o", "out.png", "--frames", "photo.png/frames"), "cannot be made"),
        (("-o", "out.png", "--timelapse", "no/t.mp4"), "cannot be written"),
        (("-o", "out.png", "--log", "no/l.csv"), "cannot be written"),
        (("-o", "out.png", "--plot", "no/p.png"), "cannot be written"),
        (("-o", "out.png", "--checkpoint", "no/c"), "cannot be written"),
    ],
)
def test_an_unwritable_output_is_found_before_the_work(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "folder.png").mkdir()
    done = nst(photo, painting, *words, *QUICK)
    assert done.code == 4
    assert said in done.error
    assert "backbone" not in done.err  # no header: the engine was not reached


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_found_before_the_work(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert nst(photo, painting, "-o", "locked/out.png", *QUICK).code == 4


def test_a_device_that_is_not_there_is_refused(nst: Nst, photo: Path, painting: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK, "--device", "cuda:99")
    assert done.code == 6
    assert "cuda:99" in done.error


@pytest.mark.parametrize("name", ["meta", "tpu", "", "cpus"])
def test_a_device_of_another_kind_is_refused(nst: Nst, photo: Path, painting: Path, name: str) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK, "--device", name)
    assert done.code == 6
    assert "cuda" in done.error


def test_the_photo_is_not_overwritten_by_another_of_its_names(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    before = photo.read_bytes()
    assert nst(f"sub/../{photo.name}", painting, "-o", photo, *QUICK).code == 2
    assert photo.read_bytes() == before


def test_options_out_of_a_text_file_are_refused_by_its_name(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("size = 100")
    done = nst(photo, painting, "-o", "out.png", "--options", "notes.txt")
    assert done.code == 2
    assert "notes.txt" in done.error


def test_a_weights_file_that_is_none_is_refused(nst: Nst, photo: Path, painting: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", "--backbone", "vgg19", "--weights", painting)
    assert done.code == 5
    assert "painting.png" in done.error


def test_a_checkpoint_that_is_missing_is_refused(nst: Nst, photo: Path, painting: Path) -> None:
    done = nst(photo, painting, "-o", "out.png", *QUICK, "--resume")
    assert done.code == 7
    assert "out.png.checkpoint" in done.error


def test_a_checkpoint_that_is_damaged_is_refused(nst: Nst, photo: Path, painting: Path, tmp_path: Path) -> None:
    (tmp_path / "out.png.checkpoint").write_bytes(b"nonsense")
    done = nst(photo, painting, "-o", "out.png", *QUICK, "--resume")
    assert done.code == 7
    assert not (tmp_path / "out.png").exists()


def test_a_fault_of_ours_is_one_line_too(
    nst: Nst, photo: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nst.cli.render.read_picture", lambda path: 1 / 0)
    done = nst(photo, painting, "-o", "out.png")
    assert done.code == 1
    assert "unexpected ZeroDivisionError" in done.error
    assert "Traceback" in nst(photo, painting, "-o", "out.png", "--debug").err


@pytest.fixture
def disk() -> Iterator[Callable[[int], None]]:
    """Set how large a file may grow, in bytes: to whoever writes it, a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_error_and_leaves_nothing_half_written(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path, disk: Callable[[int], None]
) -> None:
    disk(2000)
    done = nst(photo, painting, "-o", "out.png", *QUICK)
    assert done.code == 4
    assert "out.png cannot be written (File too large)" in done.error
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "painting.png"}


def test_a_disk_that_fills_up_on_the_way_leaves_the_last_picture(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path, disk: Callable[[int], None]
) -> None:
    disk(14_000)
    words = ("--log", "l.jsonl", "--iterations", "1000", "--plateau", "0", "--scales", "1")
    done = nst(photo, painting, "-o", "out.png", *QUICK, *words)
    assert done.code == 4
    assert "l.jsonl cannot be written (File too large)" in done.error
    assert read_picture(tmp_path / "out.png").width == 64


def test_frames_that_no_longer_fit_leave_the_last_picture(
    nst: Nst, photo: Path, painting: Path, tmp_path: Path, disk: Callable[[int], None]
) -> None:
    words = ("--frames", "frames", "--save-every", "1", "--quality", "20")
    disk(3000)
    done = nst(photo, painting, "-o", "out.jpg", *QUICK, *words)
    assert done.code == 4
    assert "0000.jpg cannot be written (File too large)" in done.error
    assert read_picture(tmp_path / "out.jpg").width == 64
