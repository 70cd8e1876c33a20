"""The ZIP of a job and of a batch: complete, of exact length, in constant memory."""

import json
import threading
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from backend.handouts.archive import job_archive
from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import FrameRef, Job, JobStatus
from tests.backend.handouts import Handouts, handouts, jpeg, losses, png


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Handouts]:
    with handouts(tmp_path) as service:
        yield service


def _opened(answer_data: bytes) -> ZipFile:
    archive = ZipFile(BytesIO(answer_data))
    assert archive.testzip() is None
    return archive


def _unpacked(answer_data: bytes) -> dict[str, bytes]:
    """What is in the archive's one folder."""
    archive = _opened(answer_data)
    (folder,) = {name.partition("/")[0] for name in archive.namelist()}
    return {name.removeprefix(f"{folder}/"): archive.read(name) for name in archive.namelist()}


def test_the_archive_holds_everything_byte_for_byte(service: Handouts) -> None:
    job = service.done(styles=2)
    answer = service.get(f"/api/jobs/{job.id}/archive.zip")
    assert answer.mimetype == "application/zip" and answer.content_length == len(answer.data)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="style-transfer-{job.id[:8]}.zip"'
    archive = _opened(answer.data)
    assert all(entry.compress_type == ZIP_STORED for entry in archive.infolist())
    folder = f"style-transfer-{job.id[:8]}"
    files = {
        "content.png": png(1),
        "style-1.png": png(2),
        "style-2.png": png(3),
        "result.png": png(9),
        "losses.csv": losses(30),
        **{f"frames/00{n}.jpg": jpeg(n) for n in (10, 20, 30)},
    }
    expected = {f"{folder}/{name}": data for name, data in files.items()}
    assert {name: archive.read(name) for name in expected} == expected
    others = {f"{folder}/{name}" for name in ("README.txt", "job.json", "options.json")}
    assert set(archive.namelist()) - set(expected) == others


def test_everything_is_in_one_folder_with_the_archive_s_name(service: Handouts) -> None:
    job = service.done(style_ids=("night-wind",))
    answer = service.get(f"/api/jobs/{job.id}/archive.zip")
    folder = f"night-wind-{job.id[:8]}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{folder}.zip"'
    assert {name.partition("/")[0] for name in _opened(answer.data).namelist()} == {folder}


def test_the_record_and_the_options_can_be_read_back(service: Handouts) -> None:
    job = service.done()
    files = _unpacked(service.get(f"/api/jobs/{job.id}/archive.zip").data)
    record = json.loads(files["job.json"])
    assert record["status"] == "succeeded" and record["backbone"]["name"] == "wavelet"
    assert json.loads(files["options.json"]) == job.spec.options.to_dict() == record["options"]


def test_neither_client_nor_token_is_in_the_archive(service: Handouts) -> None:
    job = service.done()
    archive = _opened(service.get(f"/api/jobs/{job.id}/archive.zip").data)
    token = service.context.owner_token(job.id).encode()
    for name in archive.namelist():
        data = archive.read(name)
        assert b"192.0.2.7" not in data and token not in data and b"client" not in data and b"token" not in data


def test_the_readme_says_what_is_what_and_which_backbone(service: Handouts) -> None:
    job = service.done()
    text = _unpacked(service.get(f"/api/jobs/{job.id}/archive.zip").data)["README.txt"].decode()
    assert "backbone    wavelet, because nothing else is here\n" in text
    for name in ("result.png", "frames/", "losses.csv", "options.json", job.id):
        assert name in text
    assert "Missing" not in text


def test_the_frames_of_every_attempt_are_there(service: Handouts) -> None:
    job = service.put_inputs()
    first = service.claim(job)
    service.keep(job, first, (5, 10))
    service.context.store.release(job.id, first)
    second = service.claim(job)
    service.keep(job, second, (12345,), earlier=(FrameRef(5, first), FrameRef(10, first)))
    files = _unpacked(service.get(f"/api/jobs/{job.id}/archive.zip").data)
    frames = [name for name in files if name.startswith("frames/")]
    assert frames == ["frames/00005.jpg", "frames/00010.jpg", "frames/12345.jpg"]
    assert b"so far" in files["README.txt"] and "result.png" not in files


def test_a_queued_job_has_an_archive_of_its_inputs(service: Handouts) -> None:
    job = service.put_inputs()
    files = _unpacked(service.get(f"/api/jobs/{job.id}/archive.zip").data)
    assert set(files) == {"README.txt", "job.json", "options.json", "content.png", "style-1.png"}


