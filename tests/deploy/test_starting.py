"""`make up`, `make down` and `make scale`, with something in Docker's place that tells what it was asked."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from jobs.settings import Settings
from tests.deploy.composition import ROOT, services


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what the script uses."""
    folder = tmp_path / "clone"
    (folder / "deploy/compose").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/compose/compose.sh", folder / "deploy/compose")
    shutil.copy(ROOT / ".env.example", folder)
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def _make(clone: Path, *arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    command = (str(shutil.which("make")), "--no-print-directory", *arguments)
    return subprocess.run(
        command, cwd=clone, env={**environment, "PATH": path}, capture_output=True, text=True, check=False
    )


def _asked(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With a command in place of ``docker compose`` that prints its arguments."""
    return _make(clone, *arguments, "COMPOSE=echo compose")


def test_up_makes_secrets_once_for_the_owner_alone(clone: Path) -> None:
    answer = _asked(clone, "up")
    assert answer.returncode == 0, answer.stderr
    made = (clone / ".env").read_text()
    secrets = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", made, re.MULTILINE))
    assert {"NST_SECRET", "REDIS_PASSWORD"} <= secrets.keys()
    assert all(re.fullmatch(r"[0-9a-f]{64}", secret) for secret in secrets.values())
    assert len(set(secrets.values())) == len(secrets)
    assert (clone / ".env").stat().st_mode & 0o777 == 0o600
    assert not any(secret in answer.stdout + answer.stderr for secret in secrets.values())
    _asked(clone, "up")
    assert (clone / ".env").read_text() == made


def test_up_builds_starts_and_waits_until_all_are_well(clone: Path) -> None:
    assert "compose up --build --detach --wait\n" in _asked(clone, "up").stdout


def test_down_stops_what_any_profile_or_file_has_started_and_keeps_the_volumes(clone: Path) -> None:
    answer = _asked(clone, "down").stdout
    assert "--profile * down --remove-orphans" in answer and "volumes" not in answer


@pytest.mark.parametrize("service", ["consumer", "consumer-gpu"])
def test_scale_runs_as_many_workers_as_were_asked_for_and_touches_nothing_else(clone: Path, service: str) -> None:
    words = _asked(clone, "scale", "N=4", f"SERVICE={service}").stdout.split()
    assert words[-3:] == ["--scale", f"{service}=4", service]
    assert {"--no-recreate", "--no-deps", "--wait"} <= set(words)


def test_scale_is_about_workers_without_a_gpu_where_nobody_says_otherwise(clone: Path) -> None:
    assert "--scale consumer=4 consumer\n" in _asked(clone, "scale", "N=4").stdout


FILES = "COMPOSE_FILE=docker-compose.yml:deploy/compose/sign-in.yml"


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        (("COMPOSE_PROFILES=https",), FILES),
        ((FILES,), "COMPOSE_PROFILES=https"),
        ((FILES, "COMPOSE_PROFILES=gpu"), "COMPOSE_PROFILES=https"),
    ],
)
def test_up_never_starts_without_the_sign_in_that_was_set_up(clone: Path, lines: tuple[str, ...], missing: str) -> None:
    (clone / ".env").write_text("\n".join(("OIDC_ISSUER_URL=https://login.example.org", *lines, "")))
    answer = _asked(clone, "up")
    assert answer.returncode != 0 and missing in answer.stderr
    assert "compose up" not in answer.stdout


@pytest.mark.parametrize("quote", ["", '"'])
def test_up_starts_with_the_sign_in_that_was_set_up(clone: Path, quote: str) -> None:
    name, _, value = FILES.partition("=")
    lines = ("OIDC_ISSUER_URL=https://login.example.org", f"{name}={quote}{value}{quote}", "COMPOSE_PROFILES=gpu,https")
    (clone / ".env").write_text("\n".join((*lines, "")))
    answer = _asked(clone, "up")
    assert answer.returncode == 0, answer.stderr
    assert "compose up" in answer.stdout


def test_the_lines_for_sign_in_are_in_the_example_and_on_the_page(clone: Path) -> None:
    example = (clone / ".env.example").read_text().splitlines()
    for line in (FILES, "COMPOSE_PROFILES=https"):
        assert f"#{line}" in example
        assert line in (ROOT / "docs/deployment.md").read_text()


@pytest.mark.parametrize("number", ["", "-1", "many", "2;ls"])
def test_scale_without_a_number_says_what_it_wants(clone: Path, number: str) -> None:
    answer = _asked(clone, "scale", f"N={number}")
    assert answer.returncode != 0 and "make scale N=4" in answer.stderr
    assert "compose up" not in answer.stdout


@pytest.mark.parametrize("target", ["up", "down", "scale"])
def test_without_docker_it_is_said_in_one_sentence_and_nothing_is_made(
    clone: Path, tmp_path: Path, target: str
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "od", "tr", "mv", "awk", "find"):
        (tools / name).symlink_to(str(shutil.which(name)))
    answer = _make(clone, target, "N=1", path=str(tools))
    assert answer.returncode != 0
    sentences = [line for line in answer.stderr.splitlines() if not line.startswith("make")]
    assert len(sentences) == 1 and sentences[0].startswith("This needs Docker")
    assert not (clone / ".env").exists()


def test_what_is_made_is_not_for_the_repository() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    for name in (".env", "settings.env", "deploy/kubernetes/secrets.env"):
        ignored = subprocess.run(("git", "check-ignore", "--quiet", name), cwd=ROOT, check=False)
        assert ignored.returncode == 0, f"{name} is missing from .gitignore"


def test_the_page_about_deployment_names_only_what_exists() -> None:
    page = (ROOT / "docs/deployment.md").read_text()
    known = {f"NST_{name.upper()}" for name in Settings.model_fields} | {"NST_BIND", "NST_DOMAIN"}
    assert set(re.findall(r"\bNST_[A-Z0-9_]+", page)) - known == set()
    for path in re.findall(r"(?:deploy|docs|tests)/[\w./-]+", page):
        assert (ROOT / path).exists(), path
    profiles = {profile for service in services().values() for profile in service.profiles}
    assert (
        set(re.findall(r"^\| `(\w+)` \| .* \| .* \|$", page.split("| profile |")[1].split("\n\n")[0], re.M)) == profiles
    )
