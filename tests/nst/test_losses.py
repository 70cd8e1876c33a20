"""The terms: known answers by hand, gradients against finite differences, and what each is blind to."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nst import losses
from nst.losses import FORMULAS


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def checkerboard(size: int) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return ((rows + columns) % 2).float().expand(1, 3, size, size)


def test_the_gram_matrix_of_a_constant_picture_is_the_product_of_its_values() -> None:
    features = torch.tensor([2.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 5, 7)
    assert losses.gram_matrix(features).tolist() == [[4, 6], [6, 9]]
    assert losses.second_moments(features).tolist() == [[140, 210], [210, 315]]


def test_the_classic_gram_matrix_is_divided_by_every_entry() -> None:
    features = torch.tensor([2.0, 3.0]).view(1, 2, 1, 1).expand(1, 2, 5, 7)
    assert FORMULAS["classic"].gram(features).tolist() == [[2, 3], [3, 4.5]]


def test_the_gram_matrix_does_not_mind_where_things_are() -> None:
    features = random(1, 6, 8, 9)
    order = torch.randperm(72, generator=torch.Generator().manual_seed(1))
    shuffled = features.flatten(2)[..., order].view(1, 6, 8, 9)
    torch.testing.assert_close(losses.gram_matrix(shuffled), losses.gram_matrix(features))


def test_the_gram_matrix_is_the_same_in_every_memory_layout() -> None:
    features = random(1, 6, 8, 9)
    last = features.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(losses.gram_matrix(last), losses.gram_matrix(features))


def test_half_precision_features_do_not_overflow_the_gram_matrix() -> None:
    features = torch.full((1, 2, 64, 64), 100, dtype=torch.float16)
    assert losses.second_moments(features).tolist() == [[4096e4, 4096e4], [4096e4, 4096e4]]


def test_blended_second_moments_are_those_of_both_paintings_pixels() -> None:
    first, second = random(1, 5, 4, 6), random(1, 5, 4, 6, seed=1)
    both = torch.cat([first, second], dim=3)
    blend = (losses.gram_matrix(first) + losses.gram_matrix(second)) / 2
    torch.testing.assert_close(blend, losses.gram_matrix(both))


def test_the_variation_of_a_checkerboard_is_known() -> None:
    size = 6
    edges = 3 * 2 * size * (size - 1)  # channels, directions, neighbours
    assert float(losses.total_variation(checkerboard(size))) == 255 * edges
    assert float(losses.mean_squared_variation(checkerboard(size))) == 2


def test_the_variation_of_a_flat_picture_is_zero_and_of_a_ramp_is_its_height() -> None:
    flat, ramp = torch.full((1, 3, 5, 9), 0.7), torch.linspace(0, 1, 9).expand(1, 3, 5, 9)
    assert float(losses.total_variation(flat)) == 0
    assert float(losses.total_variation(ramp)) == pytest.approx(255 * 3 * 5)


def test_a_pattern_has_the_same_mean_squared_variation_at_every_size() -> None:
    small, large = (float(losses.mean_squared_variation(checkerboard(size))) for size in (8, 32))
    assert small == large


def test_errors_are_sums_or_means_of_squares() -> None:
    found, target = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.zeros(4)
    assert float(losses.squared_error(found, target)) == 30
    assert float(losses.mean_squared_error(found, target)) == 7.5
    assert float(losses.relative_error(2 * found, found)) == 1


def test_the_relative_error_is_zero_for_equals_and_blind_to_scale_and_repetition() -> None:
    found, target = random(40), random(40, seed=1)
    error = losses.relative_error(found, target)
    assert float(losses.relative_error(target, target)) == 0
    for factor in (1e-3, 1e3):
        torch.testing.assert_close(losses.relative_error(found * factor, target * factor), error)
    torch.testing.assert_close(losses.relative_error(found.repeat(9), target.repeat(9)), error)


def test_the_relative_error_of_nothing_is_a_number() -> None:
    assert float(losses.relative_error(torch.zeros(4), torch.zeros(4))) == 0
    assert bool(losses.relative_error(torch.ones(4), torch.zeros(4)).isfinite())


def test_only_pixels_outside_of_the_range_are_pulled_back() -> None:
    image = torch.tensor([-0.5, 0.0, 0.3, 1.0, 1.5, 0.5]).view(1, 3, 1, 2).requires_grad_()
    loss = losses.out_of_range(image)
    (gradient,) = torch.autograd.grad(loss, image)
    assert float(loss.detach()) == pytest.approx(0.5 / 6)
    assert gradient.flatten().tolist() == pytest.approx([-1 / 6, 0, 0, 0, 1 / 6, 0])


TARGET = random(1, 3, 5, 6, seed=2).double()
TERMS: dict[str, Callable[[Tensor], Tensor]] = {
    "relative error": lambda x: losses.relative_error(x, TARGET),
    "mean squared error": lambda x: losses.mean_squared_error(x, TARGET),
    "squared error": lambda x: losses.squared_error(x, TARGET),
    "total variation": losses.total_variation,
    "mean squared variation": losses.mean_squared_variation,
    "out of range": lambda x: losses.out_of_range(2 * x - 0.5),
}


@pytest.mark.parametrize("name", TERMS)
def test_the_gradient_of_a_term_is_its_slope(name: str) -> None:
    x = random(1, 3, 5, 6).double().requires_grad_()
    assert torch.autograd.gradcheck(TERMS[name], (x,), eps=1e-7, atol=1e-5)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", FORMULAS)
def test_the_gradient_of_a_style_term_is_its_slope(name: str, layout: torch.memory_format) -> None:
    """Gram matrices are float32 on purpose, so the slope is taken over a step that float32 can see."""
    formula = FORMULAS[name]
    target = formula.gram(random(1, 4, 6, 5, seed=3))
    x = random(1, 4, 6, 5).contiguous(memory_format=layout)
    direction = random(1, 4, 6, 5, seed=4)

    def style(step: float) -> Tensor:
        return formula.style(formula.gram(x + step * direction), target)

    at = x.clone(memory_format=torch.preserve_format).requires_grad_()
    (gradient,) = torch.autograd.grad(formula.style(formula.gram(at), target), at)
    slope = float(style(1e-2) - style(-1e-2)) / 2e-2
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=2e-3)


def test_the_gradient_of_the_moments_is_that_of_the_plain_product() -> None:
    weights = random(4, 4, seed=5)  # not symmetric
    x = random(1, 4, 6, 5).requires_grad_()
    flat = x.flatten(2)[0]
    (wanted,) = torch.autograd.grad((weights * (flat @ flat.T)).sum(), x)
    (found,) = torch.autograd.grad((weights * losses.second_moments(x)).sum(), x)
    torch.testing.assert_close(found, wanted)


def test_every_formula_is_found_under_its_own_name() -> None:
    assert all(name == formula.name for name, formula in FORMULAS.items())
