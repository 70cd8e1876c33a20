"""What a job hands out: result, frames, inputs, losses, film."""

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.handouts.films import Films
from backend.problems import Problem
from jobs import keys
from jobs.model import FrameRef, Job, JobStatus
from tests.backend.handouts import Handouts, handouts, jpeg, png

#: Stands for a film that was made before: it is not looked at.
FILM = bytes(range(100))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Handouts]:
    with handouts(tmp_path) as service:
        yield service


def _cancelled(service: Handouts, iterations: tuple[int, ...]) -> Job:
    job = service.put_inputs()
    token = service.claim(job)
    service.keep(job, token, iterations)
    return service.finish(job, token, JobStatus.CANCELLED)


def _filmed(service: Handouts) -> Job:
    job = service.done()
    service.context.artifacts.put(keys.timelapse(job.id), FILM)
    return job


def test_the_result_is_the_stored_png_and_is_not_sent_twice(service: Handouts) -> None:
    job = service.done()
    answer = service.get(f"/api/jobs/{job.id}/result")
    assert answer.data == png(9) and answer.mimetype == "image/png"
    assert answer.content_length == len(png(9)) and answer.headers["Cache-Control"].startswith("private")
    assert "Content-Disposition" not in answer.headers
    again = service.get(f"/api/jobs/{job.id}/result", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_the_head_of_a_result_has_its_length_and_no_body(service: Handouts) -> None:
    answer = service.client.head(f"/api/jobs/{service.done().id}/result")
    assert answer.status_code == 200 and answer.content_length == len(png(9)) and not answer.data


def test_a_downloaded_result_has_a_friendly_name(service: Handouts) -> None:
    job = service.done(style_ids=("night-wind",))
    answer = service.get(f"/api/jobs/{job.id}/result?download=1")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="night-wind-{job.id[:8]}.png"'


def test_a_cancelled_job_answers_its_last_frame(service: Handouts) -> None:
    job = _cancelled(service, (20, 10))
    answer = service.get(f"/api/jobs/{job.id}/result?download=1")
    assert answer.data == jpeg(20) and answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"].endswith('.jpg"')


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (JobStatus.QUEUED, "waits"),
        (JobStatus.RUNNING, "frames"),
        (JobStatus.CANCELLED, "before the first frame"),
        (JobStatus.FAILED, "not enough memory"),
    ],
)
def test_without_a_result_the_hint_says_what_to_do(service: Handouts, status: JobStatus, hint: str) -> None:
    job = service.put_inputs()
    if status is not JobStatus.QUEUED:
        token = service.claim(job)
        if status.terminal:
            service.finish(job, token, status)
    answer = service.get(f"/api/jobs/{job.id}/result")
    assert answer.status_code == 404 and answer.json["code"] == "no_result"
    assert hint in answer.json["hint"] and status in answer.json["detail"]


def test_a_frame_is_there_for_good_in_two_sizes(service: Handouts) -> None:
    job = service.done()
    full, small = (service.get(f"/api/jobs/{job.id}/frames/20{query}") for query in ("", "?size=small"))
    assert full.data == jpeg(20) and small.data == jpeg(20, 16, 12)
    assert full.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert full.headers["ETag"] != small.headers["ETag"] and full.mimetype == "image/jpeg"


def test_a_frame_is_found_in_the_attempt_that_made_it(service: Handouts) -> None:
    job = service.put_inputs()
    first = service.claim(job)
    service.keep(job, first, (10,))
    service.context.store.release(job.id, first)
    second = service.claim(job)
    service.keep(job, second, (20,), earlier=(FrameRef(10, first),))
    assert second > first
    assert service.get(f"/api/jobs/{job.id}/frames/10").data == jpeg(10)
    assert service.get(f"/api/jobs/{job.id}/frames/20").data == jpeg(20)


def test_without_a_small_variant_the_whole_frame_is_sent(service: Handouts) -> None:
    job = service.done()
    service.context.artifacts.delete(keys.small_frame(job.id, job.token, 10))
    assert service.get(f"/api/jobs/{job.id}/frames/10?size=small").data == jpeg(10)


@pytest.mark.parametrize(("asked", "nearest"), [(14, 10), (16, 20), (10**30, 30)])
def test_a_frame_that_was_not_kept_names_the_nearest(service: Handouts, asked: int, nearest: int) -> None:
    answer = service.get(f"/api/jobs/{service.done().id}/frames/{asked}")
    assert answer.status_code == 404 and answer.json["code"] == "no_such_frame"
    assert answer.json["hint"] == f"The nearest kept one is {nearest}."


def test_a_size_that_there_is_not_is_refused(service: Handouts) -> None:
    assert service.get(f"/api/jobs/{service.done().id}/frames/10?size=huge").status_code == 422


