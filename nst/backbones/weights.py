"""Where the trained weights are kept, and the one function that fetches them.

Nothing else in this project downloads anything, and nothing downloads unasked. torch is loaded on use only.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError

from platformdirs import user_cache_path

from nst.errors import WeightsError

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

#: The backbones that have weights.
NAMES = ("vgg19", "vgg16", "squeezenet")


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """What is known of one backbone's weights on this machine."""

    name: str
    path: Path  # where they are, or would be
    size_bytes: int  # 0 when absent
    sha256: str  # of the values, as recorded when they were fetched; empty when absent or unknown
    problem: str  # what is wrong with the file; empty when nothing is

    @property
    def present(self) -> bool:
        """Whether there is a file, sound or not."""
        return self.size_bytes > 0


def weights_folder() -> Path:
    """``NST_WEIGHTS_DIR``, or ``nst/weights`` in the user's cache folder; it need not exist."""
    chosen = os.environ.get("NST_WEIGHTS_DIR")
    return Path(chosen).expanduser() if chosen else user_cache_path("nst", appauthor=False) / "weights"


def stored_path(name: str) -> Path:
    """Where the weights of a backbone are, or would be.

    Raises:
        WeightsError: this backbone has no weights.
    """
    if name not in NAMES:
        raise WeightsError(f"there are no weights for {name!r}", hint=f"Trained backbones: {', '.join(NAMES)}.")
    return weights_folder() / f"{name}.safetensors"


def find(name: str) -> Path | None:
    """The stored weights of a backbone, if there are any; they are not read."""
    path = stored_path(name)
    return path if path.is_file() else None


def require(name: str) -> Path:
    """The stored weights of a backbone.

    Raises:
        WeightsError: there are none; the hint says how to get them.
    """
    path = stored_path(name)
    if not path.is_file():
        raise WeightsError(f"{name} needs trained weights, and there are none at {path}", hint=_how_to_get(name))
    return path


def available() -> list[StoredWeights]:
    """Every trained backbone's weights on this machine, each present file read and checked."""
    return [_inspected(name) for name in NAMES]


def fetch(
    name: str, *, progress: bool = True, source: "WeightsEnum | None" = None, timeout_seconds: float = 10
) -> Path:
    """Fetch a backbone's ImageNet weights through torchvision, check their hash, and keep the convolutions.

    Weights that are stored and sound are left as they are.

    Args:
        name: a trained backbone.
        progress: show torch.hub's progress bar on stderr.
        source: fetched instead of torchvision's own weights for this network.
        timeout_seconds: how long the other side may be silent before the network counts as down.

    Returns:
        The stored safetensors file.

    Raises:
        WeightsError: no network, a wrong hash, weights of another network, or a folder that cannot be written.
    """
    path = stored_path(name)
    found = _inspected(name)
    if found.present and not found.problem:
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".fetch-") as scratch:
            _store(name, _download(name, source, Path(scratch), progress, timeout_seconds), path)
    except OSError as error:
        raise WeightsError(
            f"the weights of {name} cannot be written to {path.parent}: {error.strerror}",
            hint="Free some space there, or set NST_WEIGHTS_DIR to a folder you may write to.",
        ) from error
    return path


def _store(name: str, values: dict[str, Any], path: Path) -> None:
    from nst.backbones.states import fitted, save_state

    save_state(name, fitted(name, values, f"the download for {name}"), path)


def _download(
    name: str, source: "WeightsEnum | None", folder: Path, progress: bool, timeout_seconds: float
) -> dict[str, Any]:
    from nst.backbones.states import published

    source = source or published(name)
    try:
        with _silence_limit(timeout_seconds), redirect_stdout(sys.stderr):  # torch.hub announces itself on stdout
            values: dict[str, Any] = source.get_state_dict(
                progress=progress, check_hash=True, model_dir=str(folder), map_location="cpu", weights_only=True
            )
            return values
    except HTTPError as error:
        error.close()  # it is the open answer as well
        raise WeightsError(f"{source.url} cannot be fetched: {error}", hint=_by_hand(name)) from error
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise WeightsError(f"{source.url} cannot be fetched: {reason}", hint=_by_hand(name)) from error
    except (RuntimeError, UnpicklingError) as error:
        raise WeightsError(f"{source.url} was refused: {error}", hint="Try again; nothing was kept.") from error


@contextmanager
def _silence_limit(seconds: float) -> Iterator[None]:
    """torch.hub sets no timeout of its own, and would wait for ever for an answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _inspected(name: str) -> StoredWeights:
    path = stored_path(name)
    if not path.is_file():
        return StoredWeights(name, path, 0, "", "")
    from nst.backbones.states import load_state, recorded_digest

    size = path.stat().st_size
    try:
        sha256 = recorded_digest(path)
        load_state(name, path)
    except WeightsError as error:
        return StoredWeights(name, path, size, "", str(error))
    return StoredWeights(name, path, size, sha256, "")


def _how_to_get(name: str) -> str:
    from nst.backbones.states import published_file

    file_name, sha256 = published_file(name)
    return (
        f"Run `nst weights fetch {name}`, or give torchvision's {file_name} (sha256 {sha256}...) as --weights FILE, "
        "or use --backbone wavelet, which needs none."
    )


def _by_hand(name: str) -> str:
    from nst.backbones.states import published_file

    file_name, sha256 = published_file(name)
    return (
        f"Check the network; or download {file_name} (sha256 {sha256}...) on another machine and give it as "
        "--weights FILE; --backbone wavelet needs no weights."
    )
