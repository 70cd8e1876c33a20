"""A run in the middle, as bytes: safetensors, so that reading one can run no code, and a seal over them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from nst.errors import CheckpointError
from nst.images import Picture
from nst.options import StyleOptions
from nst.schedule import PLATEAU_ITERATIONS

_VERSION = "1"
_SEAL = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run stands.

    Attributes:
        scale: number of the scale, from 0.
        iteration: accepted iterations in all.
        done: accepted iterations of this scale.
        evaluations: of the scales before this one.
        elapsed_seconds: time spent optimising.
        losses: the last few of this scale, for the plateau rule.
    """

    scale: int = 0
    iteration: int = 0
    done: int = 0
    evaluations: int = 0
    elapsed_seconds: float = 0.0
    losses: tuple[float, ...] = ()

    def entering(self, scale: int, evaluations: int) -> "Position":
        """At the start of a scale, so many evaluations after the start of the one before."""
        return replace(self, scale=scale, done=0, evaluations=self.evaluations + evaluations, losses=())

    def after(self, seconds: float, loss: float) -> "Position":
        """One accepted iteration later."""
        return replace(
            self,
            iteration=self.iteration + 1,
            done=self.done + 1,
            elapsed_seconds=self.elapsed_seconds + seconds,
            losses=(*self.losses, loss)[-1 - PLATEAU_ITERATIONS :],
        )


def fingerprint(content: Picture, styles: Sequence[Picture], options: StyleOptions, backbone: str) -> str:
    """Names the run a checkpoint belongs to; frames are no part of it, so that they may be asked for later."""
    facts = {**options.to_dict(), "backbone": backbone, "save_every": None}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for picture in (content, *styles):
        digest.update(picture.digest().encode())
    return digest.hexdigest()


def pack(run: str, position: Position, state: Mapping[str, Tensor]) -> bytes:
    """The bytes of a checkpoint."""
    metadata = {"nst_checkpoint": _VERSION, "run": run, "position": json.dumps(asdict(position))}
    body = save({name: tensor.contiguous() for name, tensor in state.items()}, metadata)
    return body + hashlib.sha256(body).digest()


def unpack(data: bytes, run: str) -> tuple[Position, dict[str, Tensor]]:
    """What ``pack`` was given.

    Raises:
        CheckpointError: the bytes are damaged, or belong to another run.
    """
    try:
        body = _unsealed(data)
        metadata = _metadata(body)
        position = json.loads(metadata["position"])
        state = load(body)
        found = Position(**{**position, "losses": tuple(position["losses"])})
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"the checkpoint is damaged ({error})", hint="Start the run anew.") from error
    if metadata.get("nst_checkpoint") != _VERSION or metadata.get("run") != run:
        raise CheckpointError(
            "the checkpoint belongs to another run: its pictures, options or backbone differ",
            hint="Resume with what the run was started with, or start anew.",
        )
    return found, state


def _unsealed(data: bytes) -> bytes:
    """The bytes before the seal; safetensors itself would not notice a wrong digit in a tensor."""
    body, seal = data[:-_SEAL], data[-_SEAL:]
    if hashlib.sha256(body).digest() != seal:
        raise ValueError("its checksum is wrong")
    return body


def _metadata(data: bytes) -> dict[str, str]:
    """The metadata of safetensors bytes: a length, then that much JSON."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata: dict[str, str] = header["__metadata__"]
    return metadata
