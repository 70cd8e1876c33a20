"""The same pictures and options asked again."""

import json
from typing import Any

import pytest

from jobs import keys
from jobs.model import Job
from jobs.terms import Worker
from tests.backend.service import OPTIONS, Service, picture


def _announce(service: Service, backbone: str) -> None:
    service.ports.store.announce(Worker(id=backbone, ready=True, backbone=backbone), ttl_seconds=60)


def test_equal_work_is_over_at_once(service: Service) -> None:
    first = service.submit()
    service.paint(first["id"])
    second = service.submit()
    assert second["id"] != first["id"] and second["owner_token"] != first["owner_token"]
    assert (second["status"], second["reused"], second["frames"]) == ("succeeded", True, [10, 20])
    assert second["finished_at"] and second["expires_at"]
    assert second["links"]["result"].startswith(f"/api/jobs/{second['id']}/")
    assert service.get(second["links"]["result"]).data == service.get(first["links"]["result"]).data


def test_the_copy_outlives_the_first_job(service: Service) -> None:
    first = service.submit()
    service.paint(first["id"])
    second = service.submit()
    assert service.client.delete(f"/api/jobs/{first['id']}", headers=service.owner(first)).status_code == 204
    assert service.get(second["links"]["result"]).status_code == 200
    assert service.get(second["links"]["frame"].format(iteration=10)).status_code == 200


def test_the_records_of_the_copy_are_its_own(service: Service) -> None:
    first = service.submit()
    service.paint(first["id"])
    id = service.submit()["id"]
    asked = json.loads(service.ports.artifacts.get(keys.spec(id)))
    made = Job.from_dict(json.loads(service.ports.artifacts.get(keys.manifest(id))))
    assert (asked["id"], made.id, made.reused) == (id, id, True)


@pytest.mark.parametrize(
    "change",
    [{"fresh": "true"}, {"content": picture(5)}, {"style": picture(6)}, {"options": {**OPTIONS, "seed": 1}}],
)
def test_other_work_is_done(service: Service, change: dict[str, Any]) -> None:
    service.paint(service.submit()["id"])
    assert service.submit(**change)["status"] == "queued"


def test_paintings_in_another_order_are_other_work(service: Service) -> None:
    service.paint(service.submit(style=[picture(1), picture(2)])["id"])
    assert service.submit(style=[picture(2), picture(1)])["status"] == "queued"


def test_what_has_lost_its_result_is_painted_again(service: Service) -> None:
    over = service.paint(service.submit()["id"])
    service.ports.artifacts.delete(keys.result(over.id, over.token))
    again = service.submit()
    assert again["status"] == "queued"
    names = [entry.key.removeprefix(f"{again['id']}/") for entry in service.ports.artifacts.list(again["id"])]
    assert names == ["content.png", "job.json", "style-1.png"]


def test_auto_is_painted_again_where_it_would_choose_another_backbone(service: Service) -> None:
    service.paint(service.submit()["id"], backbone="wavelet")
    _announce(service, "vgg19")
    assert service.submit()["status"] == "queued"
    _announce(service, "wavelet")
    assert service.submit()["status"] == "succeeded"


def test_a_named_backbone_is_the_same_on_every_worker(service: Service) -> None:
    options = {**OPTIONS, "backbone": "wavelet"}
    service.paint(service.submit(options=options)["id"])
    _announce(service, "vgg19")
    assert service.submit(options=options)["status"] == "succeeded"


def test_a_failed_job_is_no_answer(service: Service) -> None:
    first = service.submit()
    service.client.post(f"/api/jobs/{first['id']}/cancel", headers=service.owner(first))
    assert service.submit()["status"] == "queued"
