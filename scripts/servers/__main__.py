"""Real servers without Docker.

python -m scripts.servers install   put them on this machine; with --all, or where CI is set, also what tests deploy/
python -m scripts.servers start     start Kafka, Redis and S3 in the background, and say how to use them
python -m scripts.servers stop      stop them; their data stays
"""

import argparse
import os
import sys

from scripts.servers.install import install
from scripts.servers.process import Failed, Missing
from scripts.servers.stack import RUN, Stack


def main() -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("install", "start", "stop"))
    parser.add_argument("--all", action="store_true", help="install Docker's compose plugin and Caddy too")
    given = parser.parse_args()
    if given.action == "install":
        for complaint in install(everything=given.all or bool(os.environ.get("CI"))):
            print(complaint, file=sys.stderr)
        return 0
    return _start() if given.action == "start" else _stop()


def _start() -> int:
    stack = Stack()
    try:
        stack.start()
    except (Missing, Failed) as error:
        print(error, file=sys.stderr)
        return 1
    print(stack.instructions())
    return 0


def _stop() -> int:
    if RUN.exists():
        Stack().stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
