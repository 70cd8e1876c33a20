"""Prints what the project asks for with the extras that are named, one requirement to a line.

The images install these before the code is there, so that a change of the code does not install everything anew.
"""

import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def requirements(project: dict[str, Any], extras: Iterable[str]) -> list[str]:
    """Of a ``[project]`` table. Raises ``KeyError``: it has no such extra."""
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


if __name__ == "__main__":
    print(*requirements(tomllib.loads(Path("pyproject.toml").read_text())["project"], sys.argv[1:]), sep="\n")
