"""Print constraints.txt: the newest release of everything that nst and its extras need, resolved but not installed.

    python scripts/constraints.py > constraints.txt

Versions only: no addresses, and no local builds such as ``+cpu``, so that the file serves every platform and index.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = "engine,cli,service,distributed,otel,dev"
HEADER = "# Exact versions of everything the extras install. Written by `make constraints`; do not edit."


def main() -> None:
    """Resolve the extras with pip and print the versions."""
    print(HEADER, *versions(_resolve()), sep="\n")


def versions(metadata: Iterable[Mapping[str, Any]]) -> list[str]:
    """``name==version`` of every distribution but this project, sorted by name."""
    found = {item["name"].lower().replace("_", "-"): item["version"].partition("+")[0] for item in metadata}
    found.pop("neural-style-transfer", None)
    return [f"{name}=={found[name]}" for name in sorted(found)]


def _resolve() -> list[Mapping[str, Any]]:
    """The metadata of all that ``pip install .[extras]`` would bring into an empty environment."""
    command = ("pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-", f"{ROOT}[{EXTRAS}]")
    answer = subprocess.run((sys.executable, "-m", *command), stdout=subprocess.PIPE, check=True)
    return [item["metadata"] for item in json.loads(answer.stdout)["install"]]


if __name__ == "__main__":
    main()
