"""Put Kafka, Redis, an S3 server and Prometheus on this machine, as far as it lets us.

What Debian carries comes from Debian, where root can install it; Kafka and the S3 server go into ``.cache/servers`` of
this clone, and the caches of Maven and Go make the next clone quick. What is there is left alone, without a word.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.servers.commands import Refused, output, run
from scripts.servers.go_programs import install_caddy, install_compose, install_s3
from scripts.servers.kafka import ARCHIVE, JARS, KafkaServer
from scripts.servers.process import Failed, Missing

_POM = Path(__file__).with_name("pom.xml")
_LEAST_JAVA = 17
_POLICY = Path("/usr/sbin/policy-rc.d")
_MARK = "# Made by scripts/servers/install.py while it installs packages."


@dataclass(frozen=True, slots=True)
class _Program:
    """A program that Debian carries, in the first of the packages that is known there."""

    name: str
    packages: tuple[str, ...]
    there: Callable[[], bool]


def install(*, everything: bool = False) -> list[str]:
    """Install what is missing; a sentence for each thing that cannot be had.

    Args:
        everything: also the two programs that only the tests of ``deploy`` use, which take a minute each to build.
    """
    _remove_what_a_killed_one_left()
    _install_packages([program for program in _programs() if not program.there()])
    complaints = [
        f"{program.name} is not on this machine: install it (on Debian: apt-get install {program.packages[0]})."
        for program in _programs()
        if not program.there()
    ]
    steps = [_install_kafka, _quicken_kafka, install_s3]
    for step in [*steps, install_compose, install_caddy] if everything else steps:
        try:
            step()
        except Refused as refusal:
            complaints.append(str(refusal))
    return complaints


def _programs() -> tuple[_Program, ...]:
    java = _Program("Java 17", ("openjdk-17-jre-headless", "default-jre-headless"), _java_is_new_enough)
    others = {"mvn": "maven", "redis-server": "redis-server", "prometheus": "prometheus", "openssl": "openssl"}
    return java, *(_Program(name, (package,), _finder(name)) for name, package in others.items())


def _finder(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _java_is_new_enough() -> bool:
    found = re.search(r'version "(\d+)', output(("java", "-version")))
    return found is not None and int(found[1]) >= _LEAST_JAVA


def _install_packages(programs: Sequence[_Program]) -> None:
    if not programs or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"Installing the Debian packages {' '.join(program.packages[0] for program in programs)}", file=sys.stderr)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    output(("apt-get", "update", "-qq"), quiet)
    with _services_stay_off():
        for program in programs:
            for package in program.packages:
                if not program.there():
                    output(("apt-get", "install", "-qq", "-y", "--no-install-recommends", package), quiet)


def _remove_what_a_killed_one_left() -> None:
    """With it, nothing that is installed on this machine would ever be started."""
    if _POLICY.exists() and _MARK in _POLICY.read_text(errors="replace") and os.access(_POLICY.parent, os.W_OK):
        _POLICY.unlink(missing_ok=True)


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Debian starts what it installs; we want the programs, not a second Redis on the usual port."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(f"#!/bin/sh\n{_MARK}\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def _install_kafka() -> None:
    copied = JARS.parent / "pom.xml"
    if copied.exists() and copied.read_text() == _POM.read_text():
        return
    if shutil.which("mvn") is None:
        raise Refused("Kafka is not installed: its jars are fetched with Maven, and mvn is not on this machine.")
    print("Fetching Apache Kafka with Maven", file=sys.stderr)
    shutil.rmtree(JARS.parent, ignore_errors=True)
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={JARS}")
    run("Kafka", ("mvn", "-q", "-B", "-f", str(_POM), *goal))
    shutil.copyfile(_POM, copied)


def _quicken_kafka() -> None:
    """Start and stop Kafka once, and let Java keep the classes that this took."""
    if ARCHIVE.exists() or not JARS.exists():
        return
    new = ARCHIVE.with_suffix(".new")
    with TemporaryDirectory() as folder:
        try:
            kafka = KafkaServer(Path(folder), java=(f"-XX:ArchiveClassesAtExit={new}",))
            kafka.start()
            kafka.stop()
        except (Missing, Failed) as error:
            raise Refused(str(error)) from error
    if new.exists():
        new.replace(ARCHIVE)
