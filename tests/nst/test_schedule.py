"""Coarse to fine: sizes, shares of the iterations, when a scale is over, and how long the rest will take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst.events import Scale
from nst.schedule import Pace, on_plateau, plan


@given(st.integers(16, 4000), st.integers(16, 4000), st.integers(1, 5000), st.integers(0, 8))
def test_a_plan_uses_every_iteration_and_ends_at_full_size(
    width: int, height: int, iterations: int, scales: int
) -> None:
    planned = plan(width, height, iterations, scales)
    assert sum(scale.iterations for scale in planned) == iterations
    assert all(scale.iterations >= 1 for scale in planned)
    assert (planned[-1].width, planned[-1].height) == (width, height)
    assert [scale.width for scale in planned] == sorted(scale.width for scale in planned)
    assert all(min(scale.width, scale.height) >= 16 for scale in planned)


def test_each_scale_is_twice_the_one_before() -> None:
    assert [(scale.width, scale.height) for scale in plan(800, 600, 100, 3)] == [(200, 150), (400, 300), (800, 600)]


def test_the_coarsest_size_that_is_chosen_has_about_a_hundred_pixels() -> None:
    for side in range(96, 3000, 37):
        assert 96 <= plan(side, side, 100, 0)[0].width < 192


def test_a_strip_has_only_the_sizes_that_leave_something_to_look_at() -> None:
    assert [(scale.width, scale.height) for scale in plan(1024, 40, 100, 0)] == [(512, 20), (1024, 40)]
    assert plan(512, 20, 100, 8) == (Scale(512, 20, 100),)


@pytest.mark.parametrize("side", [64, 96, 191])
def test_a_small_picture_has_one_scale(side: int) -> None:
    assert plan(side, side, 50, 0) == (Scale(side, side, 50),)


def test_one_scale_on_request() -> None:
    assert plan(1024, 768, 300, 1) == (Scale(1024, 768, 300),)


def test_there_are_no_more_scales_than_iterations() -> None:
    assert [scale.iterations for scale in plan(1024, 768, 2, 8)] == [1, 1]


def test_fine_scales_get_fewer_iterations() -> None:
    shares = [scale.iterations for scale in plan(768, 768, 150, 0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] >= 150 // (2 * len(shares))


def test_a_plateau_takes_ten_iterations_to_see() -> None:
    assert not on_plateau([1.0] * 10, 0.5)
    assert on_plateau([1.0] * 11, 1e-9)
    assert not on_plateau([1.0] * 11, 0)


def test_a_loss_that_still_falls_by_the_threshold_is_no_plateau() -> None:
    falling = [1 - 0.002 * i for i in range(11)]
    assert not on_plateau(falling, 0.019)
    assert on_plateau(falling, 0.021)


def test_a_loss_that_rises_is_no_plateau() -> None:
    assert not on_plateau([1 + 0.001 * i for i in range(11)], 0.5)


def test_only_the_last_ten_iterations_count() -> None:
    assert on_plateau([100.0, 50.0, *[1.0] * 11], 1e-3)


def test_the_pace_is_that_of_the_last_ten_iterations() -> None:
    pace = Pace()
    assert pace.iterations_per_second == 0
    for _ in range(5):
        pace.add(100.0)
    for _ in range(10):
        pace.add(0.5)
    assert pace.iterations_per_second == pytest.approx(2)


def test_the_time_that_remains_weighs_later_scales_by_their_pixels() -> None:
    pace = Pace()
    pace.add(1.0)
    scales = (Scale(100, 100, 10), Scale(200, 200, 5))
    assert pace.remaining_seconds(scales, 0, 4) == pytest.approx(6 + 5 * 4)
    assert pace.remaining_seconds(scales, 1, 5) == 0
