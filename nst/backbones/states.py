"""The weights of the trained networks in memory and in files: read, checked, stored.

A state is the state dict of torchvision's ``features``, convolutions only, in float32: ``{"0.weight": Tensor}``.
"""

import hashlib
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import WeightsEnum, get_model, get_model_weights

from nst.errors import WeightsError

State = dict[str, Tensor]

#: The trained backbones, and what torchvision calls them.
MODELS: Mapping[str, str] = {"vgg19": "vgg19", "vgg16": "vgg16", "squeezenet": "squeezenet1_0"}

_PARAMETER = re.compile(r"(?:.*\bfeatures\.)?(\d+\.(?:\w+\.)?(?:weight|bias))")


def published(name: str) -> WeightsEnum:
    """torchvision's ImageNet weights for a backbone: their address, whose file name carries the first digits of the
    sha256."""
    weights: WeightsEnum = get_model_weights(MODELS[name])["IMAGENET1K_V1"]
    return weights


def published_file(name: str) -> tuple[str, str]:
    """File name and first digits of the sha256 of torchvision's download, such as vgg19-dcbb9e9d.pth and dcbb9e9d."""
    file_name = published(name).url.rpartition("/")[2]
    return file_name, file_name.rpartition("-")[2].partition(".")[0]


def architecture(name: str) -> nn.Sequential:
    """torchvision's ``features`` without values (on the meta device), so that the classifier never takes memory."""
    with torch.device("meta"):
        net: nn.Sequential = get_model(MODELS[name]).features
    return net


def built(name: str, state: Mapping[str, Tensor]) -> nn.Sequential:
    """torchvision's ``features`` holding the tensors of ``state``."""
    net = architecture(name)
    net.load_state_dict(state, assign=True)
    return net


def random_state(name: str, seed: int = 0) -> State:
    """Weights for measuring and testing without trained ones: normal, scaled after He et al. (arXiv 1502.01852)."""
    generator = torch.Generator().manual_seed(seed)
    return {
        key: torch.randn(shape, generator=generator) * (2 / shape[1:].numel()) ** 0.5
        if len(shape) > 1
        else torch.zeros(shape)
        for key, shape in _shapes(name).items()
    }


def load_state(name: str, path: Path) -> State:
    """The weights of backbone ``name`` from a torchvision state dict (.pth) or a safetensors file of any precision.

    A pickle is read as plain tensors only, never as code. A stored file is checked against the sha256 it carries, and a
    file that has torchvision's own name against the digits in that name.

    Raises:
        WeightsError: the file is missing, damaged, no weights, or of another network.
    """
    _check_published_hash(name, path)
    values, metadata = _read(path)
    state = fitted(name, values, str(path))
    if (expected := metadata.get("sha256")) and (found := digest(state)) != expected:
        raise WeightsError(
            f"{path} is damaged: its sha256 is {found}, but {expected} is expected",
            hint=f"Delete it and run `nst weights fetch {name}`.",
        )
    return state


def fitted(name: str, values: Mapping[str, Any], origin: str) -> State:
    """The convolutions of ``name`` out of what a file from ``origin`` holds.

    Raises:
        WeightsError: a parameter is missing, of another shape, or not finite.
    """
    state = _convolutions(values)
    if problem := _misfit(name, state):
        raise WeightsError(f"{origin} does not hold the weights of {name}: {problem}", hint=_suggestion(name, state))
    if not all(bool(value.isfinite().all()) for value in state.values()):
        raise WeightsError(f"{origin} is damaged: not all of its values are finite", hint="Copy or fetch it again.")
    return {key: state[key] for key in _shapes(name)}


def identify(path: Path) -> str:
    """The backbone whose weights a file holds.

    Raises:
        WeightsError: the file is missing, damaged, no weights, or of an unknown network.
    """
    state = _convolutions(_read(path)[0])
    for name in MODELS:
        if not _misfit(name, state):
            return name
    raise WeightsError(
        f"{path} holds the weights of none of {', '.join(MODELS)}", hint="Give a state dict of one of torchvision's."
    )


def save_state(name: str, state: State, path: Path) -> None:
    """Store a state as safetensors with torchvision's parameter names, all of it or nothing, and its sha256 inside.

    Raises:
        OSError: the file cannot be written.
    """
    metadata = {"backbone": name, "source": str(published(name)), "sha256": digest(state)}
    with TemporaryDirectory(dir=path.parent, prefix=".store-") as scratch:
        part = Path(scratch) / path.name
        save_file({f"features.{key}": value.contiguous() for key, value in state.items()}, part, metadata)
        part.replace(path)


def digest(state: Mapping[str, Tensor]) -> str:
    """The sha256 of a state: names, shapes and float32 values, in order of name."""
    sha256 = hashlib.sha256()
    for key in sorted(state):
        value = state[key].detach().to("cpu", torch.float32).contiguous()
        sha256.update(f"{key} {tuple(value.shape)}\n".encode())
        sha256.update(value.numpy().tobytes())
    return sha256.hexdigest()


def recorded_digest(path: Path) -> str:
    """The sha256 that a stored file says it has; empty if it says nothing.

    Raises:
        WeightsError: the file is missing, damaged or no weights.
    """
    return _read(path)[1].get("sha256", "")


def _shapes(name: str) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in architecture(name).state_dict().items()}


def _read(path: Path) -> tuple[Mapping[str, Any], dict[str, str]]:
    """Everything in a file of weights, and its metadata."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
        return _read_safetensors(path) if start[8:] == b"{" else (_read_pickle(path), {})
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}", hint="Check --weights.") from error
    except Exception as error:  # torch and safetensors answer damage with a dozen types, KeyError among them
        raise WeightsError(
            f"{path} is damaged, or no file of weights", hint="Copy or fetch it again; .pth and .safetensors are read."
        ) from error


def _read_safetensors(path: Path) -> tuple[Mapping[str, Any], dict[str, str]]:
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _read_pickle(path: Path) -> Mapping[str, Any]:
    # Mapping the file leaves the classifier, nine tenths of VGG, on the disk; the oldest format cannot be mapped.
    values = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    return dict(values.get("state_dict", values))


def _convolutions(values: Mapping[str, Any]) -> State:
    """The parameters of ``features``, under their short names, as float32 copies."""
    return {
        match[1]: value.to(torch.float32, copy=True)
        for key, value in values.items()
        if isinstance(value, Tensor) and (match := _PARAMETER.fullmatch(key))
    }


def _misfit(name: str, state: State) -> str:
    """What keeps a state from being that of ``name``; empty when nothing does."""
    for key, shape in _shapes(name).items():
        if key not in state:
            return f"features.{key} is missing"
        if state[key].shape != shape:
            return f"features.{key} has shape {tuple(state[key].shape)} instead of {tuple(shape)}"
    return ""


def _suggestion(name: str, state: State) -> str:
    for other in MODELS:
        if not _misfit(other, state):
            return f"It holds the weights of {other}: use --backbone {other}."
    return f"Give torchvision's {published_file(name)[0]}, or a safetensors file of its state dict."


def _check_published_hash(name: str, path: Path) -> None:
    file_name, expected = published_file(name)
    if path.name != file_name or not path.is_file():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(expected):
        raise WeightsError(
            f"{path} is damaged: its sha256 is {found}, but one that starts with {expected} is expected",
            hint="Copy or download it again.",
        )
