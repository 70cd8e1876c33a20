"""Reading weights: every kind of file that is accepted, and every kind that is refused."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torchvision.models import get_model

from nst.backbones.states import State, digest, identify, load_state, published_file, random_state, save_state
from nst.errors import WeightsError


@pytest.fixture(scope="module")
def state() -> State:
    return random_state("squeezenet")


def prefixed(state: State, prefix: str = "features.") -> State:
    return {prefix + key: value for key, value in state.items()}


def assert_equal_states(found: State, expected: State) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


# Files that are accepted


def test_a_stored_state_comes_back_unchanged(state: State, tmp_path: Path) -> None:
    save_state("squeezenet", state, tmp_path / "squeezenet.safetensors")
    assert_equal_states(load_state("squeezenet", tmp_path / "squeezenet.safetensors"), state)
    assert [path.name for path in tmp_path.iterdir()] == ["squeezenet.safetensors"]


def test_a_stored_file_says_what_it_is_and_holds_convolutions_only(state: State, tmp_path: Path) -> None:
    save_state("squeezenet", state, path := tmp_path / "weights")
    with safe_open(path, "pt") as file:
        assert file.metadata() == {
            "backbone": "squeezenet", "source": "SqueezeNet1_0_Weights.IMAGENET1K_V1", "sha256": digest(state),
        }  # fmt: skip
        assert all(key.startswith("features.") for key in file.keys())  # noqa: SIM118
    assert path.stat().st_size < 3_000_000


def test_torchvision_s_own_state_dict_is_accepted(tmp_path: Path) -> None:
    model = get_model("squeezenet1_0")
    torch.save(model.state_dict(), tmp_path / "squeezenet.pth")
    assert_equal_states(load_state("squeezenet", tmp_path / "squeezenet.pth"), model.features.state_dict())


@pytest.mark.parametrize("wrap", [
    lambda state: state,
    prefixed,
    lambda state: prefixed(state, "module.features."),
    lambda state: {"state_dict": prefixed(state), "epoch": 90},
], ids=["short names", "torchvision's names", "of a parallel model", "inside a checkpoint"])  # fmt: skip
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_pickle_is_accepted_under_every_usual_name(
    state: State, tmp_path: Path, wrap: Callable[[State], Any], zipped: bool
) -> None:
    torch.save(wrap(state), tmp_path / "w.pth", _use_new_zipfile_serialization=zipped)
    assert_equal_states(load_state("squeezenet", tmp_path / "w.pth"), state)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_becomes_float32(state: State, tmp_path: Path, dtype: torch.dtype) -> None:
    save_file({key: value.to(dtype) for key, value in prefixed(state).items()}, tmp_path / "w.safetensors")
    found = load_state("squeezenet", tmp_path / "w.safetensors")
    assert_equal_states(found, {key: value.to(dtype).float() for key, value in state.items()})


def test_what_a_file_is_does_not_depend_on_its_name(state: State, tmp_path: Path) -> None:
    save_file(prefixed(state), tmp_path / "w.pth")
    assert_equal_states(load_state("squeezenet", tmp_path / "w.pth"), state)


@pytest.mark.parametrize("name", ["vgg16", "squeezenet"])
def test_the_network_in_a_file_is_recognised(name: str, tmp_path: Path) -> None:
    save_file({key: value.half() for key, value in prefixed(random_state(name)).items()}, tmp_path / "w.safetensors")
    assert identify(tmp_path / "w.safetensors") == name


def test_loaded_weights_do_not_change_with_the_file(state: State, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "w.pth")
    loaded = load_state("squeezenet", tmp_path / "w.pth")
    with (tmp_path / "w.pth").open("r+b") as file:
        file.write(bytes((tmp_path / "w.pth").stat().st_size))
    assert_equal_states(loaded, state)


# Files that are refused


def test_a_changed_value_breaks_the_sha256(state: State, tmp_path: Path) -> None:
    save_state("squeezenet", state, path := tmp_path / "squeezenet.safetensors")
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=digest(state)) as caught:
        load_state("squeezenet", path)
    assert str(path) in str(caught.value)
    assert "nst weights fetch squeezenet" in caught.value.hint


def test_a_file_under_torchvision_s_name_must_have_its_hash(state: State, tmp_path: Path) -> None:
    file_name, sha256 = published_file("squeezenet")
    torch.save(prefixed(state), tmp_path / file_name)
    with pytest.raises(WeightsError, match=f"starts with {sha256}"):
        load_state("squeezenet", tmp_path / file_name)


@pytest.mark.parametrize("share", [0, 1e-6, 1e-4, 0.5, 0.999])
@pytest.mark.parametrize("suffix", ["safetensors", "zip", "legacy"])
def test_a_truncated_file_is_refused(state: State, tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"w.{suffix}"
    if suffix == "safetensors":
        save_state("squeezenet", state, path)
    else:
        torch.save(prefixed(state), path, _use_new_zipfile_serialization=suffix == "zip")
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(WeightsError, match="damaged") as caught:
        load_state("squeezenet", path)
    assert str(path) in str(caught.value)


class Trap:
    """Would make a file when unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def test_a_pickle_with_code_is_refused_and_never_run(tmp_path: Path) -> None:
    torch.save({"features.0.weight": Trap(tmp_path / "ran")}, tmp_path / "w.pth")
    with pytest.raises(WeightsError):
        load_state("squeezenet", tmp_path / "w.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), "text"], ids=["a list", "a tensor", "a text"])
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="no file of weights"):
        load_state("squeezenet", tmp_path / "w.pth")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(99), b"<html>404</html>" * 9])
def test_a_file_that_is_no_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(WeightsError, match="no file of weights"):
        load_state("vgg19", tmp_path / "w.pth")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            load_state("vgg19", path)
        with pytest.raises(WeightsError, match="cannot be read"):
            identify(path)


def test_the_weights_of_another_network_are_named(state: State, tmp_path: Path) -> None:
    save_file(prefixed(state), tmp_path / "w.safetensors")
    with pytest.raises(
        WeightsError, match=r"features\.0\.weight has shape \(96, 3, 7, 7\) instead of \(64, 3"
    ) as caught:
        load_state("vgg19", tmp_path / "w.safetensors")
    assert "--backbone squeezenet" in caught.value.hint


def test_a_missing_parameter_is_named(state: State, tmp_path: Path) -> None:
    rest = {key: value for key, value in prefixed(state).items() if key != "features.12.squeeze.bias"}
    save_file(rest, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"features\.12\.squeeze\.bias is missing"):
        load_state("squeezenet", tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="none of vgg19"):
        identify(tmp_path / "w.safetensors")


def test_a_value_that_is_no_number_is_refused(state: State, tmp_path: Path) -> None:
    broken = {key: value.clone() for key, value in state.items()}
    broken["3.squeeze.weight"][0, 0, 0, 0] = float("nan")
    save_file(broken, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="finite"):
        load_state("squeezenet", tmp_path / "w.safetensors")