def test_the_inputs_are_handed_out_as_stored(service: Handouts) -> None:
    job = service.done(styles=2)
    assert service.get(f"/api/jobs/{job.id}/content").data == png(1)
    assert [service.get(f"/api/jobs/{job.id}/styles/{n}").data for n in (1, 2)] == [png(2), png(3)]
    for number in (0, 3):
        answer = service.get(f"/api/jobs/{job.id}/styles/{number}")
        assert answer.status_code == 404 and "1 to 2" in answer.json["hint"]


def test_the_losses_grow_while_the_job_runs(service: Handouts) -> None:
    job = service.put_inputs()
    token = service.claim(job)
    assert service.get(f"/api/jobs/{job.id}/losses.csv").json["code"] == "no_losses"
    service.keep(job, token, (10,))
    first = service.get(f"/api/jobs/{job.id}/losses.csv")
    service.keep(job, token, (10, 20))
    second = service.get(f"/api/jobs/{job.id}/losses.csv")
    assert first.mimetype == "text/csv" and second.data.startswith(first.data)
    assert first.headers["ETag"] != second.headers["ETag"]


@pytest.mark.parametrize(
    "path", ["result", "frames/10", "content", "styles/1", "losses.csv", "timelapse", "archive.zip"]
)
def test_a_job_that_there_is_not_is_not_found_and_a_purged_one_is_gone(service: Handouts, path: str) -> None:
    job = service.done()
    assert service.context.store.purge(job.id)
    gone = service.get(f"/api/jobs/{job.id}/{path}")
    assert gone.status_code == 410 and gone.mimetype == "application/problem+json"
    for id in ("0" * 32, "no-id", "..%2f.."):
        assert service.get(f"/api/jobs/{id}/{path}").status_code == 404


