"""What a run makes of pictures of every shape, colour and start."""

import numpy as np
import pytest

from nst.events import Finished, Frame
from nst.images import Picture
from nst.transfer import StyleTransfer
from tests.nst.pictures import painting, photo
from tests.nst.runs import SMALL, progress, result, start


@pytest.fixture(scope="module")
def engine() -> StyleTransfer:
    return StyleTransfer(device="cpu")


def test_a_transparent_photo_gets_its_alpha_back_bit_for_bit(engine: StyleTransfer) -> None:
    content = photo(72, 64, alpha=True)
    events = list(engine.start(content, [painting()], SMALL.replace(size=72)))
    for event in events:
        if isinstance(event, Frame | Finished):
            assert event.picture.alpha is not None and content.alpha is not None
            assert np.array_equal(event.picture.alpha, content.alpha)


@pytest.mark.parametrize("init", ["content", "style", "random"])
def test_every_start_leads_to_a_picture(engine: StyleTransfer, init: str) -> None:
    events = list(start(engine, SMALL.replace(init=init)))
    told = progress(events)
    assert told[3].losses.total < told[0].losses.total
    assert bool(np.isfinite(result(events).rgb).all())


def test_starts_differ_and_random_ones_by_their_seed(engine: StyleTransfer) -> None:
    starts = [("content", 0), ("style", 0), ("random", 0), ("random", 1)]
    runs = (start(engine, SMALL.replace(init=init, seed=seed)) for init, seed in starts)
    assert len({result(list(run)).digest() for run in runs}) == 4


def test_the_seed_changes_nothing_where_nothing_is_random(engine: StyleTransfer) -> None:
    first, second = (result(list(start(engine, SMALL.replace(seed=seed)))).digest() for seed in (0, 1))
    assert first == second


def test_a_style_with_the_whole_share_is_alone(engine: StyleTransfer) -> None:
    alone = result(list(start(engine)))
    options = SMALL.replace(blend=(1, 0))
    shared = result(list(engine.start(photo(), [painting(), painting(90, 60, seed=7)], options)))
    assert alone.digest() == shared.digest()


def test_equal_shares_are_the_default_and_only_their_ratio_counts(engine: StyleTransfer) -> None:
    styles = [painting(), painting(90, 60, seed=7)]
    digests = {
        result(list(engine.start(photo(), styles, SMALL.replace(blend=blend)))).digest()
        for blend in ((), (1, 1), (0.25, 0.25))
    }
    assert len(digests) == 1
    assert result(list(engine.start(photo(), styles, SMALL.replace(blend=(3, 1))))).digest() not in digests


@pytest.mark.parametrize(("width", "height"), [(600, 18), (17, 500), (16, 16)])
def test_a_painting_of_any_shape_will_do(engine: StyleTransfer, width: int, height: int) -> None:
    events = list(engine.start(photo(), [painting(width, height)], SMALL))
    assert bool(np.isfinite(result(events).rgb).all())


@pytest.mark.parametrize(("width", "height"), [(64, 64), (65, 63), (97, 71), (255, 17), (16, 64)])
def test_a_photo_of_any_shape_will_do(engine: StyleTransfer, width: int, height: int) -> None:
    options = SMALL.replace(size=max(64, width, height), iterations=4, scales=0)
    picture = result(list(engine.start(photo(width, height), [painting()], options)))
    assert abs(picture.width / picture.height - width / height) <= width / height / 16
    assert max(picture.width, picture.height) == options.size


def test_the_smallest_size_with_the_most_scales_still_works(engine: StyleTransfer) -> None:
    events = list(start(engine, SMALL.replace(size=64, scales=8, iterations=16)))
    assert (result(events).width, result(events).height) == (64, 57)
    assert isinstance(events[-1], Finished)


def test_luminance_keeps_the_photos_chroma(engine: StyleTransfer) -> None:
    content = photo(96, 85)
    picture = result(list(engine.start(content, [painting()], SMALL.replace(color="luminance"))))
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    inside = ((picture.rgb > 0.004) & (picture.rgb < 0.996)).all(axis=2)
    chroma = [p.rgb - (p.rgb @ luma)[..., None] for p in (picture, content)]
    assert inside.mean() > 0.5
    assert float(np.abs(chroma[0] - chroma[1])[inside].max()) < 1 / 255
    assert float(np.abs(picture.rgb @ luma - content.rgb @ luma).max()) > 0.05


def test_matching_the_palette_first_keeps_the_photos_colours(engine: StyleTransfer) -> None:
    red = Picture(photo(96, 85).rgb * np.array([1, 0.3, 0.2], np.float32))
    means = {
        color: result(list(engine.start(red, [painting()], SMALL.replace(color=color)))).rgb.mean(axis=(0, 1))
        for color in ("style", "match")
    }
    wanted = red.rgb.mean(axis=(0, 1))
    assert np.abs(means["match"] - wanted).max() < np.abs(means["style"] - wanted).max() / 2


def test_a_grey_painting_is_no_trouble(engine: StyleTransfer) -> None:
    grey = Picture(np.repeat(painting().rgb[..., :1], 3, axis=2))
    for color in ("style", "match", "luminance"):
        assert bool(np.isfinite(result(list(engine.start(photo(), [grey], SMALL.replace(color=color)))).rgb).all())


def test_a_flat_photo_and_a_flat_painting_are_no_trouble(engine: StyleTransfer) -> None:
    flat = Picture(np.full((64, 64, 3), 0.5, np.float32))
    for content, style in ((flat, painting()), (photo(), flat), (flat, flat)):
        picture = result(list(engine.start(content, [style], SMALL.replace(size=64, iterations=4))))
        assert bool(np.isfinite(picture.rgb).all())


def test_the_same_options_mean_the_same_at_every_size(engine: StyleTransfer) -> None:
    content, style = photo(192, 192), painting(192, 192)
    sizes = []
    for size in (64, 128, 192):
        events = list(engine.start(content, [style], SMALL.replace(size=size, iterations=10, scales=0, save_every=0)))
        sizes.append(progress(events)[-1].losses.style + progress(events)[-1].losses.content)
    assert max(sizes) < 4 * min(sizes)
