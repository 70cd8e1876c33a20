"""Where weights are kept, and fetching them from a real server on this machine."""

import contextlib
import hashlib
import os
import socket
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from torchvision.models import Weights, WeightsEnum

from nst.backbones import weights
from nst.backbones.states import State, digest, load_state, random_state, save_state
from nst.errors import WeightsError


@pytest.fixture(scope="module")
def state() -> State:
    return random_state("squeezenet")


def prefixed(state: State, prefix: str = "features.") -> State:
    return {prefix + key: value for key, value in state.items()}


def assert_equal_states(found: State, expected: State) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)


# Where weights are kept


def test_the_folder_is_the_one_that_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NST_WEIGHTS_DIR", str(tmp_path / "mine"))
    assert weights.weights_folder() == tmp_path / "mine"
    assert not (tmp_path / "mine").exists()


@pytest.mark.skipif(os.name != "posix", reason="other systems have other cache folders")
def test_the_folder_is_in_the_user_s_cache_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NST_WEIGHTS_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights.weights_folder() == tmp_path / "nst" / "weights"


def test_absent_weights_are_not_found_and_the_error_says_how_to_get_them() -> None:
    assert weights.find("vgg19") is None
    with pytest.raises(WeightsError, match=r"vgg19\.safetensors") as caught:
        weights.require("vgg19")
    for expected in ("nst weights fetch vgg19", "--weights FILE", "vgg19-dcbb9e9d.pth", "sha256 dcbb9e9d", "wavelet"):
        assert expected in caught.value.hint


def test_wavelet_has_no_weights_to_find() -> None:
    with pytest.raises(WeightsError, match="wavelet") as caught:
        weights.find("wavelet")
    assert "vgg19" in caught.value.hint


def test_the_list_tells_sound_damaged_and_absent_weights_apart(state: State) -> None:
    folder = weights.weights_folder()
    folder.mkdir(parents=True)
    save_state("squeezenet", state, folder / "squeezenet.safetensors")
    (folder / "vgg16.safetensors").write_bytes(b"not weights")
    listed = {entry.name: entry for entry in weights.available()}
    assert list(listed) == list(weights.NAMES)
    assert listed["squeezenet"].present
    assert listed["squeezenet"].problem == ""
    assert listed["squeezenet"].sha256 == digest(state)
    assert listed["squeezenet"].size_bytes == (folder / "squeezenet.safetensors").stat().st_size
    assert "damaged" in listed["vgg16"].problem
    assert not listed["vgg19"].present


# Fetching


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Tests keep quiet."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which a server on this machine offers it."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def source(url: str) -> WeightsEnum:
    """torchvision's kind of weights, at another address."""
    members = {"IMAGENET1K_V1": Weights(url=url, transforms=torch.nn.Identity, meta={})}
    return WeightsEnum("TestWeights", members)["IMAGENET1K_V1"]


def offered(folder: Path, state: State) -> str:
    """The name of a state dict put in a folder, which carries its hash as torchvision's names do."""
    torch.save({**prefixed(state), "classifier.1.weight": torch.zeros(10)}, folder / "new.pth")
    sha256 = hashlib.sha256((folder / "new.pth").read_bytes()).hexdigest()
    return (folder / "new.pth").rename(folder / f"squeezenet1_0-{sha256[:8]}.pth").name


def test_fetched_weights_are_checked_and_stored_without_the_classifier(
    state: State, served: tuple[Path, str], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, address = served
    name = offered(folder, state)
    path = weights.fetch("squeezenet", source=source(f"{address}/{name}"))
    assert path == weights.find("squeezenet") == weights.weights_folder() / "squeezenet.safetensors"
    assert_equal_states(load_state("squeezenet", path), state)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    out, err = capfd.readouterr()
    assert out == ""
    assert "100%" in err  # torch.hub's progress bar


def test_weights_that_are_stored_and_sound_are_not_fetched_again(state: State, served: tuple[Path, str]) -> None:
    folder, address = served
    name = offered(folder, state)
    path = weights.fetch("squeezenet", source=source(f"{address}/{name}"), progress=False)
    (folder / name).unlink()
    before = path.stat()
    assert weights.fetch("squeezenet", source=source(f"{address}/{name}")) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_damaged_weights_are_fetched_again(state: State, served: tuple[Path, str]) -> None:
    folder, address = served
    path = weights.stored_path("squeezenet")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")
    weights.fetch("squeezenet", source=source(f"{address}/{offered(folder, state)}"), progress=False)
    assert_equal_states(load_state("squeezenet", path), state)


def nothing_is_kept() -> bool:
    folder = weights.weights_folder()
    return not folder.exists() or not list(folder.iterdir())


def test_a_download_with_a_wrong_hash_is_refused(state: State, served: tuple[Path, str]) -> None:
    folder, address = served
    (folder / offered(folder, state)).rename(folder / "squeezenet1_0-00000000.pth")
    with pytest.raises(WeightsError, match='expected "00000000"'):
        weights.fetch("squeezenet", source=source(f"{address}/squeezenet1_0-00000000.pth"), progress=False)
    assert nothing_is_kept()


def test_a_download_of_another_network_is_refused(state: State, served: tuple[Path, str]) -> None:
    folder, address = served
    with pytest.raises(WeightsError, match="the download for vgg19 does not hold the weights of vgg19"):
        weights.fetch("vgg19", source=source(f"{address}/{offered(folder, state)}"), progress=False)
    assert nothing_is_kept()


def test_a_download_that_is_not_there_is_one_error(served: tuple[Path, str]) -> None:
    with pytest.raises(WeightsError, match="404"):
        weights.fetch("squeezenet", source=source(f"{served[1]}/squeezenet1_0-00000000.pth"))
    assert nothing_is_kept()


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_without_a_network_one_error_says_what_to_do() -> None:
    url = f"http://127.0.0.1:{unused_port()}/squeezenet1_0-00000000.pth"
    with pytest.raises(WeightsError, match="cannot be fetched") as caught:
        weights.fetch("squeezenet", source=source(url))
    assert url in str(caught.value)
    for expected in ("squeezenet1_0-b66bff10.pth", "b66bff10", "--weights FILE", "wavelet"):
        assert expected in caught.value.hint
    assert nothing_is_kept()


def test_a_server_that_never_answers_is_given_up() -> None:
    before = socket.getdefaulttimeout()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/squeezenet1_0-00000000.pth"
        with pytest.raises(WeightsError, match="timed out"):
            weights.fetch("squeezenet", source=source(url), timeout_seconds=0.2)
    assert socket.getdefaulttimeout() == before


def test_a_folder_that_cannot_be_written_is_one_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NST_WEIGHTS_DIR", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="cannot be written") as caught:
        weights.fetch("squeezenet")
    assert "NST_WEIGHTS_DIR" in caught.value.hint


def test_a_network_without_weights_cannot_be_fetched() -> None:
    with pytest.raises(WeightsError, match="wavelet"):
        weights.fetch("wavelet")
