"""The Dockerfiles, their steps replayed in a clean folder: nothing is missing, nothing is too much, nobody is root."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.deploy.composition import ROOT
from tests.deploy.dockerfile import Context, Stage, replay, stages

IMAGES = {
    "backend": (ROOT / "Dockerfile.backend", ROOT),
    "consumer": (ROOT / "Dockerfile.consumer", ROOT),
    "frontend": (ROOT / "frontend/Dockerfile", ROOT / "frontend"),
}
PYTHON = ("backend", "consumer")
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")

each_image = pytest.mark.parametrize("name", sorted(IMAGES))
each_python_image = pytest.mark.parametrize("name", PYTHON)


def _final(name: str) -> Stage:
    return stages(IMAGES[name][0])[-1]


def _replayed(name: str, folder: Path) -> Path:
    """The working directory of the finished image."""
    return replay(_final(name), Context(IMAGES[name][1]), folder)


def _run(name: str, tree: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program in this tree alone, as in the image: no other copy of the project, no package that is not installed."""
    absent = ",".join(sorted(_absent(name)))
    command = (sys.executable, "-I", str(ROOT / "tests/deploy/clean_room.py"), str(tree), absent, program, *arguments)
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, env=dict(os.environ))


@cache
def _absent(name: str) -> frozenset[str]:
    """The modules of this environment that the image does not have."""
    installed = _closure(_asked_for(name)) | {"pip"}
    owners = packages_distributions()
    return frozenset(module for module, by in owners.items() if not installed & {_plain(owner) for owner in by})


@each_image
def test_everything_that_is_copied_is_there_and_may_be_seen(name: str) -> None:
    file, folder = IMAGES[name]
    context = Context(folder)
    named = {stage.name for stage in stages(file)}
    for stage in stages(file):
        for step in (step for step in stage.steps if step.word == "COPY"):
            if step.source_stage:
                assert step.source_stage in named
            else:
                assert all(context.files(source) for source in step.words[:-1]), step.rest


@each_image
def test_the_process_is_not_root(name: str) -> None:
    user, group = _final(name).last("USER").rest.split(":")
    assert int(user) > 0 and int(group) > 0


