"""The API over a bucket of a real S3 server: a job's whole life, parts, and links that lead to the server itself."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests

from jobs import keys
from jobs.s3 import S3Artifacts
from jobs.wiring import open_artifacts
from scripts.servers import S3Server
from tests.backend.handouts import Handouts, handouts, jpeg, png
from tests.backend.service import make_service, picture
from tests.jobs.s3_made import made_url, objects, sent


@pytest.fixture
def url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return made_url(s3_server, monkeypatch)


@pytest.fixture
def linked(s3_server: S3Server, url: str, tmp_path: Path) -> Iterator[Handouts]:
    """A service whose operator wants links."""
    settings = {"artifacts_url": url, "s3_endpoint": s3_server.endpoint, "s3_links_seconds": 60}
    with handouts(tmp_path, **settings) as service:
        yield service


def test_a_job_lives_and_is_deleted_in_a_bucket(s3_server: S3Server, url: str, tmp_path: Path) -> None:
    service = make_service(tmp_path, artifacts_url=url, s3_endpoint=s3_server.endpoint)
    job = service.submit()
    assert {f"{job['id']}/job.json", f"{job['id']}/content.png"} <= set(objects(s3_server, url))
    service.paint(job["id"])
    assert service.get(f"/api/jobs/{job['id']}/result").data == picture(9)
    assert service.get(f"/api/jobs/{job['id']}/frames/20").data == picture(20, format="JPEG")
    archive = ZipFile(BytesIO(service.get(f"/api/jobs/{job['id']}/archive.zip").data))
    assert archive.testzip() is None and archive.read(archive.namelist()[-1]) == picture(20, format="JPEG")
    assert service.client.delete(f"/api/jobs/{job['id']}", headers=service.owner(job)).status_code == 204
    assert objects(s3_server, url) == ["FORMAT"]
    service.ports.close()


def test_equal_work_is_copied_inside_the_bucket(s3_server: S3Server, url: str, tmp_path: Path) -> None:
    service = make_service(tmp_path, artifacts_url=url, s3_endpoint=s3_server.endpoint)
    first = service.submit()
    service.paint(first["id"])
    again = service.submit()
    assert again["status"] == "succeeded"
    service.client.delete(f"/api/jobs/{first['id']}", headers=service.owner(first))
    assert service.get(f"/api/jobs/{again['id']}/result").data == picture(9)
    service.ports.close()


def test_a_part_of_a_film_is_all_that_is_asked_of_the_server(
    s3_server: S3Server, url: str, tmp_path: Path, linked: Handouts
) -> None:
    job = linked.done()
    linked.context.artifacts.put(keys.timelapse(job.id), bytes(range(100)))
    artifacts = linked.context.artifacts
    assert isinstance(artifacts, S3Artifacts)
    asked = sent(artifacts, "GetObject")
    answer = linked.get(f"/api/jobs/{job.id}/timelapse", headers={"Range": "bytes=5-9"})
    assert answer.status_code == 206 and answer.data == bytes(range(5, 10))
    assert [request.headers["Range"] for request in asked] == [b"bytes=5-9"]


def test_a_download_leads_to_the_server_itself(linked: Handouts) -> None:
    job = linked.done(style_ids=("night-wind",))
    answer = linked.get(f"/api/jobs/{job.id}/result?download=1")
    assert answer.status_code == 307 and not answer.data and answer.headers["Cache-Control"] == "no-store"
    fetched = requests.get(answer.headers["Location"], timeout=5)
    assert fetched.content == png(9) and fetched.headers["Content-Type"] == "image/png"
    assert fetched.headers["Content-Disposition"] == f'attachment; filename="night-wind-{job.id[:8]}.png"'


def test_a_downloaded_film_leads_there_too(linked: Handouts) -> None:
    job = linked.done()
    linked.context.artifacts.put(keys.timelapse(job.id), b"film")
    answer = linked.get(f"/api/jobs/{job.id}/timelapse?download=1")
    assert requests.get(answer.headers["Location"], timeout=5).content == b"film"


def test_what_a_page_shows_is_never_fetched_from_elsewhere(linked: Handouts) -> None:
    job = linked.done()
    for path, data in (("result", png(9)), ("frames/20", jpeg(20)), ("content", png(1)), ("styles/1", png(2))):
        answer = linked.get(f"/api/jobs/{job.id}/{path}")
        assert answer.status_code == 200 and answer.data == data


def test_a_part_and_the_headers_of_a_download_come_from_the_service(linked: Handouts) -> None:
    job = linked.done()
    linked.context.artifacts.put(keys.timelapse(job.id), b"film")
    path = f"/api/jobs/{job.id}/timelapse?download=1"
    assert linked.get(path, headers={"Range": "bytes=1-2"}).data == b"il"
    head = linked.client.head(path)
    assert head.status_code == 200 and head.content_length == 4


def test_a_download_of_what_is_gone_is_not_found_here_already(linked: Handouts) -> None:
    job = linked.done()
    linked.context.artifacts.delete(keys.result(job.id, job.token))
    answer = linked.get(f"/api/jobs/{job.id}/result?download=1")
    assert answer.status_code == 404 and answer.json["code"] == "artifact_missing"


def test_the_settings_reach_the_bucket(s3_server: S3Server, url: str, tmp_path: Path) -> None:
    settings = {"artifacts_url": url, "s3_endpoint": s3_server.endpoint, "s3_encryption": "AES256"}
    with handouts(tmp_path, **settings) as service:
        artifacts = open_artifacts(service.context.settings)
        assert isinstance(artifacts, S3Artifacts)
        written = sent(artifacts, "PutObject")
        artifacts.put("j/x", b"1")
        assert written[0].headers["x-amz-server-side-encryption"] in (b"AES256", "AES256")
