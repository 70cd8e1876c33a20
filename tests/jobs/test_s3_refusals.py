"""A bucket that cannot be used says so at the start, soon, in a sentence with what to do and without a secret."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from botocore.parsers import ResponseParserError

from jobs.errors import ArtifactMissing, Unavailable
from jobs.s3 import S3Artifacts
from jobs.s3_bucket import Patience
from jobs.s3_errors import unavailable
from jobs.urls import Tls
from scripts.servers import Account, S3Server, make_certificates
from scripts.servers.process import free_port
from tests.jobs.s3_made import made_url, objects, use_account, use_nobody

if TYPE_CHECKING:
    from tests.servers import OwnServer


@pytest.fixture
def url(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return made_url(s3_server, monkeypatch)


def test_a_bucket_that_is_not_there_is_named(s3_server: S3Server, url: str) -> None:
    with pytest.raises(Unavailable, match=r"s3://no-such-bucket/x.*no such bucket; make it, or correct NST_ARTIFACTS"):
        S3Artifacts("s3://no-such-bucket/x", endpoint=s3_server.endpoint)


def test_a_wrong_secret_is_named_and_not_told(s3_server: S3Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_account(Account(s3_server.access_key, "a-wrong-secret"), monkeypatch)
    with pytest.raises(Unavailable, match="secret key is wrong; check AWS_SECRET_ACCESS_KEY") as refused:
        S3Artifacts(url, endpoint=s3_server.endpoint)
    assert s3_server.access_key not in str(refused.value) and "a-wrong-secret" not in str(refused.value)


def test_an_unknown_access_key_is_named_and_not_told(
    s3_server: S3Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_account(Account("somebody-else", "a-wrong-secret"), monkeypatch)
    with pytest.raises(Unavailable, match="check AWS_ACCESS_KEY_ID") as refused:
        S3Artifacts(url, endpoint=s3_server.endpoint)
    assert "somebody-else" not in str(refused.value)


def test_missing_credentials_are_named(s3_server: S3Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_nobody(monkeypatch)
    with pytest.raises(Unavailable, match="no credentials are found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        S3Artifacts(url, endpoint=s3_server.endpoint)


def test_an_account_that_may_only_read_is_refused_and_told_its_rights(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = made_url(s3_server, monkeypatch, uuid4().hex)
    S3Artifacts(url, endpoint=s3_server.endpoint).put("j/x", b"1")
    reader = s3_server.make_account()
    _allow(s3_server, url, reader, "s3:GetObject", "s3:ListBucket")
    use_account(reader, monkeypatch)
    with pytest.raises(Unavailable, match=r"access is refused.*s3:PutObject and s3:DeleteObject"):
        S3Artifacts(url, endpoint=s3_server.endpoint)


def test_an_account_that_may_not_list_is_refused(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = made_url(s3_server, monkeypatch, uuid4().hex)
    writer = s3_server.make_account()
    _allow(s3_server, url, writer, "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    use_account(writer, monkeypatch)
    with pytest.raises(Unavailable, match=r"access is refused.*s3:ListBucket"):
        S3Artifacts(url, endpoint=s3_server.endpoint)


def test_an_account_with_the_four_rights_is_enough(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url = made_url(s3_server, monkeypatch, uuid4().hex)
    account = s3_server.make_account()
    _allow(s3_server, url, account, "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    use_account(account, monkeypatch)
    bucket = S3Artifacts(url, endpoint=s3_server.endpoint)
    bucket.put("j/x", b"1")
    bucket.copy("j", "k")
    bucket.delete("j")
    assert bucket.jobs() == ("k",)
    with pytest.raises(ArtifactMissing):
        bucket.get("j/x")


def test_a_server_that_is_not_there_is_told_soon(url: str) -> None:
    with pytest.raises(Unavailable, match="nothing answers at its address; check NST_S3_ENDPOINT"):
        S3Artifacts(url, endpoint=f"http://127.0.0.1:{free_port()}")


@pytest.fixture
def web_page() -> Iterator[str]:
    """A server that has a page for everything, as a console or a sign-in in between has; its URL."""

    class Page(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b"<!doctype html><p>Welcome<br>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = answer

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_that_is_no_s3_server_is_named(url: str, web_page: str) -> None:
    with pytest.raises(Unavailable, match="broken or no S3 server; check NST_S3_ENDPOINT") as refused:
        S3Artifacts(url, endpoint=web_page)
    assert "html" not in str(refused.value)


def test_an_answer_that_cannot_be_read_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^s3://b/x: what answers is broken or no S3"), unavailable("s3://b/x"):
        raise ResponseParserError("Unable to parse response")


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "http://", "no url at all"])
def test_an_endpoint_that_is_no_url_is_refused(url: str, endpoint: str) -> None:
    with pytest.raises(Unavailable, match="NST_S3_ENDPOINT"):
        S3Artifacts(url, endpoint=endpoint)


@pytest.mark.parametrize(
    "wrong", ["s3://", "s3:///x", "s3://B_/x", "s3://bucket/a b", "s3://bucket/../x", "s3://KEY:hidden@bucket/x"]
)
def test_a_url_that_names_no_bucket_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(Unavailable, match="must be s3://BUCKET/PREFIX") as refused:
        S3Artifacts(wrong)
    assert "hidden" not in str(refused.value)


def test_a_bucket_that_vanishes_is_unavailable_and_not_empty(s3_server: S3Server, url: str) -> None:
    name = s3_server.make_bucket("vanishing")
    bucket = S3Artifacts(f"s3://{name}/x", endpoint=s3_server.endpoint)
    client = s3_server.client()
    client.delete_object(Bucket=name, Key="x/FORMAT")
    client.delete_bucket(Bucket=name)
    client.close()
    calls: tuple[Callable[[], object], ...] = (
        lambda: bucket.get("j/x"),
        lambda: bucket.size("j/x"),
        lambda: bucket.chunks("j/x"),
        lambda: bucket.put("j/x", b"1"),
        lambda: bucket.create("j/x", b"1"),
        lambda: bucket.list("j"),
        lambda: bucket.copy("j", "k"),
        lambda: bucket.delete("j"),
        bucket.jobs,
        bucket.check,
    )
    for fails in calls:
        with pytest.raises(Unavailable, match="no such bucket"):
            fails()


def test_a_frozen_server_is_unavailable_within_seconds_and_works_again_afterwards(
    own_server: "OwnServer", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = own_server(S3Server(tmp_path / "s3"))
    monkeypatch.setattr("jobs.s3_bucket._CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("jobs.s3_bucket.QUICK", Patience(read_seconds=0.3, attempts=2))
    bucket = S3Artifacts(made_url(server, monkeypatch), endpoint=server.endpoint)
    server.freeze()
    try:
        with pytest.raises(Unavailable, match="does not answer in time"):
            bucket.check()
    finally:
        server.thaw()
    bucket.check()


def test_a_server_is_known_by_its_certificate(
    own_server: "OwnServer", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = own_server(S3Server(tmp_path / "s3", tls=(own := make_certificates(tmp_path / "own"))))
    url = made_url(server, monkeypatch)
    bucket = S3Artifacts(url, endpoint=server.endpoint, tls=Tls(ca_file=own.ca))
    bucket.put("j/x", b"1")
    assert bucket.get("j/x") == b"1" and objects(server, url) == ["FORMAT", "j/x"]
    others = make_certificates(tmp_path / "others")
    with pytest.raises(Unavailable, match="certificate is not trusted; check NST_S3_ENDPOINT and NST_CA_FILE"):
        S3Artifacts(url, endpoint=server.endpoint, tls=Tls(ca_file=others.ca))


def _allow(server: S3Server, url: str, account: Account, *actions: str) -> None:
    """Give an account rights on the bucket, beside those of the others."""
    name = url.removeprefix("s3://").partition("/")[0]
    client = server.client()
    try:
        resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        statement = {"Effect": "Allow", "Principal": {"AWS": [account.access_key]}, "Action": [*actions]}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": resources}]}
        client.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    finally:
        client.close()
