"""Where the tensors live."""

import torch

from nst.errors import DeviceError, NstError
from nst.events import Scale

_KINDS = ("cpu", "cuda", "mps")


def find_device(name: str = "auto") -> torch.device:
    """The device called ``name``: auto (a CUDA GPU where there is one, else cpu), cpu, cuda, cuda:N, mps.

    Raises:
        DeviceError: there is no such device here.
    """
    if name == "auto":
        return torch.device(_best())
    if name.partition(":")[0] not in _KINDS:  # torch knows a dozen more, one of which (meta) holds no numbers
        raise DeviceError(f"there is no device {name!r}", hint="Use auto, cpu, cuda, cuda:1 or mps.")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DeviceError(
            f"there is no device {name!r} here ({reason})", hint="Use cpu, or leave it at auto."
        ) from error
    return device


def _best() -> str:
    # Not mps: the optimisers sum in float64, which Apple's GPUs do not have.
    return "cuda" if torch.cuda.is_available() else "cpu"


def out_of_memory(error: RuntimeError, scale: Scale) -> NstError:
    """The typed error for a device that ran out of memory; any other error is raised again."""
    if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
        raise error
    return DeviceError(
        f"the device is out of memory at {scale.width} x {scale.height} pixels",
        hint="Choose a smaller size, a shorter history, or another device.",
    )
