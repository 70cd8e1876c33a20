"""The objective at one scale, where the pictures leave it little to hold on to."""

import numpy as np
import pytest
import torch

from nst.backbones import load_backbone
from nst.errors import InvalidOption
from nst.events import Finished
from nst.images import Picture
from nst.losses import relative_distance, relative_error
from nst.objective import Objective
from nst.options import StyleOptions
from nst.recipe import resolve
from nst.transfer import StyleTransfer
from tests.nst.pictures import painting


def objective(options: StyleOptions, size: int) -> Objective:
    backbone = load_backbone("wavelet")
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    return Objective(backbone, resolve(options, backbone, 1), image, [image])


def test_a_picture_too_small_for_all_of_its_layers_is_refused() -> None:
    options = StyleOptions(backbone="wavelet", content_layers=("edge5",), style_layers=("stroke5",))
    with pytest.raises(InvalidOption, match="64 x 64 pixels is too small"):
        objective(options, 64)


def test_one_layer_that_exists_is_enough() -> None:
    options = StyleOptions(backbone="wavelet", content_layers=("edge5",), style_layers=("stroke5", "stroke0"))
    terms, gradient = objective(options, 64).evaluate(torch.full((1, 3, 64, 64), 0.5))
    assert float(terms[1]) > 0 and bool(gradient.any())


def test_a_faint_target_is_not_infinitely_far_from_everything() -> None:
    found, nothing = torch.ones(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    assert float(relative_distance(found, nothing)) == pytest.approx(20)
    assert float(relative_error(found, nothing)) > 1e6


def test_something_is_painted_on_a_blank_photo() -> None:
    blank = Picture(np.full((64, 64, 3), 0.5, np.float32))
    run = StyleTransfer(device="cpu").start(
        blank, [painting()], StyleOptions(backbone="wavelet", size=64, iterations=15)
    )
    *_, last = run
    assert isinstance(last, Finished)
    assert last.iteration == 15
