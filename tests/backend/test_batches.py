"""Many photos, submitted together."""

import json
from collections.abc import Callable

from backend.follow.job_answers import BatchAnswer, BatchSubmitted
from jobs import keys
from tests.backend.service import Service, body, picture, problem

PHOTOS = [picture(seed, 40 + seed, 40) for seed in range(3)]


def test_a_batch_becomes_a_job_for_each_photo(service: Service) -> None:
    answer = service.post("/api/batches", content=PHOTOS)
    batch = body(answer)
    BatchSubmitted.model_validate(batch)
    assert answer.status_code == 202 and answer.headers["Location"] == f"/api/batches/{batch['id']}"
    assert batch["owner_token"] == service.context.owner_token(batch["id"])
    assert [job["height"] for job in batch["jobs"]] == [64, 62, 61]
    assert {job["batch"] for job in batch["jobs"]} == {batch["id"]}
    assert batch["counts"] == {"queued": 3, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}


def test_a_batch_waits_behind_single_jobs(service: Service) -> None:
    batch = body(service.post("/api/batches", content=PHOTOS))
    assert service.submit()["queue"]["position"] == 1
    assert service.status(batch["jobs"][0]["id"])["queue"]["position"] == 2


def test_a_batch_shows_how_its_jobs_are(service: Service) -> None:
    batch = body(service.post("/api/batches", content=PHOTOS))
    service.paint(batch["jobs"][1]["id"])
    shown = body(service.get(f"/api/batches/{batch['id']}"))
    BatchAnswer.model_validate(shown)
    assert shown["counts"]["succeeded"] == 1 and shown["counts"]["queued"] == 2
    assert [job["id"] for job in shown["jobs"]] == [job["id"] for job in batch["jobs"]]


def test_all_photos_are_taken_or_none(serve: Callable[..., Service]) -> None:
    service = serve(max_queued=2)
    assert problem(service.post("/api/batches", content=PHOTOS)) == (503, "queue_full")
    broken = service.post("/api/batches", content=[PHOTOS[0], PHOTOS[1][:200]])
    assert problem(broken) == (422, "broken_picture")
    assert body(broken)["field"] == "content[1]"
    assert service.ports.artifacts.jobs() == ()


def test_a_batch_has_a_limit(serve: Callable[..., Service]) -> None:
    service = serve(max_batch=2)
    assert problem(service.post("/api/batches", content=PHOTOS)) == (422, "too_many_parts")


def test_the_same_key_answers_the_same_batch(service: Service) -> None:
    headers = {"Idempotency-Key": "abc"}
    first, second = (service.post("/api/batches", content=PHOTOS, headers=headers) for _ in range(2))
    assert body(first) == body(second) and second.headers["Idempotency-Replayed"] == "true"
    assert problem(service.post(content=PHOTOS[0], headers=headers)) == (422, "key_reused")


def test_known_photos_of_a_batch_are_over_at_once(service: Service) -> None:
    service.paint(service.submit(content=PHOTOS[1])["id"])
    batch = body(service.post("/api/batches", content=PHOTOS))
    assert [job["status"] for job in batch["jobs"]] == ["queued", "succeeded", "queued"]


def test_a_batch_is_cancelled_and_deleted_as_one(service: Service) -> None:
    batch = body(service.post("/api/batches", content=PHOTOS))
    path, owner = f"/api/batches/{batch['id']}", service.owner(batch)
    service.paint(batch["jobs"][0]["id"])
    assert problem(service.client.delete(path, headers=owner)) == (409, "job_not_over")
    cancelled = body(service.client.post(f"{path}/cancel", headers=owner))
    assert (cancelled["counts"]["cancelled"], cancelled["counts"]["succeeded"]) == (2, 1)
    assert service.client.delete(path, headers=owner).status_code == 204
    assert service.ports.artifacts.jobs() == ()
    assert problem(service.get(path)) == (404, "batch_not_found")


def test_only_its_owner_ends_a_batch(service: Service) -> None:
    batch = body(service.post("/api/batches", content=PHOTOS))
    path = f"/api/batches/{batch['id']}"
    job_token = {"X-Owner-Token": service.context.owner_token(batch["jobs"][0]["id"])}
    for headers in ({}, job_token):
        assert problem(service.client.post(f"{path}/cancel", headers=headers)) == (403, "not_owner")
        assert problem(service.client.delete(path, headers=headers)) == (403, "not_owner")


def test_the_owner_of_a_batch_owns_its_jobs(service: Service) -> None:
    batch = body(service.post("/api/batches", content=PHOTOS))
    path = f"/api/jobs/{batch['jobs'][0]['id']}/cancel"
    assert service.client.post(path, headers=service.owner(batch)).status_code == 202


def test_an_unknown_batch_is_not_found(service: Service) -> None:
    for id in ("0" * 32, "x", "..%2f"):
        assert service.get(f"/api/batches/{id}").status_code == 404


def test_what_was_cancelled_in_a_batch_stays_cancelled_in_storage(service: Service) -> None:
    batch = body(service.post("/api/batches", content=PHOTOS[:2]))
    service.client.post(f"/api/batches/{batch['id']}/cancel", headers=service.owner(batch))
    for job in batch["jobs"]:
        assert json.loads(service.ports.artifacts.get(keys.manifest(job["id"])))["status"] == "cancelled"
