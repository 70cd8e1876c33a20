"""Artifacts in a bucket of a real S3 server: the contract, and what only S3 can get wrong."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import requests

from jobs.errors import ArtifactMissing, NewerVersion, Unavailable
from jobs.ports import Artifacts
from jobs.s3 import S3Artifacts
from jobs.terms import Entry
from scripts.servers import S3Server
from tests.jobs.artifacts_contract import ArtifactsContract
from tests.jobs.s3_made import events, made_url, objects, put_object, sent

if TYPE_CHECKING:
    from tests.servers import OwnServer

_SEALS = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")


@pytest.fixture
def url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return made_url(s3_server, monkeypatch)


@pytest.fixture
def bucket(s3_server: S3Server, url: str) -> S3Artifacts:
    return S3Artifacts(url, endpoint=s3_server.endpoint)


class TestS3Artifacts(ArtifactsContract):
    @pytest.fixture
    def artifacts(self, bucket: S3Artifacts) -> Artifacts:
        return bucket


def test_keys_are_objects_below_the_prefix(s3_server: S3Server, url: str, bucket: S3Artifacts) -> None:
    bucket.put("j/a1/x.png", b"1")
    assert objects(s3_server, url) == ["FORMAT", "j/a1/x.png"]
    assert S3Artifacts(url, endpoint=s3_server.endpoint).get("j/a1/x.png") == b"1"


def test_prefixes_of_a_bucket_know_nothing_of_each_other(s3_server: S3Server, url: str) -> None:
    first, second = (S3Artifacts(f"{url}/{name}", endpoint=s3_server.endpoint) for name in ("one", "one0/"))
    first.put("j/x", b"1")
    second.put("k/x", b"2")
    assert (first.jobs(), second.jobs()) == (("j",), ("k",))
    first.delete("j")
    assert second.get("k/x") == b"2"


def test_a_bucket_may_be_used_without_a_prefix(s3_server: S3Server, url: str) -> None:
    whole = S3Artifacts(f"s3://{s3_server.make_bucket(f'whole-{uuid4().hex}')}", endpoint=s3_server.endpoint)
    whole.put("j/x", b"1")
    assert whole.list("j") == (Entry("j/x", 1),)
    assert whole.jobs() == ("j",)


def test_more_than_a_thousand_are_listed_and_deleted(bucket: S3Artifacts) -> None:
    names = [f"j/{number:04}" for number in range(1010)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: bucket.put(name, b""), names))
    assert [entry.key for entry in bucket.list("j")] == names
    asked = sent(bucket, "DeleteObjects")
    bucket.delete("j")
    assert len(asked) == 2
    assert bucket.list("j") == ()


def test_records_are_deleted_before_pictures(bucket: S3Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.s3_objects._MOST_REMOVED", 2)
    for key in ("j/a1/frames/1.jpg", "j/a1/x", "j/job.json", "j/manifest.json"):
        bucket.put(key, b"1")
    removed = sent(bucket, "DeleteObjects")
    bucket.delete("j")
    assert b"job.json" in removed[0].body and b"manifest.json" in removed[0].body
    assert b"frames/1.jpg" in removed[1].body


def test_what_others_have_put_there_is_not_listed_but_deleted(
    s3_server: S3Server, url: str, bucket: S3Artifacts
) -> None:
    bucket.put("j/x", b"1")
    put_object(s3_server, url, "j/.a strange näme", b"1")
    assert bucket.list("j") == (Entry("j/x", 1),)
    bucket.delete("j")
    assert objects(s3_server, url) == ["FORMAT"]


def test_a_copy_that_fails_leaves_what_was_there_and_nothing_else(
    bucket: S3Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("j/a", "j/b", "j/c", "k/a"):
        bucket.put(key, b"1")
    copy = bucket._objects.copy

    def delete_meanwhile(source: str, target: str) -> None:
        if source == "j/c":
            bucket.delete("j/c")
        copy(source, target)

    monkeypatch.setattr(bucket._objects, "copy", delete_meanwhile)
    with pytest.raises(ArtifactMissing, match="under j/c"):
        bucket.copy("j", "k")
    assert [entry.key for entry in bucket.list("k")] == ["k/a"]


def test_a_create_whose_first_answer_was_lost_has_created(bucket: S3Artifacts) -> None:
    _lose_the_first_answer(bucket)
    asked = sent(bucket, "PutObject")
    assert bucket.create("j/x", b"1") is True
    assert len(asked) == 2


def test_a_create_that_asks_twice_claims_nothing_of_another(s3_server: S3Server, url: str, bucket: S3Artifacts) -> None:
    another = S3Artifacts(url, endpoint=s3_server.endpoint)
    _lose_the_first_answer(bucket)
    events(bucket).register("before-send.s3.PutObject", lambda **_: another.put("j/x", b"another's"))
    assert bucket.create("j/x", b"mine") is False
    assert bucket.get("j/x") == b"another's"


def test_a_create_that_was_stored_and_then_told_to_try_again_has_created(bucket: S3Artifacts) -> None:
    """It is stored when its first answer gets lost, and of the next attempt the server says: a conflict."""
    asked = sent(bucket, "PutObject")

    def conflict(response_dict: dict[str, Any], **_: Any) -> None:
        if len(asked) == 1:
            response_dict.update(status_code=409, body=b"<Error><Code>ConditionalRequestConflict</Code></Error>")

    events(bucket).register("before-parse.s3.PutObject", conflict)
    assert bucket.create("j/x", b"1") is True
    assert (len(asked), bucket.get("j/x")) == (2, b"1")


def test_what_is_gone_when_a_create_looks_whose_it_is_is_created(
    s3_server: S3Server, url: str, bucket: S3Artifacts
) -> None:
    another = S3Artifacts(url, endpoint=s3_server.endpoint)
    asked = sent(bucket, "PutObject")

    def come(**_: Any) -> None:
        if len(asked) == 1:
            another.put("j/x", b"another's")

    events(bucket).register("before-send.s3.PutObject", come)
    events(bucket).register("before-send.s3.HeadObject", lambda **_: another.delete("j/x"))
    assert bucket.create("j/x", b"mine") is True
    assert (len(asked), bucket.get("j/x")) == (2, b"mine")


def test_a_stream_that_breaks_off_goes_on_where_it_was(
    own_server: "OwnServer", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = own_server(S3Server(tmp_path / "s3"))
    bucket, data = S3Artifacts(made_url(server, monkeypatch), endpoint=server.endpoint), os.urandom(20_000_000)
    bucket.put("j/x", data)
    whole, part = bucket.chunks("j/x", 100_000), bucket.chunks("j/x", 100_000, start=7, stop=19_000_000)
    begun = next(whole), next(part)
    server.kill()
    server.start()
    asked = sent(bucket, "GetObject")
    assert b"".join((begun[0], *whole)) == data
    assert b"".join((begun[1], *part)) == data[7:19_000_000]
    assert [request.headers["Range"].endswith(end) for request, end in zip(asked, (b"-", b"-18999999"), strict=True)]


def test_a_stream_never_goes_on_with_another_version(
    own_server: "OwnServer", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = own_server(S3Server(tmp_path / "s3"))
    bucket = S3Artifacts(made_url(server, monkeypatch), endpoint=server.endpoint)
    bucket.put("j/x", b"1" * 20_000_000)
    pieces = bucket.chunks("j/x")
    server.kill()
    server.start()
    bucket.put("j/x", b"2" * 20_000_000)
    with pytest.raises(Unavailable, match="PreconditionFailed"):
        list(pieces)


def test_a_link_answers_plain_http_with_name_and_type(bucket: S3Artifacts) -> None:
    bucket.put("j/a1/result.png", b"painted")
    link = bucket.link("j/a1/result.png", 60, name="night-wind-1a2b3c4d.png")
    answer = _fetched(link)
    assert (answer.status_code, answer.content) == (200, b"painted")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="night-wind-1a2b3c4d.png"'
    assert answer.headers["Content-Type"] == "image/png"


def test_a_link_is_good_for_its_object_alone(bucket: S3Artifacts) -> None:
    bucket.put("j/x", b"1")
    bucket.put("j/y", b"2")
    link = str(bucket.link("j/x", 60))
    assert _fetched(link).status_code == 200
    assert "Content-Disposition" not in _fetched(link).headers
    assert _fetched(link.replace("/j/x?", "/j/y?")).status_code == 403
    assert _fetched(link.partition("?")[0]).status_code in (401, 403)


def test_a_link_expires(bucket: S3Artifacts) -> None:
    bucket.put("j/x", b"1")
    brief, long = bucket.link("j/x", 1), bucket.link("j/x", 60)
    answers = [_fetched(brief).status_code]
    while answers[-1] == 200 and len(answers) < 60:
        Event().wait(0.2)
        answers.append(_fetched(brief).status_code)
    assert answers[0] == 200 and answers[-1] == 403
    assert _fetched(long).status_code == 200


@pytest.mark.parametrize(
    ("settings", "seals"),
    [
        ({}, (None, None)),
        ({"encryption": "AES256"}, ("AES256", None)),
        ({"encryption": "aws:kms"}, ("aws:kms", None)),
        ({"encryption": "aws:kms", "kms_key": "alias/nst"}, ("aws:kms", "alias/nst")),
    ],
)
def test_encryption_is_asked_for_with_all_that_is_written(
    s3_server: S3Server, url: str, settings: dict[str, Any], seals: tuple[str | None, str | None]
) -> None:
    bucket = S3Artifacts(url, endpoint=s3_server.endpoint, **settings)
    written = sent(bucket, "PutObject", "CopyObject")
    bucket.put("j/x", b"1")
    bucket.create("j/y", b"1")
    bucket.copy("j", "k")
    assert [tuple(_text(request.headers.get(name)) for name in _SEALS) for request in written] == [seals] * 4


def test_a_key_for_another_encryption_is_refused(s3_server: S3Server, url: str) -> None:
    with pytest.raises(Unavailable, match="only where NST_S3_ENCRYPTION is aws:kms"):
        S3Artifacts(url, endpoint=s3_server.endpoint, encryption="AES256", kms_key="alias/nst")


def test_a_newer_layout_is_refused_and_left_as_it_is(s3_server: S3Server, url: str) -> None:
    put_object(s3_server, url, "FORMAT", b"2\n")
    with pytest.raises(NewerVersion, match="has layout 2, and this program knows 1"):
        S3Artifacts(url, endpoint=s3_server.endpoint)
    assert objects(s3_server, url) == ["FORMAT"]


def test_a_damaged_layout_is_refused(s3_server: S3Server, url: str) -> None:
    put_object(s3_server, url, "FORMAT", b"one\n")
    with pytest.raises(Unavailable, match="FORMAT must hold a number"):
        S3Artifacts(url, endpoint=s3_server.endpoint)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_made_by_fork_has_a_connection_of_its_own(bucket: S3Artifacts) -> None:
    bucket.put("j/x", b"parent's")
    child = os.fork()
    if child == 0:
        try:
            bucket.put("j/y", bucket.get("j/x"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert bucket.get("j/y") == bucket.get("j/x") == b"parent's"


def _lose_the_first_answer(bucket: S3Artifacts) -> None:
    """Make the client ask once more after the server has done what it was asked."""

    def again(attempts: int, **_: Any) -> float | None:
        return 0.0 if attempts == 1 else None

    events(bucket).register_first("needs-retry.s3.PutObject", again)


def _fetched(link: str | None) -> requests.Response:
    return requests.get(str(link), timeout=5)


def _text(value: bytes | str | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
