"""The documents of the service say what the code does: settings, metrics, routes, problems, and commands that work."""

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from apiflask import APIFlask
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase
from pydantic.fields import FieldInfo
from werkzeug.exceptions import MethodNotAllowed

from backend import create_app
from backend.access import Access
from backend.follow.job_answers import BatchSubmitted, JobAnswer, JobList, ListQuery, StatusQuery
from backend.operate.controls import LimitsOut
from backend.problem_codes import PROBLEM_CODES
from bench import plan
from jobs import keys
from jobs.model import JobStatus
from jobs.model import __doc__ as LIFE_OF_A_JOB
from jobs.settings import Settings
from jobs.telemetry import METRIC_GROUPS, PREFIX, STORE_METRICS
from jobs.wiring import open_ports
from nst.errors import NstError
from scripts.service import ROOT, Service

API = (ROOT / "docs/api.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:5000"
#: Of the engine, but no setting of the service.
OTHER_VARIABLES = {"NST_WEIGHTS_DIR"}

_LIMIT_WORDS = {"ge": "at least", "gt": "above", "le": "at most"}
ROUTE = re.compile(r"`(GET|POST|DELETE) (/[^`\s?]*)")
ROW = re.compile(r"^\| `(\w+)` \| (?:(\d{3}) \| )?(.*) \|$", re.MULTILINE)
#: ``Problem(404, "no_result"``, ``(JobPurged, 410, "job_purged"`` and ``413: ("too_large"``.
REFUSAL = re.compile(r'\b([45]\d\d)(?:,|: \()\s*"([a-z_]+)"(?!:)')
UNNUMBERED = re.compile(r'\b(?:Problem\(\s*[\w.]+,|JobError\(|_failure\()\s*"([a-z_]+)"')


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    """The API over an empty folder."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("documents"))
    ports = open_ports(settings)
    yield create_app(settings, ports)
    ports.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose engine sleeps."""
    with Service(tmp_path_factory.mktemp("service"), {"NST_ENGINE": "bench.sleeper:Sleeper"}) as running:
        yield running


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_table_with_its_default_and_its_limits(name: str) -> None:
    field = Settings.model_fields[name]
    row = re.search(rf"^\| `NST_{name.upper()}` \| (.*?) \| (.*?) \| (.*) \|$", OPERATIONS, re.MULTILINE)
    assert row, f"NST_{name.upper()} is not in docs/operations.md"
    default, limits, text = row.groups()
    assert default == (f"`{field.default}`" if field.default not in (None, "", ()) else "–")
    assert limits == _limits(field)
    assert text.startswith(str(field.description))


@pytest.mark.parametrize("document", [API, OPERATIONS, README], ids=["api", "operations", "readme"])
def test_no_setting_is_named_that_does_not_exist(document: str) -> None:
    known = {f"NST_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    assert set(re.findall(r"\bNST_[A-Z0-9_]+", document)) <= known


def test_every_metric_is_in_the_table_with_its_type_its_labels_and_its_help() -> None:
    groups = [group.on(CollectorRegistry()) for group in METRIC_GROUPS]
    own = [getattr(metrics, name) for metrics in groups for name in metrics.__slots__]
    assert [row for metric in own if (row := _metric_row(metric)) not in OPERATIONS] == []
    assert [name for name in STORE_METRICS if f"| `{PREFIX}{name}` | gauge |" not in OPERATIONS] == []
    assert [text for text in STORE_METRICS.values() if f"| {text}" not in OPERATIONS] == []
    documented = re.findall(rf"^\| `({PREFIX}\w+)` \|", OPERATIONS, re.MULTILINE)
    assert len(documented) == len(set(documented)) == len(own) + len(STORE_METRICS)


def test_every_route_is_documented_and_no_other(app: APIFlask) -> None:
    real = {
        (method, _in_braces(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    rows = set(re.findall(r"^\| `(\w+) (/\S*)` \|", API, re.MULTILINE))
    assert rows == real
    named = {*ROUTE.findall(API), *ROUTE.findall(OPERATIONS), *ROUTE.findall(README)}
    assert named <= real


def test_every_path_of_an_example_leads_to_a_route(app: APIFlask) -> None:
    paths = set(re.findall(r"(?:\$URL|\"|`)(/(?:api/|healthz|readyz|metrics)[\w/.${}-]*)", API + OPERATIONS))
    assert len(paths) > 30
    for path in sorted(paths):
        with suppress(MethodNotAllowed):  # there is such a path
            endpoint, _ = app.url_map.bind("localhost").match(re.sub(r"{iteration}|{number}", "1", path))
            assert endpoint != "page.root_file", path


def test_every_status_of_the_document_is_in_the_row_of_its_route(app: APIFlask) -> None:
    spec: Any = app.test_client().get("/api/openapi.json").json
    rows = {(method, path): text for method, path, text in re.findall(r"^\| `(\w+) (/\S*)` \|(.*)$", API, re.MULTILINE)}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            documented = set(re.findall(r"\b\d{3}\b", rows[method.upper(), path].rpartition(" | ")[2]))
            documented.add("503")  # said once for all of them, above the table
            assert set(operation["responses"]) <= documented, (method, path)


def test_every_field_and_parameter_is_explained() -> None:
    models = (JobAnswer, BatchSubmitted, LimitsOut, StatusQuery, ListQuery, JobList)
    names = chain.from_iterable(model.model_fields for model in models)
    assert [name for name in names if f"`{name}`" not in API] == []


def test_the_diagram_of_a_job_s_life_is_the_model_s() -> None:
    drawn = str(LIFE_OF_A_JOB).split("\n\n")[1]
    assert drawn in API


def test_the_table_of_problems_is_the_one_that_the_types_lead_to() -> None:
    table = API[API.index("## Problems") : API.index("### Why a job fails")]
    rows = [
        f"| `{code}` | {problem.status} | {problem.when} | {problem.remedy} |"
        for code, problem in PROBLEM_CODES.items()
    ]
    assert re.findall(r"^\| `\w+` \|.*$", table, re.MULTILINE) == rows


def test_every_problem_is_in_the_table_with_its_status_and_no_other() -> None:
    source = "\n".join(
        path.read_text() for name in ("backend", "consumer", "jobs") for path in ROOT.glob(f"{name}/**/*.py")
    )
    refusals = REFUSAL.findall(source)
    assert len(refusals) > 40
    rows = [(code, status) for code, status, _ in ROW.findall(API)]
    assert [pair for pair in refusals if (pair[1], pair[0]) not in rows] == []
    codes = {code for _, code in refusals} | set(UNNUMBERED.findall(source))
    kinds = re.findall(r'not_found\("(\w+)"\)|check_id\(\w+, "(\w+)"\)', source)
    codes |= {f"{''.join(kind)}_not_found" for kind in kinds}
    tables = API[API.index("## Problems") :]
    documented = {code for code, _, _ in ROW.findall(tables)}
    assert codes - documented == set()
    assert documented - codes <= {kind.code for kind in _kinds(NstError)}


def test_the_command_that_makes_an_api_key_makes_one_that_is_accepted() -> None:
    (command,) = [block for block in _blocks(OPERATIONS, "sh") if "NST_API_KEYS" in block]
    answer = subprocess.run(("sh", "-c", command), capture_output=True, text=True, check=True).stdout
    match = re.fullmatch(r"key (\S+)\nNST_API_KEYS=(\S+)\n", answer)
    assert match
    access = Access.of(Settings(api_keys=cast("tuple[str, ...]", match[2])))
    with APIFlask(__name__).test_request_context(headers={"Authorization": f"Bearer {match[1]}"}) as asked:
        assert access.client(asked.request) == "anna"


def test_the_readme_s_four_steps_work_as_printed(service: Service, tmp_path: Path) -> None:
    (steps,) = [block for block in _blocks(README, "sh") if ADDRESS in block]
    _run(steps.replace(ADDRESS, service.url), tmp_path)
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")
    assert "result.png" in _files_in(tmp_path / "steps.zip")


def test_the_script_of_the_api_s_page_works_from_top_to_bottom(service: Service, tmp_path: Path) -> None:
    script = "\n".join(_blocks(API, "sh"))
    assert script.startswith(f"URL={ADDRESS}\n")
    # A refusal of the service must end the script, though the examples do not ask for that.
    _run('curl() { command curl --fail "$@"; }\n' + script.replace(ADDRESS, service.url), tmp_path)
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")
    assert len([name for name in _files_in(tmp_path / "everything.zip") if name.startswith("frames/")]) > 3
    assert "README.txt" in _files_in(tmp_path / "batch.zip")


def test_the_backup_has_the_jobs_and_their_pictures(service: Service, tmp_path: Path) -> None:
    id = _finished_job(service)
    (commands,) = [block for block in _blocks(OPERATIONS, "sh") if "VACUUM" in block]
    (tmp_path / "data").symlink_to(service.data)
    _run(commands, tmp_path)
    restored = open_ports(Settings(data_dir=tmp_path / "backup"))
    assert restored.store.get(id).status is JobStatus.SUCCEEDED
    assert restored.artifacts.get(keys.result(id, 1)).startswith(b"\x89PNG")
    restored.close()


def test_the_links_between_the_documents_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!\w+://)([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            file = ((ROOT / name).parent / path) if path else ROOT / name
            assert file.exists(), f"{name}: {target}"
            if anchor:
                assert anchor in _anchors(file.read_text(encoding="utf-8")), f"{name}: {target}"


def test_the_plan_for_a_fleet_is_what_its_arithmetic_says() -> None:
    assert plan.table() in (ROOT / "docs/scaling.md").read_text(encoding="utf-8"), "run `python -m bench.plan`"


def _limits(field: FieldInfo) -> str:
    limits = {
        name: getattr(fact, name, None) for fact in field.metadata for name in _LIMIT_WORDS if hasattr(fact, name)
    }
    for fact in field.metadata:
        if pattern := getattr(fact, "pattern", None):
            return ", ".join(f"`{word}`" for word in re.findall(r"[\w:-]+", pattern))
    if limits.keys() == {"ge", "le"}:
        return f"{limits['ge']} to {limits['le']}"
    return ", ".join(f"{_LIMIT_WORDS[name]} {limit}" for name, limit in limits.items()) or "–"


def _finished_job(service: Service) -> str:
    """The id of a small job that has succeeded."""
    options = {"options": '{"size": 64, "iterations": 5}', "style_id": "night-wind"}
    with (ROOT / "examples/photos/coffee.jpg").open("rb") as photo:
        submitted = requests.post(f"{service.url}/api/jobs", files={"content": photo}, data=options, timeout=30)
    job = submitted.json()
    requests.get(f"{service.url}{job['links']['events']}", timeout=60)  # ends with the job
    return str(job["id"])


def _metric_row(metric: MetricWrapperBase) -> str:
    """The beginning of the metric's row."""
    name = metric._name + ("_total" if isinstance(metric, Counter) else "")
    labels = ", ".join(f"`{label}`" for label in metric._labelnames) or "–"
    return f"| `{name}` | {metric._type} | {labels} | {metric._documentation}"


def _in_braces(rule: str) -> str:
    """``/x/<int:n>`` as ``/x/{n}``."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def _kinds(kind: type[NstError]) -> Iterator[type[NstError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def _blocks(text: str, language: str) -> list[str]:
    """The fenced examples in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _run(script: str, folder: Path) -> None:
    """Run it where the clone's examples are, but whatever it writes goes elsewhere."""
    if shutil.which("curl") is None and "CI" not in os.environ:
        pytest.skip("curl is not on this machine")
    if not (folder / "examples").exists():
        (folder / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        ("bash", "-eu", "-c", script), cwd=folder, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr


def _files_in(path: Path) -> list[str]:
    """The names in the archive's one folder."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        (folder,) = {name.partition("/")[0] for name in archive.namelist()}
        return [name.removeprefix(f"{folder}/") for name in archive.namelist()]


def _anchors(text: str) -> set[str]:
    """The anchors that headings get."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
