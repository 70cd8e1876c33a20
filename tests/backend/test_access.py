"""Who may submit, how often, and which pages may call."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from backend.access import Access, MisspelledKey
from backend.security import CONTENT_SECURITY_POLICY
from tests.backend.service import Service, problem

KEY = f"anna:{sha256(b'let me in').hexdigest()}"


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer let me in"}, {"X-API-Key": "let me in"}])
def test_a_key_opens(serve: Callable[..., Service], headers: dict[str, str]) -> None:
    service = serve(api_keys=KEY)
    id = service.submit(headers=headers)["id"]
    assert service.ports.store.get(id).spec.client == "anna"


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "let me out"}, {"Authorization": "Basic let me in"}, {"X-API-Key": "é"}]
)
def test_without_a_key_nothing_is_taken(serve: Callable[..., Service], headers: dict[str, str]) -> None:
    service = serve(api_keys=KEY)
    for path in ("/api/jobs", "/api/batches", f"/api/jobs/{'0' * 32}/retry"):
        answer = service.post(path, headers=headers)
        assert problem(answer) == (401, "api_key_needed")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert service.ports.artifacts.jobs() == ()


def test_looking_needs_no_key(serve: Callable[..., Service]) -> None:
    service = serve(api_keys=KEY)
    job = service.submit(headers={"X-API-Key": "let me in"})
    assert service.status(job["id"])["status"] == "queued"
    assert service.client.post(f"/api/jobs/{job['id']}/cancel", headers=service.owner(job)).status_code == 202


@pytest.mark.parametrize("entry", ["anna", "anna:abc", f":{'0' * 64}", f"anna:{'g' * 64}"])
def test_a_misspelled_key_is_refused_at_the_start(serve: Callable[..., Service], entry: str) -> None:
    with pytest.raises(MisspelledKey, match="NAME:SHA256"):
        serve(api_keys=entry)


def test_the_rate_of_each_client_is_bounded(serve: Callable[..., Service]) -> None:
    service = serve(submits_per_minute=2, trusted_proxies=1)
    here = {"X-Forwarded-For": "192.0.2.1"}
    assert [service.post(headers=here).status_code for _ in range(2)] == [202, 202]
    answer = service.post(headers=here)
    assert problem(answer) == (429, "too_many_submissions")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert service.post(headers={"X-Forwarded-For": "192.0.2.2"}).status_code == 202


def test_refused_submissions_count_too(serve: Callable[..., Service]) -> None:
    service = serve(submits_per_minute=1)
    assert service.post(style=[]).status_code == 422
    assert service.post().status_code == 429


def test_proxies_are_believed_only_where_they_are_expected(service: Service) -> None:
    id = service.submit(headers={"X-Forwarded-For": "192.0.2.1"})["id"]
    assert service.ports.store.get(id).spec.client == "127.0.0.1"


def test_no_rate_is_no_limit() -> None:
    access = Access({}, 0)
    for _ in range(500):
        access.count_submission("somebody")


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/limits", "/api/nothing", "/api/jobs", "/healthz"])
def test_every_answer_tells_browsers_what_is_allowed(service: Service, path: str) -> None:
    headers = service.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_other_origins_are_closed_out(service: Service) -> None:
    asked = {"Origin": "https://else.example", "Access-Control-Request-Method": "POST"}
    answer = service.client.options("/api/jobs", headers=asked)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_origin_of_the_settings_may_call(serve: Callable[..., Service]) -> None:
    service = serve(cors_origins="https://page.example, https://other.example")
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "DELETE"}
    answer = service.client.options(f"/api/jobs/{'0' * 32}", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "X-Owner-Token" in answer.headers["Access-Control-Allow-Headers"]
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    shown = service.get("/api/limits", Origin="https://page.example").headers
    assert "ETag" in shown["Access-Control-Expose-Headers"] and "Origin" in shown["Vary"]
    assert "Access-Control-Allow-Origin" not in service.get("/api/limits", Origin="https://evil.example").headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_cannot_submit_through_the_browser(serve: Callable[..., Service], site: str) -> None:
    service = serve(cors_origins="https://page.example")
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
    assert problem(service.post(headers=headers)) == (403, "foreign_origin")
    assert service.post(headers={**headers, "Origin": "https://page.example"}).status_code == 202
    assert service.post(headers={"Sec-Fetch-Site": "same-origin"}).status_code == 202


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:8080", "null", "http://[", "http://localhost@evil.example"]
)
def test_a_foreign_page_of_a_browser_that_says_little_cannot_submit(service: Service, origin: str) -> None:
    assert problem(service.post(headers={"Origin": origin})) == (403, "foreign_origin")
    assert service.ports.artifacts.jobs() == ()


def test_pages_of_our_own_and_of_the_settings_may_submit_from_such_a_browser(serve: Callable[..., Service]) -> None:
    service = serve(cors_origins="https://page.example", trusted_proxies=1)
    assert service.post(headers={"Origin": "https://page.example"}).status_code == 202
    assert service.post(headers={"Origin": "http://localhost"}).status_code == 202
    assert service.post(headers={"Origin": "http://my-PC:8080", "Host": "my-pc:8080"}).status_code == 202
    behind = {"X-Forwarded-Host": "pictures.example", "X-Forwarded-Proto": "https"}
    assert service.post(headers={"Origin": "https://pictures.example", **behind}).status_code == 202
