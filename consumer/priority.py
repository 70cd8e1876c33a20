"""Who has the processor first: the API, because people notice a slow page before a slow painting."""

import os
from contextlib import suppress

_NICENESS = 10


def give_way(priority: str) -> None:
    """Step back behind the other processes of this machine, this thread and those that it will start.

    ``low`` is niced. ``idle`` runs only where nobody else wants to: uploads are taken some 50 ms sooner then, because
    Linux treats a core that only idles as free, but on a busy machine a painting may stand still.
    """
    with suppress(OSError):
        if priority == "low":
            os.nice(_NICENESS)
        elif priority == "idle" and hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
