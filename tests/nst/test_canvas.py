"""The canvas: pictures at every size, where a run starts, and how one scale becomes the next."""

from typing import Any

import numpy as np
import pytest
import torch

from nst.canvas import Canvas
from nst.color import luma, to_tensor
from nst.events import Scale
from nst.images import Picture, resize
from nst.options import StyleOptions
from tests.nst.pictures import painting, photo

SMALL, LARGE = Scale(36, 32, 1), Scale(72, 64, 1)


def canvas(*styles: Picture, content: Picture | None = None, **changes: Any) -> Canvas:
    shares = (1 / max(1, len(styles)),) * max(1, len(styles))
    options = StyleOptions(**changes)
    return Canvas(content or photo(), styles or (painting(),), shares, options, LARGE, torch.device("cpu"))


def test_the_photo_is_itself_at_its_own_size_and_resized_at_others() -> None:
    assert torch.equal(canvas().content(LARGE), to_tensor(photo()))
    assert torch.equal(canvas().content(SMALL), to_tensor(resize(photo(), 36, 32)))


def test_a_paintings_long_side_is_the_pictures() -> None:
    found = canvas(painting(200, 100), painting(50, 100)).styles(LARGE)
    assert [tuple(style.shape[2:]) for style in found] == [(36, 72), (72, 36)]


def test_strokes_grow_with_the_style_scale() -> None:
    assert tuple(canvas(painting(200, 100), style_scale=2).styles(LARGE)[0].shape[2:]) == (72, 144)


def test_no_painting_gets_thinner_than_sixteen_pixels() -> None:
    assert tuple(canvas(painting(400, 20)).styles(SMALL)[0].shape[2:]) == (16, 320)


def test_a_random_start_is_grey_noise_that_the_seed_decides() -> None:
    first, again, other = (canvas(init="random", seed=seed).first(LARGE) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (1, 3, 64, 72)
    assert float(first.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(first.std()) == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize("shape", [(200, 50), (50, 200), (72, 64)])
def test_a_start_from_the_painting_covers_the_picture_without_stretching(shape: tuple[int, int]) -> None:
    width, height = shape
    ramp = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32)[None, :, None], (height, width, 3))
    start = canvas(Picture(np.ascontiguousarray(ramp)), init="style").first(LARGE)
    assert start.shape == (1, 3, 64, 72)
    slope = float((start[..., 60] - start[..., 12]).mean()) / 48
    assert slope == pytest.approx(1 / (width * max(72 / width, 64 / height)), rel=0.1)


def test_a_start_from_the_photo_keeps_its_colours_where_they_are_to_be_kept() -> None:
    for color in ("luminance", "match"):
        made = canvas(color=color)
        assert torch.equal(made.first(LARGE), made.content(LARGE))


def test_luminance_makes_photo_and_painting_grey_with_equal_contrast() -> None:
    made = canvas(color="luminance")
    content, style = made.content(LARGE), made.styles(LARGE)[0]
    for image in (content, style):
        assert torch.equal(image[:, :1].expand_as(image), image)
    torch.testing.assert_close(content[:, :1], luma(to_tensor(photo())))
    assert float(style.mean()) == pytest.approx(float(content.mean()), abs=0.03)
    assert float(style.std()) == pytest.approx(float(content.std()), rel=0.2)


def test_matching_gives_the_painting_the_photos_mean() -> None:
    made = canvas(color="match")
    difference = made.styles(LARGE)[0].mean((2, 3)) - made.content(LARGE).mean((2, 3))
    assert float(difference.abs().max()) < 0.05


def test_enlarging_an_untouched_start_gives_the_start_of_the_larger_scale() -> None:
    """Its fine detail is the photo's own, not an enlargement."""
    made = canvas()
    enlarged = made.enlarge(made.first(SMALL), SMALL, LARGE)
    torch.testing.assert_close(enlarged, made.first(LARGE), atol=0.02, rtol=0)


def test_enlarging_a_random_start_owes_nothing_to_the_photo() -> None:
    first, second = canvas(init="random"), canvas(init="random", content=photo(seed=5))
    noise = first.first(SMALL)
    assert torch.equal(first.enlarge(noise, SMALL, LARGE), second.enlarge(noise, SMALL, LARGE))


def test_what_leaves_a_scale_is_in_range() -> None:
    wild = 3 * torch.randn(1, 3, 32, 36, generator=torch.Generator().manual_seed(0))
    for after in (SMALL, LARGE):
        found = canvas().enlarge(wild, SMALL, after)
        assert float(found.min()) >= 0 and float(found.max()) <= 1
        assert tuple(found.shape[2:]) == (after.height, after.width)


def test_a_picture_carries_the_photos_alpha_at_the_final_size() -> None:
    content = photo(alpha=True)
    made = canvas(content=content).picture(torch.rand(1, 3, 32, 36), SMALL)
    assert made.alpha is not None and content.alpha is not None
    assert np.array_equal(made.alpha, content.alpha)
    assert (made.width, made.height) == (72, 64)


def test_a_picture_is_in_memory_of_its_own() -> None:
    image = torch.full((1, 3, 64, 72), 0.5)
    made = canvas(init="random").picture(image, LARGE)
    image.zero_()
    assert float(made.rgb.min()) == 0.5
