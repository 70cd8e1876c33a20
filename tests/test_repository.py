"""What must hold for the repository as a whole: its size, its words, and documents that agree with the code."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import nst
from nst.options import knobs
from scripts import constraints, options_table

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 300
DOCUMENTS = ("README.md", "CONTRIBUTING.md")
#: Put together from halves, so that this file does not trip over itself.
NOT_FOR_THIS_REPOSITORY = (
    re.compile(r"py" + r"pi\.org|python" + r"hosted\.org|download\.py" + r"torch\.org|npm" + r"js\.(org|com)"),
    re.compile(r"(?<![\w.~)}\"'/])/(?:ho" + r"me|Us" + r"ers|ro" + r"ot|wo" + r"rk|mnt|tmp)/\w"),
)


def _files() -> Iterator[Path]:
    """What git tracks or would track; where there is no git, all but the hidden folders."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    else:
        paths = (path for path in ROOT.rglob("*") if not path.relative_to(ROOT).parts[0].startswith("."))
    return (path for path in paths if path.is_file() and "__pycache__" not in path.parts)


def _texts() -> Iterator[tuple[str, str]]:
    """Name and content of every text file."""
    for path in _files():
        data = path.read_bytes()
        if b"\0" not in data:
            yield path.relative_to(ROOT).as_posix(), data.decode(errors="replace")


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Without the variables of a surrounding make, which would print the folders it enters.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    return subprocess.run(
        ("make", "-C", str(ROOT), "--no-print-directory", *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def _listed_targets() -> set[str]:
    return set(re.findall(r"^  make ([a-z-]+) +\S", _make().stdout, re.MULTILINE))


@pytest.mark.parametrize("package", ["nst", "jobs", "backend", "consumer"])
def test_every_file_can_be_read_top_to_bottom(package: str) -> None:
    lengths = {str(path): len(path.read_text().splitlines()) for path in ROOT.glob(f"{package}/**/*.py")}
    assert lengths
    assert not {path: lines for path, lines in lengths.items() if lines > MOST_LINES}


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in _texts()
        for pattern in NOT_FOR_THIS_REPOSITORY
        for match in pattern.finditer(text)
    ]
    assert not found


def test_the_search_for_registries_and_paths_finds_them() -> None:
    registry, path = NOT_FOR_THIS_REPOSITORY
    assert registry.search("https://py" + "pi.org/simple")
    assert path.search("see /ho" + "me/somebody/pictures")
    assert not path.search("~/pictures and examples/photos")


def test_the_page_of_options_is_what_the_options_say() -> None:
    assert options_table.PAGE.read_text(encoding="utf-8") == options_table.render(), "run `make docs`"


@pytest.mark.parametrize("name", [knob.name for knob in knobs()])
def test_every_option_is_on_the_page(name: str) -> None:
    page = options_table.PAGE.read_text(encoding="utf-8")
    assert f"| `{name}` | `--{name.replace('_', '-')}` |" in page


def test_the_public_names_are_these() -> None:
    assert sorted(nst.__all__) == [
        "NstError",
        "PRESETS",
        "Picture",
        "Run",
        "StyleOptions",
        "StyleTransfer",
        "read_picture",
        "stylize",
        "write_picture",
    ]


@pytest.mark.parametrize("name", sorted(nst.__all__))
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(nst, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'styliser'"):
        _ = nst.styliser


@pytest.mark.parametrize(
    "module", ["nst", "nst.errors", "nst.film", "nst.images", "nst.knob", "nst.layers", "nst.options"]
)
def test_what_the_service_needs_loads_no_torch(module: str) -> None:
    program = f"import sys, {module}; print(sorted({{'torch', 'torchvision'}} & set(sys.modules)))"
    answer = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"


def test_make_alone_lists_every_target_that_is_not_a_file() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    assert _listed_targets() == set(phony[1].split())


@pytest.mark.parametrize(
    "target",
    ["setup", "page", "run", "test", "check", "format", "demo", "bench", "docs", "types", "constraints", "clean"],
)
def test_a_target_can_be_made(target: str) -> None:
    plan = _make("--dry-run", target)
    assert plan.returncode == 0, plan.stderr


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_name_only_targets_that_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    # In code, as `make test` or at the start of a line of an indented or fenced example.
    named = set(re.findall(r"(?:`|^[ \t]*(?:\$ )?)make ([a-z-]+)\b", text, re.MULTILINE))
    assert named
    assert named <= _listed_targets()


def test_the_constraints_are_exact_versions_without_addresses() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0])
    assert not [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.]*", line)]


def test_the_constraints_bind_everything_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(item for extra in project["optional-dependencies"].values() for item in extra)]
    bound = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert {re.split(r"[<>=!~\[; ]", item)[0] for item in asked} <= bound


def test_constraints_drop_local_builds_and_the_project_itself() -> None:
    metadata = [
        {"name": "torch", "version": "2.9.1+cpu"},
        {"name": "neural-style-transfer", "version": "0.1.0"},
        {"name": "typing_extensions", "version": "4.15.0"},
    ]
    assert constraints.versions(metadata) == ["torch==2.9.1", "typing-extensions==4.15.0"]


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_check_of_a_fresh_clone_is_the_same_target_as_everybody_s() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    for caller in (".ci/run", ".github/workflows/test.yml"):
        assert "make test" in (ROOT / caller).read_text()
