"""A GPU for this worker alone, where the machine has any.

Workers that are scaled by a number are all started alike, and each sees every GPU; so each reserves one in the store,
by its UUID, which is the same from inside every container. Its child then sees that one and no other. Where all are
taken the worker waits: two engines on one GPU would run out of memory. That also holds where there is only one: of two
workers the second waits, and takes over when the first ends. Who wants a GPU to be shared names it (``cuda:0``).

A store that lost its data, or was away for longer than a reservation lasts, may give the GPU to one who waits. Then
``held`` is False, and whoever had it must leave it.
"""

import os
import subprocess
from collections.abc import Callable, Mapping

from jobs.ports import JobStore
from jobs.telemetry import logger

VISIBLE = "CUDA_VISIBLE_DEVICES"

_LEASE_SECONDS = 30.0
RENEW_SECONDS = _LEASE_SECONDS / 10
_ASK_SECONDS = 30.0
_ASK = ("nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader")
_ANY = ("auto", "cuda")  # of ``NST_DEVICE``: whoever names one by its number has chosen already


class Gpu:
    """The GPU of one worker.

    Args:
        store: where it is reserved.
        holder: the worker's id.
        device: ``Settings.device``.
        environment: of the process; its child inherits it.
        list_gpus: the UUIDs that this process may use.
    """

    def __init__(
        self,
        store: JobStore,
        holder: str,
        device: str,
        environment: Mapping[str, str] | None = None,
        list_gpus: Callable[[Mapping[str, str]], tuple[str, ...]] | None = None,
    ) -> None:
        self._store, self._holder = store, holder
        self._environment = os.environ if environment is None else environment
        self._list = list_gpus or visible_gpus
        self._choice: tuple[str, ...] | None = None if device in _ANY else ()
        self._mine = ""
        self._waiting = False

    def take(self) -> bool:
        """Whether work may begin: a GPU is reserved and shown to the child, or there is none to choose.

        Raises:
            Unavailable: the store cannot be reached.
        """
        if self._choice is None:
            self._choice = self._list(self._environment)
        if self.held:
            return True
        for uuid in self._choice:
            if self._reserved(uuid):
                self._mine, self._waiting = uuid, False
                os.environ[VISIBLE] = uuid
                logger(__name__).info("a GPU is reserved", gpu=uuid)
                return True
        if not self._waiting:
            self._waiting = True
            logger(__name__).warning("every GPU has its worker; this one waits until one is free", gpus=self._choice)
        return False

    @property
    def held(self) -> bool:
        """Whether work may go on: the GPU is this worker's, or there is none to choose."""
        return bool(self._mine) or self._choice == ()

    def keep(self) -> None:
        """Renew the reservation, at least every ``RENEW_SECONDS``; raises Unavailable.

        Where another worker has it by now, ``held`` is False afterwards.
        """
        if self._mine and not self._reserved(self._mine):
            logger(__name__).error("another worker has reserved this worker's GPU; it is left to it", gpu=self._mine)
            self._mine = ""

    def free(self) -> None:
        """Give it up; raises Unavailable."""
        if self._mine:
            self._store.free(_name(self._mine), self._holder)
            self._mine = ""

    def _reserved(self, uuid: str) -> bool:
        return self._store.reserve(_name(uuid), self._holder, _LEASE_SECONDS)


def visible_gpus(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The UUIDs of the GPUs that CUDA would show to a process with these variables; none where there is no driver."""
    try:
        asked = subprocess.run(_ASK, capture_output=True, text=True, check=True, timeout=_ASK_SECONDS, env=environment)
    except (OSError, subprocess.SubprocessError):
        return ()
    lines = (line.split(",", 1) for line in asked.stdout.splitlines() if "," in line)
    found = {index.strip(): uuid.strip() for index, uuid in lines}
    chosen = environment.get(VISIBLE)
    return tuple(found.values()) if chosen is None else _chosen(found, chosen)


def _chosen(found: Mapping[str, str], chosen: str) -> tuple[str, ...]:
    """Those that the variable names, by number or by the beginning of a UUID; CUDA stops at what it does not know."""
    uuids: list[str] = []
    for word in (word.strip() for word in chosen.split(",")):
        named = found.get(word) or next((uuid for uuid in found.values() if word and uuid.startswith(word)), None)
        if named is None:
            break
        uuids.append(named)
    return tuple(uuids)


def _name(uuid: str) -> str:
    return f"gpu:{uuid}"
