"""Processes that the one-machine launcher starts end with it, however it ends."""

import ctypes
import os
import signal
import sys
import threading
import time

#: Set by the launcher in the environment of what it starts: its process id.
VARIABLE = "NST_LAUNCHER_PID"

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_launcher() -> None:
    """Send this process SIGTERM when the launcher that started it is gone; nothing where there was none."""
    launcher = os.environ.get(VARIABLE)
    if launcher is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(launcher):  # it went before we asked
            os.kill(os.getpid(), signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(int(launcher),), name="lifeline", daemon=True).start()


def _watch(launcher: int) -> None:
    while os.getppid() == launcher:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
