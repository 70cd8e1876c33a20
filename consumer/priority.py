"""Who has the processor first: the API, because people notice a slow page before a slow painting."""

import ctypes
import os
import platform
import struct
from contextlib import suppress

_NICENESS = 10
_SLICE_NANOSECONDS = 100_000  # the least that Linux takes
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # system call numbers
_ATTRIBUTES = "IIQiIQQQ"  # struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period


def give_way(priority: str) -> None:
    """Step back behind the other processes of this machine, this thread and those that it will start.

    ``low`` is niced, and has short turns where Linux lets it (6.12): by itself it runs every turn of some 3 ms to its
    end, and an upload, which wakes the API for every few packets, pays that again and again. ``idle`` runs only where
    nobody else wants to: on a busy machine, hardly ever.
    """
    with suppress(OSError):
        if priority == "low":
            os.nice(_NICENESS)
            _shorten_turns()
        elif priority == "idle" and hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _shorten_turns() -> None:
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None or platform.system() != "Linux":
        return
    size = struct.calcsize(_ATTRIBUTES)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = struct.pack(_ATTRIBUTES, size, os.SCHED_OTHER, 0, niceness, 0, _SLICE_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)  # an older kernel ignores the slice, or refuses: no harm
