"""Server-sent events of a job."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from werkzeug.test import TestResponse

from jobs.model import Progress
from tests.backend.service import Service, problem


def _events(answer: TestResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and data of every event that the stream still holds."""
    for block in answer.text.split("\n\n"):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines())
        if "event" in lines:
            assert lines["event"] == "status"
            yield lines["id"], json.loads(lines["data"])


def test_a_stream_tells_every_change_and_ends_with_the_job(service: Service) -> None:
    id = service.submit()["id"]
    threading.Timer(0.2, service.paint, [id]).start()
    answer = service.get(f"/api/jobs/{id}/events")
    events = list(_events(answer))
    assert answer.mimetype == "text/event-stream"
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert answer.text.startswith("retry: 2000\n\n")
    assert [data["status"] for _, data in events][:: len(events) - 1] == ["queued", "succeeded"]
    assert all(int(id) == data["version"] for id, data in events)
    assert events[-1][1] == service.status(id)


def test_a_browser_that_comes_back_is_told_only_what_is_new(service: Service) -> None:
    id = service.submit()["id"]
    version = service.claim(id).version
    threading.Timer(0.2, service.ports.store.beat, [id, 1, Progress(iteration=7)]).start()
    answer = service.client.get(f"/api/jobs/{id}/events", headers={"Last-Event-ID": str(version)}, buffered=False)
    chunks = answer.iter_encoded()
    assert next(chunks).startswith(b"retry")
    event = next(chunks).decode()
    answer.close()
    assert f"id: {version + 1}\n" in event and '"iteration":7' in event


def test_a_browser_that_knows_the_end_is_sent_away(service: Service) -> None:
    id = service.submit()["id"]
    version = service.paint(id).version
    assert service.get(f"/api/jobs/{id}/events", Last_Event_ID=str(version)).status_code == 204
    assert len(list(_events(service.get(f"/api/jobs/{id}/events", Last_Event_ID="1")))) == 1
    assert len(list(_events(service.get(f"/api/jobs/{id}/events", Last_Event_ID="nonsense")))) == 1


def test_a_quiet_stream_shows_that_it_lives(service: Service) -> None:
    id = service.submit()["id"]
    service.claim(id)
    with patch("backend.follow.events._HEARTBEAT_SECONDS", 0.05):
        answer = service.client.get(f"/api/jobs/{id}/events", buffered=False)
        chunks = answer.iter_encoded()
        assert [next(chunks)[:1] for _ in range(4)] == [b"r", b"i", b":", b":"]
        answer.close()


def test_a_new_place_in_the_queue_is_told(service: Service) -> None:
    first, second = service.submit()["id"], service.submit()["id"]
    with patch("backend.follow.events._PLACE_SECONDS", 0.05):
        answer = service.client.get(f"/api/jobs/{second}/events", buffered=False)
        chunks = answer.iter_encoded()
        seen = [next(chunks), next(chunks)]
        service.claim(first)
        seen.append(next(chunks))
        answer.close()
    assert b'"position":2' in seen[1] and b'"position":1' in seen[2]


def test_a_stream_ends_when_its_job_is_deleted(service: Service) -> None:
    job = service.submit()
    answer = service.client.get(f"/api/jobs/{job['id']}/events", buffered=False)
    chunks = answer.iter_encoded()
    assert len([next(chunks), next(chunks)]) == 2
    service.ports.store.cancel(job["id"])
    service.ports.store.purge(job["id"])
    assert list(chunks) == []
    answer.close()


def test_viewers_are_counted_and_bounded(serve: Callable[..., Service]) -> None:
    service = serve(viewers=1)
    path = f"/api/jobs/{service.submit()['id']}/events"
    watching = service.client.get(path, buffered=False)
    assert service.context.registry.get_sample_value("nst_viewers") == 1
    assert problem(service.get(path)) == (503, "too_many_viewers")
    watching.close()
    assert service.context.registry.get_sample_value("nst_viewers") == 0
    service.client.get(path, buffered=False).close()  # one that was never read gives its seat back too
    service.client.head(path).close()
    assert service.context.registry.get_sample_value("nst_viewers") == 0