def test_a_film_is_made_once_and_served_in_parts(service: Handouts) -> None:
    pytest.importorskip("imageio_ffmpeg")
    job = service.done()
    whole = service.get(f"/api/jobs/{job.id}/timelapse")
    assert whole.status_code == 200 and whole.mimetype == "video/mp4" and whole.data[4:8] == b"ftyp"
    assert service.context.artifacts.get(keys.timelapse(job.id)) == whole.data
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = service.get(f"/api/jobs/{job.id}/timelapse", headers={"Range": "bytes=5-9"})
    assert part.status_code == 206 and part.data == whole.data[5:10]
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(whole.data)}"
    beyond = service.get(f"/api/jobs/{job.id}/timelapse", headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416 and beyond.json["code"] == "range_not_satisfiable"
    assert beyond.json["detail"] == f"There is no such part: the file has {len(whole.data):,} bytes."
    again = service.get(f"/api/jobs/{job.id}/timelapse", headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-0", 0, 0),
        ("0-", 0, 99),
        ("10-19", 10, 19),
        ("90-500", 90, 99),
        ("-10", 90, 99),
        ("-500", 0, 99),
        ("99-", 99, 99),
    ],
)
def test_a_part_is_answered_with_where_it_is(service: Handouts, asked: str, first: int, last: int) -> None:
    answer = service.get(f"/api/jobs/{_filmed(service).id}/timelapse", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206 and answer.data == FILM[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/100"
    assert answer.content_length == len(answer.data) and answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["100-", "100-200", "5000-"])
def test_a_part_beyond_the_end_is_refused_with_the_length(service: Handouts, asked: str) -> None:
    answer = service.get(f"/api/jobs/{_filmed(service).id}/timelapse", headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 416 and answer.headers["Content-Range"] == "bytes */100"


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=x-", "bytes", "bytes=0-1,5-6", "lines=0-5", "bytes=-0", ""])
def test_what_is_no_single_part_is_answered_with_the_whole(service: Handouts, asked: str) -> None:
    answer = service.get(f"/api/jobs/{_filmed(service).id}/timelapse", headers={"Range": asked})
    assert answer.status_code == 200 and answer.data == FILM and "Content-Range" not in answer.headers


def test_a_part_is_only_of_the_version_that_the_caller_has(service: Handouts) -> None:
    path, part = f"/api/jobs/{_filmed(service).id}/timelapse", {"Range": "bytes=5-9"}
    etag = service.get(path).headers["ETag"]
    same, other, dated = (
        service.get(path, headers={**part, "If-Range": version})
        for version in (etag, '"another"', "Sat, 21 Nov 2026 00:00:00 GMT")
    )
    assert (same.status_code, same.data) == (206, FILM[5:10])
    assert (other.status_code, other.data) == (dated.status_code, dated.data) == (200, FILM)
    known = service.get(path, headers={**part, "If-None-Match": etag})
    assert known.status_code == 304 and not known.data


def test_the_head_of_a_film_is_that_of_the_whole(service: Handouts) -> None:
    job = _filmed(service)
    head = service.client.head(f"/api/jobs/{job.id}/timelapse", headers={"Range": "bytes=0-9"})
    assert (head.status_code, head.content_length, head.headers["Accept-Ranges"]) == (200, 100, "bytes")


def test_in_a_folder_there_are_no_links_to_lead_to(tmp_path: Path) -> None:
    with handouts(tmp_path / "linked", s3_links_seconds=60) as service:
        job = service.done()
        answer = service.get(f"/api/jobs/{job.id}/result?download=1")
        assert answer.status_code == 200 and answer.data == png(9)


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_a_film_can_be_had_in_other_formats(service: Handouts, format: str) -> None:
    pytest.importorskip("imageio_ffmpeg")
    answer = service.get(f"/api/jobs/{service.done().id}/timelapse?format={format}&download=1")
    with Image.open(BytesIO(answer.data)) as film:
        assert film.format == format.upper() and getattr(film, "n_frames", 1) >= 3
    assert answer.headers["Content-Disposition"].endswith(f'-timelapse.{format}"')


def test_frames_of_another_size_are_brought_to_that_of_the_last(service: Handouts) -> None:
    job = service.put_inputs()
    token = service.claim(job)
    service.keep(job, token, (10, 20))
    service.context.artifacts.put(keys.frame(job.id, token, 10), jpeg(1, 96, 64))
    job = service.finish(job, token)
    answer = service.get(f"/api/jobs/{job.id}/timelapse?format=webp")
    assert Image.open(BytesIO(answer.data)).size == (48, 32)


def test_a_film_of_a_running_job_or_of_one_frame_is_a_conflict(service: Handouts) -> None:
    job = service.put_inputs()
    token = service.claim(job)
    service.keep(job, token, (10, 20))
    assert service.get(f"/api/jobs/{job.id}/timelapse").json["code"] == "job_not_over"
    single = service.get(f"/api/jobs/{service.done((30,)).id}/timelapse")
    assert single.status_code == 409 and single.json["code"] == "too_few_frames"


def test_too_few_frames_are_told_with_their_cause(service: Handouts) -> None:
    waiting = service.put_inputs()
    service.context.store.cancel(waiting.id)
    failed = service.put_inputs()
    service.finish(failed, service.claim(failed), JobStatus.FAILED)
    causes = {
        waiting.id: "cancelled before its start",
        _cancelled(service, ()).id: "cancelled before any was kept",
        _cancelled(service, (10,)).id: "cancelled before more was kept",
        failed.id: "failed: There was not enough memory.",
        service.done((30,)).id: "smaller save_every",
        service.done((), save_every=0).id: "save_every was 0",
    }
    for id, cause in causes.items():
        answer = service.get(f"/api/jobs/{id}/timelapse")
        assert answer.json["code"] == "too_few_frames" and cause in answer.json["hint"]


def test_who_waits_too_long_for_anothers_film_is_told_when_to_ask_again(service: Handouts) -> None:
    films, job = Films(wait_seconds=0.05), service.done()
    with films._turn(), pytest.raises(Problem) as refused:
        films.key(service.context.artifacts, job, "webp")
    assert refused.value.status == 503 and refused.value.headers["Retry-After"] == "1"
    assert films.key(service.context.artifacts, job, "webp").endswith(".webp")


def test_callers_at_the_same_time_get_one_film(service: Handouts, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    together, films, job = threading.Barrier(3), Films(), service.done()

    def make_film(frames: list[Path], path: Path, *, nice: int, threads: int) -> None:
        assert nice > 0 and threads == 1
        made.append(path)
        path.write_bytes(b"film")

    monkeypatch.setattr("backend.handouts.films.make_film", make_film)

    def ask() -> None:
        together.wait()
        films.key(service.context.artifacts, job, "mp4")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_every_download_is_documented_with_its_media_type(service: Handouts) -> None:
    spec: Any = service.app.spec
    answers = {path: methods["get"]["responses"] for path, methods in spec["paths"].items() if "get" in methods}
    assert set(answers["/api/jobs/{id}/result"]["200"]["content"]) == {"image/png", "image/jpeg"}
    assert set(answers["/api/jobs/{id}/timelapse"]) >= {"200", "404", "409", "410", "503"}
    assert "application/zip" in answers["/api/jobs/{id}/archive.zip"]["200"]["content"]
    ids = [operation["operationId"] for methods in spec["paths"].values() for operation in methods.values()]
    assert len(set(ids)) == len(ids)
