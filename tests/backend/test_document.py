"""What the API's document says, its page, and that the process stays light."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.problem_codes import PROBLEM_CODES
from backend.problems import PROBLEM_JSON
from nst.options import knobs
from tests.backend.service import Service, body


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    return {operation["operationId"]: operation for operation in operations}


def test_every_route_is_documented_once(service: Service) -> None:
    document = body(service.get("/api/openapi.json"))
    assert document["openapi"].startswith("3.1")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) and all(operation["summary"] for operation in operations)
    tags = {tag["name"] for tag in document["tags"]}
    assert all(set(operation["tags"]) <= tags for operation in operations)
    assert {"submitJob", "getJob", "followJob", "cancelJob", "retryJob", "deleteJob", "listJobs"} <= set(names)
    assert {"submitBatch", "getBatch", "cancelBatch", "deleteBatch", "getResult", "getOptions"} <= set(names)


def test_every_refusal_is_documented_as_a_problem(service: Service) -> None:
    for name, operation in _operations(body(service.get("/api/openapi.json"))).items():
        refusals = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert all([*answer["content"]] == [PROBLEM_JSON] for answer in refusals.values()), name


def test_every_reference_leads_somewhere(service: Service) -> None:
    answer = service.get("/api/openapi.json")
    schemas = set(body(answer)["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text)) <= schemas
    assert not [name for name in schemas if "." in name]


def test_the_multipart_body_is_documented_with_its_files_and_options(service: Service) -> None:
    operation = _operations(body(service.get("/api/openapi.json")))["submitJob"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert schema["properties"]["content"]["format"] == "binary"
    assert schema["properties"]["style"]["items"]["format"] == "binary"
    options = schema["properties"]["options"]["properties"]
    assert set(options) == {"preset", *(knob.name for knob in knobs())}
    assert options["size"]["minimum"] == 64


def test_every_parameter_is_documented(service: Service) -> None:
    operations = _operations(body(service.get("/api/openapi.json")))
    names = {
        name: [parameter["name"] for parameter in operations[name]["parameters"]]
        for name in ("getJob", "submitJob", "retryJob", "cancelJob", "followJob", "listJobs")
    }
    assert names == {
        "getJob": ["id", "wait", "version", "If-None-Match"],
        "submitJob": ["Idempotency-Key"],
        "retryJob": ["id", "X-Owner-Token", "Idempotency-Key"],
        "cancelJob": ["id", "X-Owner-Token"],
        "followJob": ["id", "Last-Event-ID"],
        "listJobs": ["limit", "before", "client"],
    }


def test_the_document_does_not_depend_on_who_asks_first(service: Service) -> None:
    assert "evil.example" not in service.get("/api/openapi.json", Host="evil.example").text


def test_the_page_lives_under_its_own_policy(service: Service) -> None:
    answer = service.get("/api/docs")
    assert answer.mimetype == "text/html"
    assert "<script" not in answer.text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
    for name in ("submitJob", "followJob", "JobAnswer", "Problem"):
        assert f'id="{name}"' in answer.text


def test_the_page_has_a_row_for_every_code_to_which_the_type_of_a_problem_leads(service: Service) -> None:
    text = service.get("/api/docs").text
    assert len(PROBLEM_CODES) > 40
    assert [code for code in PROBLEM_CODES if f'<tr id="problem-{code}">' not in text] == []
    refusal = body(service.post(options={"sise": 64}))
    path, _, anchor = refusal["type"].partition("#")
    assert f'id="{anchor}"' in service.get(path).text


def test_the_page_shows_code_as_code(service: Service) -> None:
    text = service.get("/api/docs").text
    assert "`" not in text
    assert "<code>wait</code>" in text and "<code>{&#34;size&#34;: 512}</code>" in text


def test_the_document_has_the_limits_of_this_service(serve: Callable[..., Service]) -> None:
    service = serve(max_size=640, max_iterations=200_000)
    operations = _operations(body(service.get("/api/openapi.json")))
    for name in ("submitJob", "submitBatch", "retryJob"):
        (content,) = operations[name]["requestBody"]["content"].values()
        options = content["schema"]["properties"]["options"]["properties"]
        assert options["size"]["maximum"] == 640, name
        assert options["iterations"]["maximum"] == 100_000, "the engine's own limit is lower"
    assert "at most 640" in service.get("/api/docs").text and "16,384" not in service.get("/api/docs").text


def test_the_process_loads_neither_torch_nor_the_engine(repository: Path, tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from backend import create_app
from jobs.settings import Settings
from jobs.wiring import open_ports
settings = Settings(data_dir=Path({str(tmp_path)!r}))
create_app(settings, open_ports(settings)).test_client().get("/api/openapi.json")
print([name for name in ("torch", "torchvision", "nst.transfer", "consumer") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
