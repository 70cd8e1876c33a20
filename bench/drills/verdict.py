"""What a drill found: promises, and whether they were kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.report import RESULTS, machine, shown


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that must hold, with what was seen."""

    what: str
    kept: bool
    seen: str
    timed: bool = False  #: depends on how quick the machine is, so that no test asserts it


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one drill."""

    name: str
    title: str
    promises: tuple[Promise, ...]
    figures: Mapping[str, Any]

    @property
    def broken(self) -> list[Promise]:
        """What was not kept, but for what a slow machine may break."""
        return [promise for promise in self.promises if not promise.kept and not promise.timed]

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return all(promise.kept for promise in self.promises)

    def text(self) -> str:
        """For the screen."""
        lines = [f"\n{self.name}: {self.title}\n"]
        lines += [f"  {'kept  ' if each.kept else 'BROKEN'}  {each.what}: {each.seen}" for each in self.promises]
        lines += [f"          {name}: {shown(value)}" for name, value in self.figures.items()]
        return "\n".join([*lines, f"\n  {'PASSED' if self.kept else 'FAILED'}\n"])

    def write(self) -> None:
        """Keep it among the results, with the machine it was seen on."""
        folder = RESULTS / "drills"
        folder.mkdir(parents=True, exist_ok=True)
        promises = [{"what": each.what, "kept": each.kept, "seen": each.seen} for each in self.promises]
        facts = {"title": self.title, "machine": machine(), "promises": promises, "figures": dict(self.figures)}
        (folder / f"{self.name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def none(what: str, found: object) -> Promise:
    """There must be nothing of this; ``found`` is a number or a collection."""
    count = found if isinstance(found, int) else len(found)  # type: ignore[arg-type]
    return Promise(what, count == 0, f"{count}")


def most(what: str, value: float, limit: float, unit: str = "") -> Promise:
    """It must be no more than the limit."""
    return Promise(what, value <= limit, f"{value:.3g}{unit}, at most {limit:g}{unit}", timed=bool(unit))


def least(what: str, value: float, limit: float, unit: str = "") -> Promise:
    """It must be no less than the limit."""
    return Promise(what, value >= limit, f"{value:.3g}{unit}, at least {limit:g}{unit}", timed=bool(unit))


def same(what: str, found: object, expected: object) -> Promise:
    """It must be exactly this."""
    return Promise(what, found == expected, f"{found}" + ("" if found == expected else f", expected {expected}"))
