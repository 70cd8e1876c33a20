"""docker-compose.yml as its tests read it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SIGN_IN = ROOT / "deploy/compose/sign-in.yml"


class _Loader(yaml.SafeLoader):
    """Knows ``!reset``, with which one compose file takes away what another has."""


_Loader.add_constructor("!reset", lambda loader, node: [])


@dataclass(frozen=True, slots=True)
class Service:
    """One service, with what its anchors bring."""

    name: str
    facts: Mapping[str, Any]

    @property
    def profiles(self) -> list[str]:
        """Empty where it always runs."""
        return list(self.facts.get("profiles", []))

    @property
    def runs_on(self) -> bool:
        """Whether it is meant to go on, and not to end when its work is done."""
        return bool(self.facts["restart"] != "no")

    @property
    def environment(self) -> dict[str, str]:
        """Its variables, as they are written."""
        return dict(self.facts.get("environment", {}))

    @property
    def needs(self) -> dict[str, Mapping[str, Any]]:
        """The services that it waits for."""
        return dict(self.facts.get("depends_on", {}))

    @property
    def mounts(self) -> Iterator[tuple[str, str]]:
        """Source and target of what is mounted; an unnamed volume has no source."""
        for volume in self.facts.get("volumes", []):
            first, *rest = volume.split(":")
            yield (first, rest[0]) if rest else ("", first)


def read(file: Path = COMPOSE) -> dict[str, Any]:
    """A compose file with its anchors resolved."""
    document = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # a safe loader
    assert isinstance(document, dict)
    return document


def services(file: Path = COMPOSE) -> dict[str, Service]:
    """Its services by name."""
    return {name: Service(name, facts) for name, facts in read(file)["services"].items()}


def variables(file: Path) -> set[str]:
    """What it takes from the environment: ``${NAME...}``."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    return set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", "\n".join(lines)))