@each_image
def test_every_base_is_pinned(name: str) -> None:
    text = IMAGES[name][0].read_text()
    bases = [stage.base for stage in stages(IMAGES[name][0])] + re.findall(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    known = {stage.name for stage in stages(IMAGES[name][0])} | {"${BASE}"}
    parts = 3  # the page's are tags that move
    pinned = re.compile(rf":\d+(\.\d+){{{parts - 1},}}-")
    assert all(pinned.search(base) for base in bases if base not in known), bases


@each_image
def test_its_health_is_asked_without_a_shell(name: str) -> None:
    check = _final(name).last("HEALTHCHECK")
    assert check.array[0] in ("python", "wget")


@each_python_image
def test_its_entry_point_is_a_module_that_can_be_imported_with_the_packages_of_the_image(
    name: str, tmp_path: Path
) -> None:
    python, option, module = _final(name).last("ENTRYPOINT").array
    assert (python, option) == ("python", "-m")
    tree = _replayed(name, tmp_path)
    main = module if name == "backend" else f"{module}.__main__"
    answer = _run(name, tree, f"import {main}, jobs.kafka, jobs.redis, jobs.s3; print({main}.__file__)")
    assert answer.returncode == 0, answer.stderr
    assert Path(answer.stdout.strip()).is_relative_to(tree)


def test_the_api_says_what_it_takes_and_loads_no_torch(tmp_path: Path) -> None:
    tree = _replayed("backend", tmp_path)
    start = "import runpy; runpy.run_module('backend.server', run_name='__main__', alter_sys=True)"
    told = _run("backend", tree, start, "--help")
    assert told.returncode == 0 and "--fd" in told.stdout, told.stderr
    assert "torch" in _absent("backend")


def test_the_api_answers_and_shows_its_gallery(tmp_path: Path) -> None:
    tree = _replayed("backend", tmp_path / "image")
    program = """
import sys
from pathlib import Path
from backend import create_app
from jobs.settings import Settings
from jobs.wiring import open_ports
settings = Settings(data_dir=Path(sys.argv[1]))
client = create_app(settings, open_ports(settings)).test_client()
print(client.get("/healthz").status_code, "night-wind" in client.get("/api/styles").text)
"""
    answer = _run("backend", tree, program, str(tmp_path / "data"))
    assert answer.stdout.splitlines()[-1:] == ["200 True"], answer.stderr  # the log is above


def test_the_worker_loads_its_engine(tmp_path: Path) -> None:
    tree = _replayed("consumer", tmp_path)
    answer = _run("consumer", tree, "import consumer.painter, consumer.renderer, nst.transfer; print('whole')")
    assert answer.stdout.strip() == "whole", answer.stderr


def test_the_weights_are_fetched_by_a_command_that_the_engine_has(tmp_path: Path) -> None:
    stage = next(stage for stage in stages(IMAGES["consumer"][0]) if stage.name == "weights")
    tree = replay(stage, Context(ROOT), tmp_path)
    assert 'python -m nst weights fetch "${WEIGHTS}"' in stage.last("RUN").rest
    start = "import runpy; runpy.run_module('nst', run_name='__main__', alter_sys=True)"
    answer = _run("consumer", tree, start, "weights", "fetch", "a-stranger")
    assert "Trained backbones: vgg19" in answer.stderr  # it came as far as looking the name up
    copied = next(step for step in _final("consumer").steps if step.source_stage == "weights")
    assert _final("consumer").environment["NST_WEIGHTS_DIR"] == copied.words[-1]


def test_the_image_of_the_api_has_no_torch() -> None:
    installed = _closure(_asked_for("backend"))
    assert "flask" in installed and "kafka-python" in installed
    assert not [package for package in installed if package.startswith(("torch", "nvidia", "triton"))]
    assert "torch" in _closure(_asked_for("consumer"))


@each_python_image
def test_packages_are_installed_in_the_exact_versions(name: str) -> None:
    installs = [step.rest for stage in stages(IMAGES[name][0]) for step in stage.steps if "pip install" in step.rest]
    assert installs and all("--constraint constraints.txt" in install for install in installs)


@each_image
def test_the_context_holds_nothing_that_does_not_belong_into_an_image(name: str) -> None:
    context = Context(IMAGES[name][1])
    for kept_out in (".env", ".git/config", "node_modules/x", "__pycache__/x.pyc", "nst/__pycache__/x.pyc", "dist/x"):
        path = context.folder / kept_out
        if name == "frontend" and kept_out.startswith((".env", ".git", "nst", "__py")):
            continue
        assert not context.sees(path), kept_out


def test_hadolint_finds_nothing() -> None:
    if HADOLINT is None:
        pytest.skip("hadolint is not on this machine")
    files = [str(file) for file, _ in IMAGES.values()]
    answer = subprocess.run((HADOLINT, "--no-color", *files), capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def _asked_for(name: str) -> list[str]:
    """What the image's own script prints for its extras."""
    runs = " ".join(step.rest for stage in stages(IMAGES[name][0]) for step in stage.steps if step.word == "RUN")
    asked: list[str] = []
    for extras in re.findall(r"requirements\.py ([a-z ]+) >", runs):
        command = (sys.executable, str(ROOT / "deploy/images/requirements.py"), *extras.split())
        asked += subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return asked


def _closure(asked: Iterable[str]) -> set[str]:
    """The packages that these requirements install, with what they need themselves, as this environment has them."""
    found: set[str] = set()
    open_ends = [Requirement(line) for line in asked]
    while open_ends:
        requirement = open_ends.pop()
        extras = ("", *requirement.extras)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        name = _plain(requirement.name)
        if name in found and not requirement.extras:
            continue
        found.add(name)
        open_ends += [need for line in _needs(name) for need in _for_extras(line, requirement.extras)]
    return found


def _needs(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def _for_extras(line: str, extras: Iterable[str]) -> list[Requirement]:
    """The requirement, if it counts with these extras."""
    need = Requirement(line)
    if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
        need.marker = None
        return [need]
    return []


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
