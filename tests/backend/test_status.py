"""A job looked at, waited for, cancelled, deleted, listed."""

import json
import threading
from collections.abc import Callable
from hashlib import sha256

import pytest

from backend.follow.job_answers import JobAnswer, JobList
from jobs import keys
from jobs.errors import Unavailable
from jobs.model import FrameRef, JobError, JobStatus, Progress
from jobs.terms import Outcome
from tests.backend.service import Service, body, problem


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_the_answer_is_what_the_document_promises(service: Service, status: JobStatus) -> None:
    id = service.submit()["id"]
    JobAnswer.model_validate(service.status(id))
    service.paint(id, status=status)
    shown = service.status(id)
    JobAnswer.model_validate(shown)
    assert (shown["status"], shown["frames"], shown["iteration"]) == (status.value, [10, 20], 20)
    assert shown["losses"] == {"total": 1.5, "content": None, "style": None, "tv": None}
    assert shown["backbone"] == {"name": "wavelet", "why": "because"}
    assert (shown["error"] is not None) == (status is JobStatus.FAILED)
    assert shown["queue"] is None and shown["eta_seconds"] is None
    assert all(shown[name].endswith("Z") for name in ("created_at", "started_at", "finished_at", "expires_at"))


def test_a_running_job_shows_how_far_it_is(service: Service) -> None:
    id = service.submit()["id"]
    token = service.claim(id).token
    progress = Progress(iteration=5, total_iterations=20, iterations_per_second=2.5, remaining_seconds=6.0, width=32)
    service.ports.store.beat(id, token, progress, [FrameRef(5, token)])
    shown = service.status(id)
    assert (shown["status"], shown["iteration"], shown["eta_seconds"], shown["width"]) == ("running", 5, 6.0, 32)


def test_what_is_no_number_is_null(service: Service) -> None:
    id = service.submit()["id"]
    token = service.claim(id).token
    service.ports.store.beat(id, token, Progress(loss=float("inf"), iterations_per_second=float("nan")))
    shown = service.status(id)
    assert shown["losses"]["total"] is None and shown["iterations_per_second"] == 0


def test_a_job_that_waits_for_another_try_says_why(service: Service) -> None:
    id = service.submit()["id"]
    job = service.claim(id)
    service.ports.store.release(id, job.token, delay_seconds=60, error=JobError("out_of_memory", "no memory"))
    shown = service.status(id)
    assert (shown["status"], shown["error"]["code"], shown["attempt"]) == ("queued", "out_of_memory", 1)


def test_what_has_not_changed_is_not_sent_again(service: Service) -> None:
    id = service.submit()["id"]
    tag = service.get(f"/api/jobs/{id}").headers["ETag"]
    again = service.get(f"/api/jobs/{id}", If_None_Match=tag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    service.claim(id)
    assert service.get(f"/api/jobs/{id}", If_None_Match=tag).status_code == 200


def test_a_new_place_in_the_queue_is_a_change(service: Service) -> None:
    first, second = service.submit()["id"], service.submit()["id"]
    tag = service.get(f"/api/jobs/{second}").headers["ETag"]
    service.claim(first)
    answer = service.get(f"/api/jobs/{second}", If_None_Match=tag)
    assert answer.status_code == 200 and body(answer)["queue"]["position"] == 1


def test_nobody_keeps_an_answer_without_asking(service: Service) -> None:
    assert service.get(f"/api/jobs/{service.submit()['id']}").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("query", ["wait=20&version=1", "wait=20"])
def test_a_long_poll_ends_with_the_change(service: Service, query: str) -> None:
    id = service.submit()["id"]
    threading.Timer(0.2, service.claim, [id]).start()
    answer = service.get(f"/api/jobs/{id}?{query}")
    assert body(answer)["status"] == "running"


def test_a_long_poll_ends_with_its_patience(service: Service) -> None:
    job = service.submit()
    answer = service.get(f"/api/jobs/{job['id']}?wait=1", If_None_Match='W/"1-1"')
    assert answer.status_code == 304


@pytest.mark.parametrize("query", ["wait=25&version=0", "wait=25&version=1"])
def test_a_long_poll_never_waits_for_what_has_come(service: Service, query: str) -> None:
    id = service.submit()["id"]
    service.claim(id)
    assert body(service.get(f"/api/jobs/{id}?{query}"))["status"] == "running"


def test_nobody_waits_for_a_job_that_is_over(service: Service) -> None:
    id = service.submit()["id"]
    version = service.paint(id).version
    assert body(service.get(f"/api/jobs/{id}?wait=25&version={version}"))["status"] == "succeeded"


def test_one_viewer_too_many_is_answered_at_once(serve: Callable[..., Service]) -> None:
    service = serve(viewers=0)
    id = service.submit()["id"]
    assert body(service.get(f"/api/jobs/{id}?wait=25"))["status"] == "queued"


@pytest.mark.parametrize("query", ["wait=0", "wait=26", "wait=x", "version=-1", "version=x", "version="])
def test_a_parameter_outside_its_limits_is_refused(service: Service, query: str) -> None:
    answer = service.get(f"/api/jobs/{service.submit()['id']}?{query}")
    assert problem(answer) == (422, "invalid_parameter")
    assert body(answer)["field"] == query.partition("=")[0]


def test_an_unknown_job_is_not_found(service: Service) -> None:
    assert problem(service.get(f"/api/jobs/{'0' * 32}")) == (404, "job_not_found")


def test_a_queued_job_is_cancelled_at_once(service: Service) -> None:
    job = service.submit()
    answer = service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    assert (answer.status_code, body(answer)["status"]) == (202, "cancelled")
    again = service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    assert (again.status_code, body(again)["version"]) == (200, body(answer)["version"])


def test_a_job_that_was_cancelled_in_the_queue_stays_cancelled_in_storage(service: Service) -> None:
    job = service.submit()
    service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    assert json.loads(service.ports.artifacts.get(keys.manifest(job["id"])))["status"] == "cancelled"


def test_a_job_is_cancelled_where_storage_cannot_be_written(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(key: str, data: bytes) -> bool:
        raise Unavailable("nobody is there")

    job = service.submit()
    monkeypatch.setattr(service.ports.artifacts, "create", refuse)
    answer = service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    assert (answer.status_code, body(answer)["status"]) == (202, "cancelled")


def test_a_running_job_is_asked_to_stop(service: Service) -> None:
    job = service.submit()
    token = service.claim(job["id"]).token
    answer = service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    assert (answer.status_code, body(answer)["status"]) == (202, "running")
    assert body(answer)["cancel_requested"] is True
    assert service.ports.store.finish(job["id"], token, Outcome(status=JobStatus.CANCELLED))
    assert service.status(job["id"])["status"] == "cancelled"


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED])
def test_a_job_that_is_over_cannot_be_cancelled(service: Service, status: JobStatus) -> None:
    job = service.submit()
    service.paint(job["id"], status=status)
    answer = service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    assert problem(answer) == (409, "job_is_over")


