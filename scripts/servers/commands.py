"""Programs that are run to install others, and what is said when they fail."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_TAIL_CHARACTERS = 300


class Refused(Exception):
    """Something cannot be had; the message says why, and what to do."""


def output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command prints, on both channels; nothing where it does not exist."""
    try:
        return _finished(command, environment, None).stdout
    except OSError:
        return ""


def run(
    wanted: str, command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """Run a command to its end; what it prints.

    Args:
        wanted: what is to be installed, for people.
        environment: beside that of this process.
        folder: where it runs; here by default.

    Raises:
        Refused: it fails; the message ends with what it printed last.
    """
    done = _finished(command, environment, folder)
    if done.returncode:
        said = " ".join(done.stdout.split())[-_TAIL_CHARACTERS:]
        raise Refused(f"{wanted} is not installed: {Path(command[0]).name} ended with {done.returncode}: {said}")
    return done.stdout


def _finished(
    command: Sequence[str], environment: Mapping[str, str] | None, folder: Path | None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )
