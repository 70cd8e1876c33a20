"""Sizes and resizing: nothing aliases, rings, darkens or bleeds."""

import numpy as np
import pytest

from nst.errors import PictureSize
from nst.images import Picture, resize, target_size


def grey(values: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Picture:
    return Picture(np.repeat(values[..., None], 3, axis=2).astype(np.float32))


@pytest.mark.parametrize(
    ("width", "height", "size", "size_by", "expected"),
    [
        (4000, 3000, 512, "long", (512, 384)),
        (3000, 4000, 512, "long", (384, 512)),
        (4000, 3000, 400, "height", (533, 400)),
        (1280, 720, 300, "area", (400, 225)),
        (100, 100, 64, "area", (64, 64)),
        (30, 20, 300, "long", (300, 200)),
        (721, 718, 384, "long", (384, 382)),
    ],
)
def test_the_size_is_what_it_is_measured_by(
    width: int, height: int, size: int, size_by: str, expected: tuple[int, int]
) -> None:
    assert target_size(width, height, size, size_by) == expected


@pytest.mark.parametrize("size_by", ["long", "height", "area"])
def test_a_panorama_too_thin_for_its_size_is_refused(size_by: str) -> None:
    with pytest.raises(PictureSize, match="the least is 16 on a side") as caught:
        target_size(*((20, 20_000) if size_by == "height" else (20_000, 20)), 200, size_by)
    assert "crop" in caught.value.hint


def test_a_panorama_measured_by_its_height_stays_within_the_limit() -> None:
    with pytest.raises(PictureSize, match="the most is 1,000,000 pixels"):
        target_size(10_000, 1000, 400, "height", max_pixels=1_000_000)


def test_detail_finer_than_the_result_turns_grey() -> None:
    stripes = grey(np.indices((96, 96))[1] % 2.0)
    assert np.abs(resize(stripes, 31, 31).rgb[2:-2, 2:-2] - 0.5).max() < 0.02


def test_an_edge_does_not_ring_out_of_range() -> None:
    edge = grey((np.indices((64, 64))[1] > 31).astype(np.float32))
    for size in (40, 150):
        resized = resize(edge, size, size).rgb
        assert resized.min() >= 0
        assert resized.max() <= 1


def test_steps_finer_than_eight_bits_survive() -> None:
    ramp = grey(np.tile(np.linspace(0.5, 0.5 + 1 / 255, 200, dtype=np.float32), (200, 1)))
    assert len(np.unique(resize(ramp, 100, 100).rgb[50, :, 0])) == 100


def test_a_smooth_picture_agrees_with_a_plain_average() -> None:
    y, x = np.indices((128, 160)) / 40
    smooth = grey((0.5 + 0.3 * np.sin(x) * np.cos(y)).astype(np.float32))
    expected = smooth.rgb[..., 0].reshape(32, 4, 40, 4).mean(axis=(1, 3))
    assert np.abs(resize(smooth, 40, 32).rgb[2:-2, 2:-2, 0] - expected[2:-2, 2:-2]).max() < 2e-3


def test_the_same_size_is_the_same_picture() -> None:
    picture = grey(np.zeros((20, 30), np.float32))
    assert resize(picture, 30, 20) is picture


def test_transparent_colours_do_not_bleed() -> None:
    rgb = np.zeros((64, 64, 3), np.float32)
    rgb[:, :30] = (1, 0.5, 0)
    alpha = np.zeros((64, 64), np.float32)
    alpha[:, :30] = 1
    resized = resize(Picture(rgb, alpha), 20, 20)
    assert resized.alpha is not None
    assert resized.alpha.shape == (20, 20)
    soft = resized.alpha > 0.02
    assert (resized.alpha[soft] < 0.9).any()
    assert np.abs(resized.rgb[soft] - (1, 0.5, 0)).max() < 1e-3


def test_alpha_stays_in_range() -> None:
    alpha = (np.indices((64, 64)).sum(0) > 64).astype(np.float32)
    resized = resize(Picture(np.full((64, 64, 3), 0.3, np.float32), alpha), 41, 41)
    assert resized.alpha is not None
    assert (resized.alpha.min(), resized.alpha.max()) == (0, 1)
    assert np.isfinite(resized.rgb).all()