def test_only_its_owner_cancels_and_deletes(service: Service) -> None:
    job, other = service.submit(), service.submit()
    for method, path in (("POST", "/cancel"), ("DELETE", "")):
        for headers in ({}, service.owner(other)):
            answer = service.client.open(f"/api/jobs/{job['id']}{path}", method=method, headers=headers)
            assert problem(answer) == (403, "not_owner")


def test_a_deleted_job_is_gone_with_its_pictures(service: Service) -> None:
    job = service.submit()
    service.paint(job["id"])
    assert service.client.delete(f"/api/jobs/{job['id']}", headers=service.owner(job)).status_code == 204
    assert service.ports.artifacts.jobs() == ()
    path = f"/api/jobs/{job['id']}"
    answers = [
        service.get(path),
        service.get(f"{path}/events"),
        service.client.delete(path, headers=service.owner(job)),
        service.client.post(f"{path}/cancel", headers=service.owner(job)),
        service.client.post(f"{path}/retry", headers=service.owner(job)),
    ]
    assert [problem(answer) for answer in answers] == [(410, "job_purged")] * 5


def test_a_job_that_is_not_over_cannot_be_deleted(service: Service) -> None:
    job = service.submit()
    answer = service.client.delete(f"/api/jobs/{job['id']}", headers=service.owner(job))
    assert problem(answer) == (409, "job_not_over")
    assert "ancel" in body(answer)["hint"]
    assert service.status(job["id"])["status"] == "queued"


def test_a_lost_store_is_filled_again_by_looking(service: Service, serve: Callable[..., Service]) -> None:
    waiting, done = service.submit(), service.submit()
    service.paint(done["id"])
    service.ports.close()
    for file in service.settings.data_dir.glob("jobs.sqlite*"):
        file.unlink()
    later = serve()
    assert later.status(done["id"])["status"] == "succeeded"
    assert later.status(waiting["id"])["status"] == "queued"
    answer = later.client.post(f"/api/jobs/{waiting['id']}/cancel", headers=later.owner(waiting))
    assert answer.status_code == 202  # the token is derived, not kept


def test_jobs_are_listed_by_key_newest_first(serve: Callable[..., Service]) -> None:
    digests = ",".join(f"{name}:{sha256(name.encode()).hexdigest()}" for name in ("anna", "ben"))
    service = serve(api_keys=digests)
    headers = {"X-API-Key": "anna"}
    ids = [service.submit(headers=headers)["id"] for _ in range(3)]
    service.submit(headers={"X-API-Key": "ben"})
    first = body(service.get("/api/jobs?limit=2", X_API_Key="anna"))
    JobList.model_validate(first)
    second = body(service.get(f"/api/jobs?limit=2&before={first['next']!r}", X_API_Key="anna"))
    assert [job["id"] for job in first["jobs"] + second["jobs"]] == ids[::-1]
    assert second["next"] is None
    assert "owner_token" not in first["jobs"][0]


def test_listing_needs_a_key(service: Service, serve: Callable[..., Service]) -> None:
    assert problem(service.get("/api/jobs")) == (403, "listing_needs_key")
    keyed = serve(api_keys=f"anna:{sha256(b'anna').hexdigest()}")
    assert problem(keyed.get("/api/jobs")) == (401, "api_key_needed")
    for query in ("limit=0", "limit=101", "before=x", "before=nan"):
        assert problem(keyed.get(f"/api/jobs?{query}", X_API_Key="anna")) == (422, "invalid_parameter")


def test_the_result_of_the_worker_is_where_the_links_say(service: Service) -> None:
    job = service.submit()
    over = service.paint(job["id"])
    links = service.status(job["id"])["links"]
    paths = [links["result"], links["content"], links["styles"][0], links["frame"].format(iteration=10)]
    assert [service.get(path).status_code for path in paths] == [200] * 4
    assert service.get(links["result"]).data == service.ports.artifacts.get(keys.result(job["id"], over.token))
