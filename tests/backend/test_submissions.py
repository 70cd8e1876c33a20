"""POST /api/jobs: what is taken, what is stored, what is answered."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from jobs import keys
from jobs.errors import JobNotFound, Unavailable
from jobs.model import JobSpec, JobStatus
from jobs.tracing import trace_id
from nst.options import StyleOptions
from tests.backend.service import OPTIONS, Service, body, part, picture, problem


def test_a_photo_and_a_painting_become_a_queued_job(service: Service) -> None:
    answer = service.post()
    job = body(answer)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/jobs/{job['id']}"
    assert (job["status"], job["queue"]["position"], job["width"], job["height"]) == ("queued", 1, 64, 53)
    assert job["options"] == StyleOptions.from_dict(OPTIONS).to_dict()
    assert job["owner_token"] == service.context.owner_token(job["id"])
    assert service.status(job["id"]) == {name: value for name, value in job.items() if name != "owner_token"}


def test_the_pictures_and_the_request_are_stored(service: Service) -> None:
    id = service.submit(style=[picture(1), picture(2)])["id"]
    names = [entry.key.removeprefix(f"{id}/") for entry in service.ports.artifacts.list(id)]
    assert names == ["content.png", "job.json", "style-1.png", "style-2.png"]
    stored = Image.open(io.BytesIO(service.ports.artifacts.get(keys.content(id))))
    sent = Image.open(io.BytesIO(picture(0)))
    assert np.array_equal(np.asarray(stored), np.asarray(sent))


def test_nothing_of_the_senders_metadata_is_stored(service: Service) -> None:
    notes = PngInfo()
    notes.add_text("Author", "somebody")
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    content = picture(0, pnginfo=notes, exif=exif) + b"<script>alert(1)</script>"
    id = service.submit(content=content, style=picture(1, format="JPEG", exif=exif, comment=b"secret"))["id"]
    for key in (keys.content(id), keys.style(id, 1)):
        data = service.ports.artifacts.get(key)
        assert not [word for word in (b"somebody", b"camera", b"script", b"secret", b"eXIf") if word in data]


def test_names_of_files_are_never_stored(service: Service) -> None:
    data = {"content": part(picture(0), "../../x-holiday.png"), "style": part(picture(1), "C:\\y-holiday.png")}
    id = body(service.send("/api/jobs", data))["id"]
    entries = service.ports.artifacts.list(id)
    assert not [entry for entry in entries if b"holiday" in service.ports.artifacts.get(entry.key)]


def test_a_large_picture_is_stored_no_larger_than_needed(service: Service) -> None:
    id = service.submit(content=picture(0, 1000, 500), style=picture(1, 900, 1200), options={"size": 100})["id"]
    sizes = [Image.open(io.BytesIO(service.ports.artifacts.get(key))).size for key in (keys.content(id),)]
    sizes += [Image.open(io.BytesIO(service.ports.artifacts.get(keys.style(id, 1)))).size]
    assert sizes == [(512, 256), (384, 512)]


def test_a_turned_photo_gives_an_upright_result(service: Service) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    job = service.submit(content=picture(0, 80, 40, "JPEG", exif=exif))
    assert (job["width"], job["height"]) == (32, 64)


def test_the_size_can_measure_the_height(service: Service) -> None:
    job = service.submit(content=picture(0, 80, 40), options={"size": 64, "size_by": "height"})
    assert (job["width"], job["height"]) == (128, 64)


def test_a_style_of_the_gallery_comes_after_the_uploaded_ones(service: Service) -> None:
    chosen = service.context.gallery.styles()[0]
    job = service.submit(style=picture(1), style_id=chosen.id)
    assert job["style_ids"] == ["", chosen.id]
    assert len(job["links"]["styles"]) == 2


def test_a_style_of_the_gallery_is_enough(service: Service) -> None:
    chosen = service.context.gallery.styles()[0]
    assert service.submit(style=[], style_id=chosen.id)["style_ids"] == [chosen.id]


def test_options_may_be_missing_and_may_name_a_preset(service: Service) -> None:
    assert service.submit(options=None)["options"] == StyleOptions().to_dict()
    drafted = service.submit(options={"preset": "draft", "seed": 3})["options"]
    assert drafted == StyleOptions.preset("draft", seed=3).to_dict()


def test_the_same_key_answers_the_same_job(service: Service) -> None:
    headers = {"Idempotency-Key": "abc"}
    first, second = service.post(headers=headers), service.post(headers=headers)
    assert body(first) == body(second)
    assert second.status_code == 202 and second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert service.ports.artifacts.jobs() == (body(first)["id"],)


@pytest.mark.parametrize(
    "change", [{"content": picture(5)}, {"options": {"size": 65}}, {"fresh": "true"}, {"style": [picture(1)] * 2}]
)
def test_a_key_belongs_to_one_submission(service: Service, change: dict[str, object]) -> None:
    headers = {"Idempotency-Key": "abc"}
    service.submit(headers=headers)
    assert problem(service.post(headers=headers, **change)) == (422, "key_reused")  # type: ignore[arg-type]


def test_a_key_replays_even_what_could_not_be_decoded_again(service: Service) -> None:
    headers = {"Idempotency-Key": "abc"}
    first = service.submit(headers=headers)
    with patch("backend.submit.submissions.stored", side_effect=AssertionError("decoded again")):
        assert service.submit(headers=headers)["id"] == first["id"]


def test_the_key_of_a_deleted_job_answers_that_it_is_gone(service: Service) -> None:
    job = service.submit(headers={"Idempotency-Key": "abc"})
    service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job))
    service.client.delete(f"/api/jobs/{job['id']}", headers=service.owner(job))
    assert problem(service.post(headers={"Idempotency-Key": "abc"})) == (410, "job_purged")


def test_fifty_threads_with_one_key_make_one_job(service: Service) -> None:
    together = threading.Barrier(50)

    def submit(_: int) -> str:
        together.wait()
        data = {"content": part(picture(0)), "style": part(picture(1)), "options": '{"size": 64}'}
        answer = service.send("/api/jobs", data, {"Idempotency-Key": "one"})
        assert answer.status_code == 202
        return str(body(answer)["id"])

    with ThreadPoolExecutor(50) as pool:
        ids = set(pool.map(submit, range(50)))
    assert len(ids) == 1
    assert set(service.ports.artifacts.jobs()) == ids
    assert service.ports.store.counts()[JobStatus.QUEUED] == 1


def test_a_full_queue_is_refused_with_the_time_to_wait(serve: Callable[..., Service]) -> None:
    service = serve(max_queued=2)
    ids = {service.submit()["id"], service.submit()["id"]}
    assert problem(service.post()) == (503, "queue_full")
    assert set(service.ports.artifacts.jobs()) == ids


def test_a_queue_that_fills_up_meanwhile_leaves_nothing_behind(serve: Callable[..., Service]) -> None:
    service = serve(max_queued=1)
    with patch("backend.submit.submissions.check_room"):
        id = service.submit()["id"]
        assert problem(service.post()) == (503, "queue_full")
    assert service.ports.artifacts.jobs() == (id,)


def test_a_client_with_too_many_open_jobs_is_told_to_wait(serve: Callable[..., Service]) -> None:
    service = serve(max_open_per_client=1)
    service.submit()
    assert problem(service.post()) == (429, "too_many_jobs")
    assert len(service.ports.artifacts.jobs()) == 1


class _BrokenBus:
    """A bus that cannot send."""

    carries = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def publish(self, specs: Sequence[JobSpec]) -> None:
        self.asked += [spec.id for spec in specs]
        raise Unavailable("no broker answers")


@contextmanager
def _without_bus(service: Service) -> Iterator[_BrokenBus]:
    whole, bus = service.context, _BrokenBus()
    ports = replace(service.ports, bus=bus)  # type: ignore[arg-type]
    service.app.extensions["nst"] = replace(whole, ports=ports)
    yield bus
    service.app.extensions["nst"] = whole


def test_nothing_is_half_accepted_while_the_bus_is_away(service: Service) -> None:
    with _without_bus(service) as bus:
        answer = service.post()
        assert problem(answer) == (503, "unavailable") and answer.headers["Retry-After"]
        assert "broker" not in answer.text  # what is inside is for the log
        assert problem(service.post("/api/batches", content=[picture(0), picture(2)])) == (503, "unavailable")
    assert len(bus.asked) == 3
    assert service.ports.artifacts.jobs() == ()
    for id in bus.asked:
        with pytest.raises(JobNotFound):
            service.ports.store.get(id)
    assert service.ports.store.claim("worker") is None


def test_a_key_that_was_used_while_the_bus_was_away_can_be_used_again(service: Service) -> None:
    headers = {"Idempotency-Key": "abc"}
    with _without_bus(service):
        assert service.post(headers=headers).status_code == 503
    answer = service.post(headers=headers)
    assert answer.status_code == 202 and "Idempotency-Replayed" not in answer.headers
    assert service.ports.store.get(body(answer)["id"]).status is JobStatus.QUEUED


def test_a_job_that_a_worker_took_before_the_bus_failed_is_told_to_stop(service: Service) -> None:
    class Quick(_BrokenBus):
        carries = False  # as if sending had taken longer than jobs are held for it

        def publish(self, specs: Sequence[JobSpec]) -> None:
            service.claim(specs[0].id)
            super().publish(specs)

    with patch(f"{__name__}._BrokenBus", Quick), _without_bus(service) as bus:
        assert service.post().status_code == 503
    assert service.ports.store.get(bus.asked[0]).cancel_requested
    assert service.ports.artifacts.jobs() == (bus.asked[0],)


def test_a_submission_whose_answer_the_store_lost_is_taken_back(service: Service) -> None:
    store = service.ports.store
    enqueue, headers = type(store).enqueue, {"Idempotency-Key": "abc"}

    def deaf(self: object, *jobs: Any, **how: Any) -> None:
        enqueue(store, *jobs, **how)
        raise Unavailable("no answer came")

    with patch.object(type(store), "enqueue", deaf):
        assert problem(service.post(headers=headers)) == (503, "unavailable")
    assert store.claim("worker") is None
    assert service.post(headers=headers).status_code == 202


def test_a_job_belongs_to_the_trace_of_its_request(service: Service) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    id = service.submit(headers={"traceparent": parent})["id"]
    assert service.ports.store.get(id).spec.trace.startswith("00-0af7651916cd43dd8448eb211c80319c-")


def test_a_job_without_a_trace_begins_one(service: Service) -> None:
    first, second = (
        service.ports.store.get(service.submit(headers=headers)["id"]).spec.trace
        for headers in ({}, {"traceparent": "x"})
    )
    assert trace_id(first) and trace_id(second) and trace_id(first) != trace_id(second)


def test_the_jobs_of_a_batch_share_a_trace(service: Service) -> None:
    jobs = body(service.post("/api/batches", content=[picture(0), picture(2)]))["jobs"]
    assert len({service.ports.store.get(job["id"]).spec.trace for job in jobs}) == 1


def test_a_broken_second_picture_leaves_nothing_behind(service: Service) -> None:
    assert service.post(style=[picture(1), picture(2)[:200]]).status_code == 422
    assert service.ports.artifacts.jobs() == ()


def test_submissions_are_counted_by_what_became_of_them(service: Service) -> None:
    headers = {"Idempotency-Key": "abc"}
    service.post(headers=headers)
    service.post(headers=headers)
    service.post(style=[])
    results = ("accepted", "replayed", "refused")
    counts = [service.context.registry.get_sample_value("nst_jobs_submitted_total", {"result": r}) for r in results]
    assert counts == [1, 1, 1]
