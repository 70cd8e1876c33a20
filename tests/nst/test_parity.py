"""``classic`` against a transcription that was written from the formulas alone (``bench.reference``)."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models import squeezenet1_0, vgg19

from bench import reference
from nst.backbones import Backbone
from nst.backbones.squeezenet import SqueezeNet
from nst.backbones.vgg import VGG
from nst.images import read_picture
from nst.losses import total_variation
from nst.objective import Objective
from nst.options import StyleOptions
from nst.recipe import resolve

SIZES = [(64, 80), (96, 64), (71, 67)]


@cache
def both(name: str) -> tuple[reference.Network, Backbone]:
    if name == "vgg19":
        state = reference.random_weights(vgg19)
        return reference.vgg19_network(state), VGG(name, dict(state), padding="zeros", input_scale="caffe255")
    state = reference.random_weights(squeezenet1_0)
    return reference.squeezenet_network(state), SqueezeNet(dict(state), padding="zeros", input_scale="caffe255")


def photo(height: int, width: int, seed: int) -> Tensor:
    """Clouds with some noise, so that total variation, content and style all have something to say."""
    generator = torch.Generator().manual_seed(seed)
    clouds = F.interpolate(torch.randn(1, 3, 6, 6, generator=generator), (height, width), mode="bicubic")
    return (0.5 + 0.2 * clouds + 0.03 * torch.randn(1, 3, height, width, generator=generator)).clamp(0, 1)


def objectives(name: str, content: Tensor, style: Tensor) -> tuple[reference.Objective, Objective]:
    network, backbone = both(name)
    recipe = resolve(StyleOptions(backbone=name, objective="classic"), backbone, 1)
    theirs = reference.Objective(network, reference.prepared(content), reference.prepared(style))
    return theirs, Objective(backbone, recipe, content, [style])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["vgg19", "squeezenet"])
def test_classic_equals_the_transcription_term_by_term(name: str, seed: int) -> None:
    content, style = photo(*SIZES[seed], seed), photo(80, 72, seed + 100)
    theirs, ours = objectives(name, content, style)

    # At the photo itself, iteration 0, content is nothing but rounding; so it is compared at another picture too.
    for image in (content, photo(*SIZES[seed], seed + 200)):
        wanted = torch.stack(theirs.terms(reference.prepared(image))).detach()
        found, _ = ours.evaluate(image)
        torch.testing.assert_close(found[1:], wanted[1:], rtol=1e-5, atol=0)
        torch.testing.assert_close(found[0], wanted[0], rtol=1e-5, atol=1e-9 * float(wanted.sum()))


@pytest.mark.parametrize("name", ["vgg19", "squeezenet"])
def test_classic_has_the_transcriptions_gradient(name: str) -> None:
    content, style, image = photo(64, 80, 0), photo(80, 72, 1), photo(64, 80, 2)
    theirs, ours = objectives(name, content, style)
    x = reference.prepared(image).requires_grad_()
    (wanted,) = torch.autograd.grad(theirs.loss(x), x)
    found = ours.evaluate(image)[1] / 255  # of the loss by a pixel on the 0..255 scale
    # Where two entries under a maximum are equal but for rounding, the two programs may choose differently.
    assert float((found - wanted).norm() / wanted.norm()) < 2e-3


@pytest.mark.parametrize("name", ["vgg19", "squeezenet"])
def test_no_feature_is_modified_after_it_was_handed_out(name: str) -> None:
    _, backbone = both(name)
    image = photo(64, 64, 0).requires_grad_()
    layers = tuple(backbone.style_layers) + (("conv1_1", "conv4_2") if name == "vgg19" else ("conv1",))
    together = backbone.features(image, layers)
    versions = {layer: maps._version for layer, maps in together.items()}
    torch.stack([maps.square().mean() for maps in together.values()]).sum().backward()  # type: ignore[no-untyped-call]
    assert {layer: maps._version for layer, maps in together.items()} == versions
    for layer, maps in together.items():
        assert torch.equal(maps, backbone.features(image, (layer,))[layer])


def test_layers_before_their_relu_are_what_their_names_say() -> None:
    _, backbone = both("vgg19")
    maps = backbone.features(photo(64, 64, 0), ("conv4_2", "relu4_2"))
    assert float(maps["conv4_2"].min()) < 0
    assert torch.equal(maps["conv4_2"].relu(), maps["relu4_2"])


def test_the_published_variation_of_a_photo_is_reproduced(repository: Path) -> None:
    """What the first program printed for this photo at height 400, enlarged or reduced without antialiasing."""
    path = repository.parent / "shared" / "data" / "pairs" / "content" / "star_wars_1.jpg"
    if not path.is_file():
        pytest.skip(f"{path.name} is not on this machine")
    picture = read_picture(path)
    bytes_ = torch.from_numpy(np.array(picture.rgb)).permute(2, 0, 1)[None]
    size = (400, int(picture.width * 400 / picture.height))
    image = F.interpolate(bytes_, size, mode="bicubic", align_corners=False, antialias=False)
    rounded = (255 * image).round().clamp(0, 255) / 255
    assert float(total_variation(rounded)) == pytest.approx(6_511_108, rel=1e-4)
