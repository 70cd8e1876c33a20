"""Films from pictures on the disk, whatever kind they are and wherever they lie."""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nst.errors import NstError, OutputError
from nst.film import MOST_FRAMES, make_film
from nst.images import Picture, write_picture

COLORS = ((200, 40, 60), (30, 160, 70), (50, 60, 190))


def frames_of(folder: Path, suffix: str = ".png") -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{n * 5}{suffix}" for n in range(len(COLORS))]
    for path, color in zip(paths, COLORS, strict=True):
        Image.new("RGB", (64, 48), color).save(path)
    return paths


def shown(film: Path) -> NDArray[np.float64]:
    """The mean colour of each frame of a film, (N, 3)."""
    command = (imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", film, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    means: NDArray[np.float64] = np.frombuffer(raw, np.uint8).reshape(-1, 64 * 48, 3).mean(axis=1)
    return means


@pytest.mark.parametrize("kind", [".png", ".jpg"])
@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_film_shows_its_frames_in_their_order_and_colours(tmp_path: Path, kind: str, suffix: str) -> None:
    make_film(frames_of(tmp_path, kind), film := tmp_path / f"film{suffix}")
    colors = shown(film)
    changes = np.abs(np.diff(colors, axis=0)).max(axis=1) > 30
    assert np.abs(colors[np.flatnonzero([True, *changes])] - COLORS).max() < 9


def test_a_webp_is_made_of_jpegs_too(tmp_path: Path) -> None:
    make_film(frames_of(tmp_path, ".jpg"), film := tmp_path / "film.webp")
    with Image.open(film) as image:
        assert image.n_frames == len(COLORS)  # type: ignore[attr-defined]


def test_frames_may_lie_in_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = frames_of(tmp_path / "it's a [folder], 100% ä")
    monkeypatch.chdir(tmp_path)
    make_film([frame.relative_to(tmp_path) for frame in frames], Path("film.mp4"))
    assert len(shown(tmp_path / "film.mp4")) == 27


def test_a_film_leaves_nothing_beside_its_frames(tmp_path: Path) -> None:
    frames = frames_of(tmp_path / "frames")
    make_film(frames, tmp_path / "film.mp4")
    assert sorted((tmp_path / "frames").iterdir()) == sorted(frames)


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_an_encoder_that_yields_makes_the_same_film(tmp_path: Path, suffix: str) -> None:
    make_film(frames := frames_of(tmp_path), tmp_path / f"a{suffix}", threads=1)
    make_film(frames, tmp_path / f"b{suffix}", nice=10, threads=1)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_without_the_encoder_there_is_still_a_webp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = frames_of(tmp_path)
    monkeypatch.setattr("nst.film.find_spec", lambda name: None)
    with pytest.raises(NstError, match="needs imageio-ffmpeg"):
        make_film(frames, tmp_path / "film.mp4")
    make_film(frames, tmp_path / "film.webp")
    assert (tmp_path / "film.webp").exists()


def test_a_long_webp_is_thinned_evenly(tmp_path: Path) -> None:
    paths = [tmp_path / f"{n:06}.png" for n in range(MOST_FRAMES * 2)]
    for n, path in enumerate(paths):
        Image.new("RGB", (16, 16), (n, 255 * (n // 2 % 2), 128)).save(path)
    make_film(paths, tmp_path / "film.webp")
    with Image.open(tmp_path / "film.webp") as film:
        assert film.n_frames == MOST_FRAMES  # type: ignore[attr-defined]
        film.seek(MOST_FRAMES - 1)
        assert np.asarray(film.convert("RGB"))[8, 8].tolist() == pytest.approx([239, 255, 128], abs=6)


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webp"])
def test_a_film_that_cannot_be_encoded_is_an_output_error(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match="cannot be encoded"):
        make_film([tmp_path / "gone.png"], tmp_path / f"film{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_frames_may_be_transparent(tmp_path: Path) -> None:
    see_through = Picture(np.zeros((48, 64, 3), np.float32), np.full((48, 64), 0.5, np.float32))
    write_picture(see_through, path := tmp_path / "000000.png")
    make_film([path], tmp_path / "film.mp4")
    assert imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))[0] == 25