def test_the_head_of_an_archive_has_its_length(service: Handouts) -> None:
    job = service.done()
    head, whole = (ask(f"/api/jobs/{job.id}/archive.zip") for ask in (service.client.head, service.client.get))
    assert head.status_code == 200 and not head.data and head.content_length == len(whole.data)


def test_a_file_that_is_missing_from_the_start_is_named(service: Handouts) -> None:
    job = service.done()
    service.context.artifacts.delete(keys.frame(job.id, job.token, 20))
    answer = service.get(f"/api/jobs/{job.id}/archive.zip")
    files = _unpacked(answer.data)
    assert "frames/0020.jpg" not in files and answer.content_length == len(answer.data)
    assert b"Missing, though the job names it: frames/0020.jpg" in files["README.txt"]


def test_a_file_that_vanishes_on_the_way_ends_the_stream(service: Handouts) -> None:
    job = service.done()
    zipped = job_archive(service.context.artifacts, job, 3)
    stream = iter(zipped)
    next(stream)
    service.context.artifacts.delete(keys.frame(job.id, job.token, 20))
    with pytest.raises(ArtifactMissing):
        list(stream)


def test_a_file_that_changes_its_size_on_the_way_ends_the_stream(service: Handouts) -> None:
    job = service.done()
    stream = iter(job_archive(service.context.artifacts, job, 3))
    next(stream)
    service.context.artifacts.put(keys.result(job.id, job.token), b"short")
    with pytest.raises(RuntimeError):
        list(stream)


def test_a_job_without_any_pictures_left_is_gone(service: Handouts) -> None:
    job = service.done()
    service.context.artifacts.delete(job.id)
    assert service.get(f"/api/jobs/{job.id}/archive.zip").status_code == 410


def _large(service: Handouts, frames: int, frame_bytes: int) -> Job:
    """A running job whose frames are links to one large file."""
    job = service.put_inputs()
    token = service.claim(job)
    artifacts = service.context.artifacts
    artifacts.put("heavy/frame", bytes(frame_bytes))
    for n in range(1, frames + 1):
        artifacts.copy("heavy/frame", keys.frame(job.id, token, n))
    service.context.store.beat(job.id, token, None, [FrameRef(n, token) for n in range(1, frames + 1)])
    return job


def test_two_hundred_frames_stream_in_constant_memory(service: Handouts) -> None:
    job = _large(service, 200, 250_000)
    tracemalloc.start()
    try:
        answer = service.client.get(f"/api/jobs/{job.id}/archive.zip", buffered=False)
        announced, received = answer.content_length, sum(len(piece) for piece in answer.response)
        answer.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert announced == received > 50_000_000
    assert peak < 5_000_000


def test_an_archive_that_nobody_reads_to_its_end_leaves_no_thread(service: Handouts) -> None:
    job, before = _large(service, 40, 1000), threading.active_count()
    answer = service.client.get(f"/api/jobs/{job.id}/archive.zip", buffered=False)
    pieces = iter(answer.response)
    while sum(thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate()) == 0:
        next(pieces)
    answer.close()
    del pieces, answer
    assert threading.active_count() == before


def test_what_is_too_large_to_be_held_is_streamed_in_its_turn(
    service: Handouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = service.done()
    path = f"/api/jobs/{job.id}/archive.zip"
    whole = service.get(path).data
    monkeypatch.setattr("backend.handouts.archive._LARGEST_AHEAD", len(jpeg(10)) // 2)
    assert _unpacked(service.get(path).data) == _unpacked(whole)


def test_a_batch_has_its_results_by_number_and_says_what_is_missing(service: Handouts) -> None:
    batch = "b" * 32
    good = service.done(batch=batch)
    failed = service.put_inputs(batch=batch)
    service.finish(failed, service.claim(failed), JobStatus.FAILED)
    waiting = service.put_inputs(batch=batch)
    answer = service.get(f"/api/batches/{batch}/archive.zip")
    assert answer.content_length == len(answer.data) and 'filename="style-transfer-batch-bbbbbbbb.zip"' in str(
        answer.headers
    )
    folder = "style-transfer-batch-bbbbbbbb"
    names = {f"{folder}/{name}" for name in ("001.png", "options.json", "README.txt")}
    assert set(_opened(answer.data).namelist()) == names
    files = _unpacked(answer.data)
    assert files["001.png"] == png(9)
    text = files["README.txt"].decode()
    assert f"001.png  {good.id}" in text and "failed, There was not enough memory." in text
    assert f"{waiting.id}  no result: queued" in text


def test_an_unknown_batch_is_not_found(service: Handouts) -> None:
    for id in ("c" * 32, "nothing"):
        answer = service.get(f"/api/batches/{id}/archive.zip")
        assert answer.status_code == 404 and answer.json["code"] == "batch_not_found"
