"""Choosing a backbone and loading it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nst.backbones import Backbone, choose_backbone, load_backbone, weights
from nst.backbones.states import random_state, save_state
from nst.errors import InvalidOption, WeightsError


@pytest.fixture(scope="module")
def vgg19_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vgg19") / "mine.safetensors"
    save_file({f"features.{key}": value.half() for key, value in random_state("vgg19").items()}, path)
    return path


@pytest.fixture(scope="module")
def squeezenet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("squeezenet") / "mine.pth"
    torch.save(random_state("squeezenet"), path)
    return path


@pytest.mark.parametrize("name", ["vgg19", "vgg16", "squeezenet", "wavelet"])
def test_a_backbone_asked_for_is_the_one(name: str) -> None:
    assert choose_backbone(name).name == name


def test_auto_is_wavelet_without_weights_and_says_how_to_get_vgg19() -> None:
    choice = choose_backbone("auto")
    assert choice.name == "wavelet"
    assert "nst weights fetch vgg19" in choice.why


def test_auto_is_vgg19_where_its_weights_are_stored(vgg19_file: Path) -> None:
    path = weights.stored_path("vgg19")
    path.parent.mkdir(parents=True)
    path.write_bytes(vgg19_file.read_bytes())
    choice = choose_backbone("auto")
    assert choice.name == "vgg19"
    assert str(path) in choice.why
    assert load_backbone("auto").name == "vgg19"


def test_auto_is_the_network_in_the_file_given(vgg19_file: Path, squeezenet_file: Path) -> None:
    choice = choose_backbone("auto", vgg19_file)
    assert choice.name == "vgg19"
    assert "mine.safetensors" in choice.why
    assert choose_backbone("auto", squeezenet_file).name == "squeezenet"


def test_auto_with_a_useless_file_is_an_error_and_never_wavelet(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_text("hello")
    with pytest.raises(WeightsError, match=r"w\.pth"):
        choose_backbone("auto", tmp_path / "w.pth")


def test_an_unknown_backbone_is_refused() -> None:
    for ask in (choose_backbone, load_backbone):
        with pytest.raises(InvalidOption, match="resnet"):
            ask("resnet")


def test_a_trained_backbone_without_weights_is_one_error_at_once() -> None:
    with pytest.raises(WeightsError, match=r"vgg19\.safetensors") as caught:
        load_backbone("vgg19")
    assert "nst weights fetch vgg19" in caught.value.hint


def test_damaged_stored_weights_are_an_error_and_never_wavelet() -> None:
    path = weights.stored_path("vgg19")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    with pytest.raises(WeightsError, match="damaged"):
        load_backbone("auto")


def test_stored_weights_are_loaded() -> None:
    path = weights.stored_path("squeezenet")
    path.parent.mkdir(parents=True)
    save_state("squeezenet", random_state("squeezenet"), path)
    backbone = load_backbone("squeezenet")
    assert isinstance(backbone, Backbone)
    assert backbone.features(torch.rand(1, 3, 32, 32), ["fire2"])["fire2"].shape == (1, 128, 16, 16)


def test_the_choices_reach_the_network(vgg19_file: Path) -> None:
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    plain = load_backbone("vgg19", weights=vgg19_file).features(image, ["pool1"])["pool1"]
    for choice in ({"pooling": "avg"}, {"padding": "zeros"}, {"input_scale": "caffe255"}):
        changed = load_backbone("vgg19", weights=vgg19_file, **choice).features(image, ["pool1"])["pool1"]
        assert not torch.allclose(changed, plain), choice


def test_wavelet_takes_no_weights(squeezenet_file: Path) -> None:
    with pytest.raises(WeightsError, match="wavelet takes no weights"):
        load_backbone("wavelet", weights=squeezenet_file)


def test_wavelet_needs_nothing() -> None:
    pytest.importorskip("nst.backbones.wavelet")
    backbone = load_backbone("wavelet")
    assert isinstance(backbone, Backbone)
    assert backbone.name == "wavelet"


def test_choosing_loads_no_torch() -> None:
    program = "import sys, nst.backbones as b; b.choose_backbone('auto'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).resolve().parents[2])
