"""Whose colours: luminance with the photo's chroma, and palettes by mean and covariance."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2yiq
from torch import Tensor

from nst.color import keep_luminance, luma, match_palette, palette_transform, to_picture, to_tensor
from nst.images import Picture


def noise(seed: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(1, 3, 40, 50, generator=generator)


def correlated(seed: int) -> Tensor:
    """Colours that vary together, as those of photos do, around a mean that is not grey."""
    mixing = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed)) / 8
    flat = mixing @ (noise(seed + 1).flatten(2)[0] - 0.5) + torch.tensor([[0.6], [0.4], [0.3]])
    return flat.reshape(1, 3, 40, 50)


def yiq(image: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(rgb2yiq(image[0].permute(1, 2, 0).double().numpy()))


def statistics(pixels: Tensor) -> tuple[Tensor, Tensor]:
    return pixels.mean(dim=1), torch.cov(pixels, correction=0)


def test_luminance_is_the_result_s_and_chroma_the_photo_s() -> None:
    result, content = noise(0, 0.4, 0.6), noise(1, 0.35, 0.65)
    kept = yiq(keep_luminance(result, content))
    assert np.abs(kept[..., 0] - yiq(result)[..., 0]).max() < 1e-3
    assert np.abs(kept[..., 1:] - yiq(content)[..., 1:]).max() < 1 / 255


def test_out_of_gamut_colours_lose_saturation_and_keep_luma_and_hue() -> None:
    result, content = noise(0), noise(1)
    kept = keep_luminance(result, content)
    assert kept.min() >= 0
    assert kept.max() <= 1
    assert (luma(kept) - luma(result)).abs().max() < 1e-5
    before, after = content - luma(content), kept - luma(kept)
    factor = (before * after).sum(1) / (before * before).sum(1)
    assert (after - factor[:, None] * before).abs().max() < 1e-5
    assert factor.min() > -1e-5
    assert factor.max() < 1 + 1e-5
    assert (factor < 0.99).any()


def test_a_grey_photo_gives_a_grey_result() -> None:
    kept = keep_luminance(noise(0), torch.full((1, 3, 40, 50), 0.3))
    assert (kept - luma(kept)).abs().max() < 1e-6


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_stay_black_and_white(level: float) -> None:
    kept = keep_luminance(torch.full((1, 3, 40, 50), level), noise(1))
    assert (kept - level).abs().max() < 1e-6


def test_a_result_out_of_range_comes_back_into_it() -> None:
    kept = keep_luminance(noise(0, -0.5, 1.5), noise(1))
    assert torch.isfinite(kept).all()
    assert kept.min() >= 0
    assert kept.max() <= 1


def test_keeping_its_own_colours_changes_nothing() -> None:
    picture = noise(0)
    assert (keep_luminance(picture, picture) - picture).abs().max() < 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_the_palette_has_the_photo_s_mean_and_covariance(seed: int) -> None:
    style, content = correlated(seed), correlated(seed + 100)
    matrix, offset = palette_transform(style, content)
    mean, covariance = statistics(matrix @ style.flatten(2)[0] + offset)
    expected_mean, expected_covariance = statistics(content.flatten(2)[0])
    assert (mean - expected_mean).abs().max() < 0.01 * expected_mean.abs().max()
    assert (covariance - expected_covariance).abs().max() < 0.01 * expected_covariance.abs().max()


def test_a_picture_in_its_own_palette_is_itself() -> None:
    style = noise(3)
    assert (match_palette(style, style) - style).abs().max() < 1e-5


def test_a_palette_does_not_depend_on_the_photo_s_size() -> None:
    style, content = correlated(1), correlated(2)
    tiled = content.repeat(1, 1, 2, 3)
    assert (match_palette(style, tiled) - match_palette(style, content)).abs().max() < 1e-5


def test_a_grey_painting_takes_the_photo_s_tint_without_nan() -> None:
    grey = luma(noise(0)).expand(1, 3, 40, 50)
    content = correlated(7)
    matched = match_palette(grey, content)
    assert torch.isfinite(matched).all()
    assert (matched.mean((2, 3)) - content.mean((2, 3))).abs().max() < 0.02


def test_quantisation_noise_is_not_blown_up() -> None:
    nearly_grey = luma(noise(0)).expand(1, 3, 40, 50) + (noise(1) - 0.5) / 255
    matrix, _ = palette_transform(nearly_grey, noise(2))
    assert torch.linalg.matrix_norm(matrix, 2) * 0.5 / 255 < 0.2  # what half an 8-bit step becomes


@pytest.mark.parametrize("flat_style", [False, True])
@pytest.mark.parametrize("flat_content", [False, True])
def test_pictures_of_one_colour_give_numbers(flat_style: bool, flat_content: bool) -> None:
    color = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1).expand(1, 3, 40, 50)
    style = color if flat_style else noise(0)
    content = color.flip(1) if flat_content else noise(1)
    matched = match_palette(style, content)
    assert torch.isfinite(matched).all()
    assert (matched.mean((2, 3)) - content.mean((2, 3))).abs().max() < 0.02


def test_a_matched_palette_is_a_picture() -> None:
    matched = match_palette(noise(0), noise(1).round())
    assert matched.shape == (1, 3, 40, 50)
    assert matched.dtype == torch.float32
    assert matched.min() >= 0
    assert matched.max() <= 1


def test_a_picture_survives_the_way_to_a_tensor_and_back() -> None:
    generator = np.random.default_rng(0)
    picture = Picture(generator.random((20, 30, 3), np.float32), generator.random((20, 30), np.float32))
    tensor = to_tensor(picture)
    assert tensor.shape == (1, 3, 20, 30)
    assert tensor.is_contiguous()
    assert to_picture(tensor, picture.alpha).digest() == picture.digest()


def test_a_tensor_and_its_picture_share_no_memory() -> None:
    picture = Picture(np.zeros((20, 30, 3), np.float32))
    tensor = to_tensor(picture)
    tensor += 0.5
    assert picture.rgb.max() == 0
    again = to_picture(tensor)
    tensor += 0.2
    assert again.rgb.max() == 0.5


def test_a_tensor_out_of_range_is_clipped() -> None:
    picture = to_picture(torch.tensor([-0.5, 0.5, 1.5]).view(1, 3, 1, 1).expand(1, 3, 16, 16).requires_grad_())
    assert picture.rgb[0, 0].tolist() == [0, 0.5, 1]
