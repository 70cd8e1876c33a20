"""``clean_room.py TREE MODULES PROGRAM ARGUMENTS...``: run a program where only TREE holds code of the project.

MODULES, with commas, are refused as if they were not installed. Run with ``python -I``.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class Absent(MetaPathFinder):
    """Finds nothing of what is not there."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Refuse what is absent; leave the rest to the others."""
        if name.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named {name!r} in this image", name=name)
        return None


def main() -> None:
    """Run the program as ``__main__`` with its own arguments."""
    tree, absent, program, *arguments = sys.argv[1:]
    sys.path[:] = [tree, *(entry for entry in sys.path if not (Path(entry) / "pyproject.toml").exists())]
    own = {path.name for path in Path(tree).iterdir()}
    sys.meta_path.insert(0, Absent(frozenset(absent.split(",")) - own))
    # An editable install has a finder or a path of its own, and would show the clone's modules.
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
    sys.argv[:] = ["program", *arguments]
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
