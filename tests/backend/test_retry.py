"""POST /api/jobs/<id>/retry: a new job from the stored pictures of an old one."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from jobs import keys
from jobs.model import JobStatus
from tests.backend.service import Service, body, picture, problem


def _retry(service: Service, job: Mapping[str, Any], changes: Any = None, **headers: str) -> TestResponse:
    sent = {} if changes is None else {"json": changes}
    return service.client.post(f"/api/jobs/{job['id']}/retry", headers=service.owner(job) | headers, **sent)


def _failed(service: Service, **given: Any) -> dict[str, Any]:
    job = service.submit(**given)
    service.paint(job["id"], status=JobStatus.FAILED)
    return job


def test_a_failed_job_is_tried_again_as_a_new_one(service: Service) -> None:
    job = _failed(service)
    answer = _retry(service, job)
    new = body(answer)
    assert answer.status_code == 202 and answer.headers["Location"] == f"/api/jobs/{new['id']}"
    assert new["id"] != job["id"] and new["owner_token"] == service.context.owner_token(new["id"])
    assert (new["status"], new["retry_of"], new["options"]) == ("queued", job["id"], job["options"])
    assert (new["width"], new["height"]) == (job["width"], job["height"])
    for old, fresh in ((keys.content, keys.content), (_style, _style)):
        assert service.ports.artifacts.get(fresh(new["id"])) == service.ports.artifacts.get(old(job["id"]))


def _style(id: str) -> str:
    return keys.style(id, 1)


def test_options_can_be_changed(service: Service) -> None:
    job = _failed(service, options={"size": 64, "seed": 7})
    new = body(_retry(service, job, {"options": {"size": 96, "color": "luminance"}}))
    assert (new["options"]["size"], new["options"]["seed"], new["options"]["color"]) == (96, 7, "luminance")
    assert (new["width"], new["height"]) == (96, 80)


def test_a_preset_starts_anew(service: Service) -> None:
    new = body(_retry(service, _failed(service, options={"seed": 7}), {"options": {"preset": "draft"}}))
    assert (new["options"]["iterations"], new["options"]["seed"]) == (60, 0)


def test_a_job_that_is_not_over_is_not_tried_again(service: Service) -> None:
    assert problem(_retry(service, service.submit())) == (409, "job_not_over")


def test_only_the_owner_tries_again(service: Service) -> None:
    job = _failed(service)
    assert problem(service.client.post(f"/api/jobs/{job['id']}/retry")) == (403, "not_owner")


def test_a_small_picture_was_stored_in_full_and_serves_any_size(service: Service) -> None:
    assert _retry(service, _failed(service), {"options": {"size": 1500}}).status_code == 202


def test_what_was_made_smaller_does_not_serve_a_larger_result(service: Service) -> None:
    job = _failed(service, content=picture(0, 1000, 500))
    assert _retry(service, job, {"options": {"size": 512}}).status_code == 202
    answer = _retry(service, job, {"options": {"size": 513}})
    assert problem(answer) == (422, "inputs_too_small")
    assert body(answer)["field"] == "options.size" and "pload" in body(answer)["hint"]


def test_a_painting_that_was_made_smaller_does_not_serve_larger_strokes(service: Service) -> None:
    job = _failed(service, style=picture(1, 1000, 500), options={"size": 400})
    answer = _retry(service, job, {"options": {"style_scale": 2}})
    assert problem(answer) == (422, "inputs_too_small")
    assert body(answer)["field"] == "options.style_scale"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ([], 400, "bad_json"),
        ({"option": {}}, 422, "unknown_part"),
        ({"options": [1]}, 422, "invalid_value"),
        ({"fresh": "yes"}, 422, "invalid_value"),
        ({"options": {"sise": 1}}, 422, "invalid_option"),
        ({"options": {"size": 5000}}, 422, "over_limit"),
    ],
)
def test_changes_are_checked(service: Service, changes: Any, status: int, code: str) -> None:
    assert problem(_retry(service, _failed(service), changes)) == (status, code)


def test_the_body_must_be_json_and_small(service: Service) -> None:
    job = _failed(service)
    path, headers = f"/api/jobs/{job['id']}/retry", service.owner(job)
    assert problem(service.client.post(path, data=b"x=1", headers=headers)) == (415, "not_json")
    broken = service.client.post(path, data=b"{", content_type="application/json", headers=headers)
    assert problem(broken) == (400, "bad_json")
    assert body(broken)["detail"].startswith("The body is no JSON") and body(broken)["hint"].startswith(
        'Send {"options": {"size": 512}}'
    )
    huge = service.client.post(path, data=bytes(200_000), content_type="application/json", headers=headers)
    assert problem(huge) == (413, "too_large")


def test_a_repeated_retry_answers_the_same_job(service: Service) -> None:
    job = _failed(service)
    key = {"Idempotency-Key": "abc"}
    first, second = (_retry(service, job, {"options": {"seed": 1}}, **key) for _ in range(2))
    assert body(first) == body(second) and second.headers["Idempotency-Replayed"] == "true"
    other = _retry(service, job, {"options": {"seed": 2}}, **key)
    assert problem(other) == (422, "key_reused")
    assert body(other)["detail"] == "This Idempotency-Key belongs to another submission."
    assert body(other)["hint"] == "Send a new one with each submission."


def test_the_key_of_a_job_that_was_deleted_has_to_be_another(service: Service) -> None:
    key = {"Idempotency-Key": "abc"}
    job = service.submit(headers=key)
    service.paint(job["id"])
    assert "Idempotency-Key" not in body(service.get(f"/api/jobs/{job['id']}/frames/99"))["hint"]
    assert service.client.delete(f"/api/jobs/{job['id']}", headers=service.owner(job)).status_code == 204
    gone = service.post(headers=key)
    assert problem(gone) == (410, "job_purged")
    assert "with a new Idempotency-Key" in body(gone)["hint"]
    assert "Idempotency-Key" not in body(service.get(f"/api/jobs/{job['id']}"))["hint"]


def test_without_its_pictures_a_job_cannot_be_tried_again(service: Service) -> None:
    job = _failed(service)
    service.ports.artifacts.delete(keys.content(job["id"]))
    assert problem(_retry(service, job)) == (410, "inputs_gone")


def test_a_retry_counts_against_the_limits(serve: Callable[..., Service]) -> None:
    service = serve(max_queued=1)
    job = _failed(service)
    service.submit()
    assert problem(_retry(service, job)) == (503, "queue_full")
    assert len(service.ports.artifacts.jobs()) == 2
