"""Several backends behind one proxy: whatever one of them has taken, any other can show, end and delete."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backend import create_app
from backend.operate.janitor import Janitor
from jobs.model import JobStatus
from jobs.settings import Settings
from jobs.wiring import open_ports
from scripts.servers import RedisServer
from tests.backend.service import SECRET, Service, body, problem

KEY = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"  # of the word password


@dataclass(frozen=True)
class Pair:
    """Two backends that share store and pictures, but no data folder."""

    here: Service
    there: Service


def _service(folder: Path, name: str, **settings: Any) -> Service:
    chosen = Settings(data_dir=folder / name, artifacts_url=f"file://{folder}/pictures", **settings)
    ports = open_ports(chosen)
    return Service(chosen, ports, create_app(chosen, ports))


def _end(service: Service) -> None:
    service.ports.close()
    if service.context.rate:
        service.context.rate.close()


@pytest.fixture(params=["sqlite", "redis"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    url = f"sqlite://{tmp_path}/jobs.sqlite"
    if request.param == "redis":
        url = request.getfixturevalue("redis_server").url
    shared = {"store_url": url, "redis_prefix": f"{uuid4().hex}:", "secret": SECRET, "submits_per_minute": 0}
    pair = Pair(_service(tmp_path, "here", **shared), _service(tmp_path, "there", **shared))
    yield pair
    _end(pair.here)
    _end(pair.there)


def test_a_job_taken_by_one_is_shown_ended_and_deleted_by_another(pair: Pair) -> None:
    job = pair.here.submit()
    assert pair.there.status(job["id"])["status"] == "queued"
    answer = pair.there.client.post(f"/api/jobs/{job['id']}/cancel", headers=pair.there.owner(job))
    assert body(answer)["status"] == "cancelled"
    assert pair.here.status(job["id"])["status"] == "cancelled"
    assert pair.here.client.delete(f"/api/jobs/{job['id']}", headers=pair.here.owner(job)).status_code == 204
    assert problem(pair.there.get(f"/api/jobs/{job['id']}")) == (410, "job_purged")
    assert pair.there.ports.artifacts.jobs() == ()


def test_a_result_and_its_film_come_from_any_backend(pair: Pair) -> None:
    id = pair.here.submit()["id"]
    pair.there.paint(id)
    paths = [f"/api/jobs/{id}/{what}" for what in ("result", "timelapse?format=gif", "archive.zip")]
    for path in paths:
        here, there = pair.here.get(path), pair.there.get(path)
        assert here.status_code == there.status_code == 200
        assert here.headers.get("ETag") == there.headers.get("ETag")
        if "zip" not in path:
            assert here.data == there.data


def test_a_long_poll_at_one_hears_of_a_change_made_at_another(pair: Pair) -> None:
    job = pair.here.submit()
    pair.there.claim(job["id"])
    answer = body(pair.here.get(f"/api/jobs/{job['id']}?wait=20&version={job['version']}"))
    assert answer["status"] == "running"


def test_a_submission_sent_again_to_another_is_the_same(pair: Pair) -> None:
    headers = {"Idempotency-Key": "abc"}
    first, second = pair.here.post(headers=headers), pair.there.post(headers=headers)
    assert body(first) == body(second)
    assert second.headers["Idempotency-Replayed"] == "true"


def test_of_all_janitors_one_leads(pair: Pair) -> None:
    janitors = [Janitor(service.context) for service in (pair.here, pair.there)]
    for janitor in janitors:
        janitor.look()
    led = [service.context.registry.get_sample_value("nst_janitor_leader") for service in (pair.here, pair.there)]
    assert led == [1, 0]
    for janitor in janitors:
        janitor.step_down()


def test_the_rate_is_one_for_all(tmp_path: Path, redis_server: RedisServer) -> None:
    shared = {"store_url": redis_server.url, "redis_prefix": f"{uuid4().hex}:", "submits_per_minute": 2}
    services = [_service(tmp_path, name, api_keys=f"anna:{KEY}", **shared) for name in ("here", "there", "elsewhere")]
    headers = {"X-API-Key": "password"}
    answers = [service.post(headers=headers) for service in services]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert problem(answers[2]) == (429, "too_many_submissions")
    for service in services:
        _end(service)


def test_a_wiped_redis_has_every_job_again_after_one_look(tmp_path: Path, redis_server: RedisServer) -> None:
    prefix = f"{uuid4().hex}:"
    service = _service(tmp_path, "here", store_url=redis_server.url, redis_prefix=prefix, submits_per_minute=0)
    janitor = Janitor(service.context)
    janitor.look()
    waiting, done = service.submit()["id"], service.submit()["id"]
    service.paint(done)
    with redis_server.client() as client:
        client.delete(*client.scan_iter(f"{prefix}*", count=1000))
    janitor.look()
    assert service.ports.store.counts() == dict.fromkeys(JobStatus, 0) | {JobStatus.QUEUED: 1, JobStatus.SUCCEEDED: 1}
    assert {service.ports.store.get(id).status for id in (waiting, done)} == {JobStatus.QUEUED, JobStatus.SUCCEEDED}
    janitor.step_down()
    _end(service)
