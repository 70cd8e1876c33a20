"""Runs one server and ends it when its owner ends, however that comes about.

    python keeper.py OWNER PID_FILE COMMAND...

OWNER is a process id; 0 is nobody, and the server outlives everything. PID_FILE gets the server's id and the moment
that it began, which tells it from a later process of the same id. A file of its own without an import of ours: it
starts at once.
"""

import os
import select
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the command; its exit status."""
    owner, pid_file, command = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    # The kernel kills the server when this process is killed; setpriv becomes the server and keeps its id.
    server = subprocess.Popen(("setpriv", "--pdeathsig", "KILL", *command), stdin=subprocess.DEVNULL)
    _write(pid_file, f"{server.pid} {_began(server.pid)}")
    _await_end(server.pid, owner)
    if server.poll() is None:
        server.kill()
    return server.wait()


def _write(file: Path, text: str) -> None:
    """In one step, for readers who look at any moment."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def _began(pid: int) -> str:
    """When the process began, in the kernel's ticks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _await_end(server: int, owner: int) -> None:
    """Return when one of the two has ended."""
    try:
        ends = [os.pidfd_open(pid) for pid in (server, owner) if pid]
    except ProcessLookupError:
        return
    select.select(ends, [], [])


if __name__ == "__main__":
    sys.exit(main())
