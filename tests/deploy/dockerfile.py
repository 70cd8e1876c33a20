"""A Dockerfile as its tests read it: its stages, and the tree of files that COPY makes."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """Its arguments without options such as ``--from=``."""
        return [word for word in self.rest.split() if not word.startswith("--")]

    @property
    def source_stage(self) -> str:
        """The stage that a COPY takes from; empty for the context."""
        found = re.search(r"--from=(\S+)", self.rest)
        return found[1] if found else ""

    @property
    def array(self) -> list[str]:
        """The JSON array of a CMD or ENTRYPOINT."""
        return [str(word) for word in json.loads(self.rest[self.rest.index("[") :])]


@dataclass(slots=True)
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def last(self, word: str) -> Step:
        """The last instruction of this kind."""
        return [step for step in self.steps if step.word == word][-1]

    @property
    def environment(self) -> dict[str, str]:
        """What its ENV instructions set."""
        pairs = (pair for step in self.steps if step.word == "ENV" for pair in step.rest.split())
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def stages(file: Path) -> list[Stage]:
    """The stages in order; lines that are continued are joined."""
    found: list[Stage] = []
    for step in _steps(file.read_text(encoding="utf-8")):
        if step.word == "FROM":
            base, _, name = step.rest.partition(" AS ")
            found.append(Stage(base, name))
        elif found:
            found[-1].steps.append(step)
    return found


def _steps(text: str) -> Iterator[Step]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield Step(word, rest.strip())


class Context:
    """The files that a build may see: a folder without what its ``.dockerignore`` keeps out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lines = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
        self._rules = [line for line in lines if line and not line.startswith("#")]

    def sees(self, path: Path) -> bool:
        """Whether the build sees this file: the last rule that speaks of it or of a folder around it decides."""
        relative = PurePosixPath(path.relative_to(self.folder).as_posix())
        around = [str(relative), *(str(parent) for parent in relative.parents if str(parent) != ".")]
        visible = True
        for rule in self._rules:
            pattern = rule.removeprefix("!")
            if any(_matches(name, pattern) for name in around):
                visible = rule.startswith("!")
        return visible

    def files(self, source: str) -> list[Path]:
        """The files that ``COPY source`` takes."""
        start = self.folder / source
        found = [start] if start.is_file() else [path for path in start.rglob("*") if path.is_file()]
        return [path for path in found if self.sees(path)]


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch(PurePosixPath(name).name, pattern[3:])
    return name.count("/") == pattern.count("/") and fnmatch(name, pattern)


def replay(stage: Stage, context: Context, root: Path) -> Path:
    """Do the WORKDIR and COPY of a stage in a folder; the last working directory. Other stages' files are left out."""
    here = root
    for step in stage.steps:
        if step.word == "WORKDIR":
            here = root / step.rest.lstrip("/")
            here.mkdir(parents=True, exist_ok=True)
        elif step.word == "COPY" and not step.source_stage:
            *sources, target = step.words
            for source in sources:
                _copy(context, source, _placed(root, here, target), folder=target.endswith("/"))
    return here


def _placed(root: Path, here: Path, target: str) -> Path:
    return root / target.lstrip("/") if target.startswith("/") else here / target


def _copy(context: Context, source: str, target: Path, *, folder: bool) -> None:
    start = context.folder / source
    for file in context.files(source):
        name = file.relative_to(start) if start.is_dir() else Path(file.name if folder else "")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / name)
