"""A server that hangs in the middle of a submission, and what it does when it goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from backend.submit.intake import discard
from jobs import keys
from jobs.artifacts import FolderArtifacts
from jobs.errors import ArtifactMissing, Unavailable
from jobs.model import new_id
from scripts.servers import RedisServer
from tests.backend.service import Service, body, picture, problem

if TYPE_CHECKING:
    from tests.servers import OwnServer


def _freezes(server: RedisServer) -> Any:
    """Storage that is followed by a server that hangs: with the request, all that a job needs is stored."""
    put = FolderArtifacts.put

    def put_and_freeze(self: FolderArtifacts, key: str, data: bytes) -> None:
        put(self, key, data)
        if key.endswith("/job.json"):
            server.freeze()

    return patch.object(FolderArtifacts, "put", put_and_freeze)


@pytest.fixture
def hanging(tmp_path: Path, own_server: "OwnServer") -> RedisServer:
    return own_server(RedisServer(tmp_path / "redis"))


def test_a_submission_that_a_hanging_redis_took_after_all_can_run(
    hanging: RedisServer, serve: Callable[..., Service]
) -> None:
    service = serve(store_url=hanging.url, redis_prefix=f"{uuid4().hex}:")
    headers = {"Idempotency-Key": "abc"}
    known = service.submit(content=picture(7))["id"]  # from here on Redis has all that it needs for the next one
    with _freezes(hanging):
        assert problem(service.post(headers=headers)) == (503, "unavailable")
    (id,) = {*service.ports.artifacts.jobs()} - {known}
    hanging.thaw()
    answer = service.post(headers=headers)
    assert answer.status_code == 202
    assert (body(answer)["id"], answer.headers["Idempotency-Replayed"]) == (id, "true")
    service.claim(id)
    for key in (keys.content(id), keys.style(id, 1)):
        assert service.ports.artifacts.get(key)


def test_a_submission_that_nobody_took_is_not_brought_back_from_storage(
    hanging: RedisServer, serve: Callable[..., Service]
) -> None:
    service = serve(store_url=hanging.url, redis_prefix=f"{uuid4().hex}:")
    with _freezes(hanging):
        assert service.post().status_code == 503
    (id,) = service.ports.artifacts.jobs()
    with pytest.raises(ArtifactMissing):
        service.ports.artifacts.get(keys.spec(id))
    hanging.thaw()


def test_storage_that_does_not_answer_is_asked_once(service: Service) -> None:
    asked = []

    def away(self: object, prefix: str) -> None:
        asked.append(prefix)
        raise Unavailable("no answer")

    ids = [new_id() for _ in range(50)]
    with patch.object(FolderArtifacts, "delete", away), capture_logs() as lines:
        discard(service.context, ids)
    assert asked == ids[:1]
    assert [(line["first"], line["left"]) for line in lines] == [(ids[0], 50)]
