"""Options, limits, queue, health and metrics."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import Unavailable
from jobs.telemetry import PREFIX, STORE_METRICS
from jobs.terms import Worker
from nst.layers import LAYERS
from nst.options import PRESETS, StyleOptions, knobs
from tests.backend.handouts import Handouts, handouts


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Handouts]:
    with handouts(tmp_path) as service:
        yield service


def _announce(service: Handouts, *, ready: bool = True, job: str = "") -> None:
    worker = Worker(id="w", ready=ready, device="cpu", backbone="wavelet", why="no weights", job=job)
    service.context.store.announce(worker, 60)


def test_every_option_is_a_control_in_the_same_order(service: Handouts) -> None:
    controls = service.get("/api/options").json["controls"]
    assert [control["name"] for control in controls] == [knob.name for knob in knobs()]
    by_name = {control["name"]: control for control in controls}
    assert by_name["color"]["choices"] == ["style", "luminance", "match"] and by_name["color"]["type"] == "string"
    assert by_name["style_layers"] | {"help": ""} == by_name["style_layers"] | {
        "help": "", "type": "list", "item_type": "string", "default": [], "optional": False,
    }  # fmt: skip
    assert by_name["style_weight"]["optional"] and by_name["style_weight"]["default"] is None
    assert by_name["size"]["unit"] == "px" and not by_name["size"]["advanced"] and by_name["size"]["type"] == "integer"
    assert by_name["plateau"]["type"] == "number"


def test_the_defaults_of_the_controls_are_accepted(service: Handouts) -> None:
    controls = service.get("/api/options").json["controls"]
    assert StyleOptions.from_dict({control["name"]: control["default"] for control in controls}) == StyleOptions()


def test_the_operators_limits_narrow_the_controls(tmp_path: Path) -> None:
    with handouts(tmp_path, max_size=400, max_iterations=100) as service:
        answer = service.get("/api/options").json
    by_name = {control["name"]: control for control in answer["controls"]}
    assert (by_name["size"]["maximum"], by_name["size"]["default"]) == (400, 400)
    assert by_name["iterations"]["maximum"] == 100
    sizes = {
        preset["name"]: (preset["options"]["size"], preset["options"]["iterations"]) for preset in answer["presets"]
    }
    assert sizes["fine"] == (400, 100)
    assert sizes["draft"] == (384, 60)


def test_a_preset_whose_backbone_no_worker_has_is_not_available(service: Handouts) -> None:
    service.context.store.announce(Worker(id="a", ready=True, backbone="wavelet", backbones=("wavelet",)), 10)
    answer = service.get("/api/options").json
    service.context.store.withdraw("a")
    assert answer["backbones"] == ["wavelet"]
    assert [preset["name"] for preset in answer["presets"] if not preset["available"]] == ["adam-classic"]


def test_the_presets_tell_their_changes_and_every_value(service: Handouts) -> None:
    answer = service.get("/api/options").json
    assert [preset["name"] for preset in answer["presets"]] == list(PRESETS)
    for preset in answer["presets"]:
        assert StyleOptions.from_dict(preset["options"]) == StyleOptions.preset(preset["name"])
        assert preset["changes"].items() <= preset["options"].items()
    assert answer["layers"] == {name: list(layers) for name, layers in LAYERS.items()}


def test_the_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    with handouts(tmp_path, max_upload_bytes=20_000, max_batch=7) as service:
        limits = service.get("/api/limits").json
    assert (limits["max_upload_bytes"], limits["max_batch"], limits["api_key_needed"]) == (20_000, 7, False)
    assert limits["formats"] == ["JPEG", "PNG", "WEBP"] and limits["max_styles"] == 4 and limits["min_side"] == 16


def test_the_queue_shows_numbers_and_workers_and_no_ids(service: Handouts) -> None:
    first, second = service.put_inputs(), service.put_inputs()
    service.claim(first)
    _announce(service, job=first.id)
    answer = service.get("/api/queue")
    assert (answer.json["queued"], answer.json["running"]) == (1, 1)
    assert answer.json["workers"] == [
        {"device": "cpu", "backbone": {"name": "wavelet", "why": "no weights"}, "ready": True, "busy": True}
    ]
    assert answer.json["eta"] is None
    assert first.id.encode() not in answer.data and second.id.encode() not in answer.data


def test_experience_becomes_an_estimate(service: Handouts) -> None:
    service.done()
    assert service.get("/api/queue").json["eta"] is None
    _announce(service)
    free = service.get("/api/queue").json["eta"]
    assert free["start_seconds"] == 0 and free["done_seconds"] >= 0
    for _ in range(3):
        service.put_inputs()
    assert service.get("/api/queue").json["eta"]["start_seconds"] >= free["start_seconds"]


def test_health_asks_nobody(service: Handouts, monkeypatch: pytest.MonkeyPatch) -> None:
    service.context.ports.close()
    assert service.get("/healthz").status_code == 200


def test_readiness_needs_a_ready_worker_and_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.operate.ops.READY_SECONDS", 0)
    with handouts(tmp_path) as service:
        answer = service.get("/readyz")
        assert answer.status_code == 503 and "no worker is ready" in answer.json["detail"]
        assert answer.headers["Retry-After"]
        _announce(service, ready=False)
        assert service.get("/readyz").status_code == 503
        _announce(service)
        assert service.get("/readyz").status_code == 200

        def broken() -> None:
            raise Unavailable("the disk is full")

        monkeypatch.setattr(type(service.context.artifacts), "check", lambda self: broken())
        answer = service.get("/readyz")
        assert answer.status_code == 503 and "the artifacts cannot be used" in answer.json["detail"]
        assert "disk" not in answer.json["detail"]


def test_the_api_alone_is_ready_without_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.operate.ops.READY_SECONDS", 0)

    def broken(self: object) -> None:
        raise Unavailable("password wrong")

    with handouts(tmp_path) as service:
        assert service.get("/readyz?part=api").status_code == 200
        assert service.get("/readyz?part=all").status_code == 503
        for part, kind in (("the store", "store"), ("the artifacts", "artifacts"), ("the bus", "bus")):
            with monkeypatch.context() as patched:
                patched.setattr(type(getattr(service.context, kind)), "check", broken)
                answer = service.get("/readyz?part=api")
            assert answer.status_code == 503 and answer.json["detail"] == f"Not ready: {part} cannot be used."


def test_a_part_that_is_none_is_refused(service: Handouts) -> None:
    answer = service.get("/readyz?part=gpu")
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_parameter")
    assert "all or api" in answer.json["detail"]


def test_readiness_is_asked_at_most_every_two_seconds(service: Handouts) -> None:
    assert service.get("/readyz").status_code == 503
    _announce(service)
    assert service.get("/readyz").status_code == 503


def test_metrics_hold_what_the_store_says_now(service: Handouts) -> None:
    service.done()
    service.put_inputs()
    _announce(service)
    service.context.metrics.submitted.labels(result="new").inc()
    text = service.get("/metrics").get_data(as_text=True)
    for name in STORE_METRICS:
        assert f"# HELP {PREFIX}{name} " in text
    assert 'nst_jobs{status="succeeded"} 1.0' in text and 'nst_jobs{status="failed"} 0.0' in text
    assert "nst_jobs_open 1.0" in text and 'nst_workers{ready="true"} 1.0' in text
    assert 'nst_jobs_submitted_total{result="new"} 1.0' in text


def test_without_its_store_the_api_still_tells_its_own_metrics(
    service: Handouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: object) -> None:
        raise Unavailable("the disk is gone")

    monkeypatch.setattr(type(service.context.store), "counts", broken)
    answer = service.get("/metrics")
    assert answer.status_code == 200 and b"nst_viewers" in answer.data and b"nst_jobs_open" not in answer.data


def test_the_answers_are_documented(service: Handouts) -> None:
    spec = json.loads(service.client.get("/api/openapi.json").data)
    assert spec["paths"]["/api/options"]["get"]["operationId"] == "getOptions"
    assert {"200", "503"} <= set(spec["paths"]["/readyz"]["get"]["responses"])
    schema = spec["paths"]["/api/queue"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("QueueOut")
