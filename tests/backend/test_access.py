"""Who may submit, how often, and which pages may call."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from backend.access import Key, MisspelledKey, Role, UntrustedSignIn
from backend.security import CONTENT_SECURITY_POLICY
from tests.backend.service import Service, body, problem

KEY = f"anna:{sha256(b'let me in').hexdigest()}"
OPERATOR = f"olga:{sha256(b'I keep it running').hexdigest()}:operate"
ANNA, OLGA = {"X-API-Key": "let me in"}, {"Authorization": "Bearer I keep it running"}
USER_HEADER = "X-Auth-Request-Email"


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


@pytest.mark.parametrize(
    "entry",
    [
        "anna",
        "anna:abc",
        f":{'0' * 64}",
        f"anna:{'g' * 64}",
        f"anna:{'0' * 64}:",
        f"anna:{'0' * 64}:admin",
        f"anna:{'0' * 64}:submit:operate",
        f"user:anna:{'0' * 64}",
    ],
)
def test_a_misspelled_key_is_refused_at_the_start(serve: Callable[..., Service], entry: str) -> None:
    with pytest.raises(MisspelledKey, match="NAME:SHA256"):
        serve(api_keys=entry)


def test_a_key_that_was_set_in_place_of_its_hash_is_not_repeated() -> None:
    with pytest.raises(MisspelledKey) as refusal:
        Key.parse("7LtfC3mYt0pVXk2")
    assert "7Ltf" not in str(refusal.value)


def test_an_entry_has_a_name_a_hash_and_perhaps_a_role() -> None:
    assert Key.parse(f"a:b:{'AB' * 32}") == Key("a:b", "ab" * 32, Role.SUBMIT)
    assert Key.parse(f"anna: {'0' * 64} : operate").role is Role.OPERATE


@pytest.fixture
def operated(serve: Callable[..., Service]) -> Service:
    """Anna may submit, and Olga operates."""
    return serve(api_keys=f"{KEY},{OPERATOR}")


def test_an_operator_may_end_the_jobs_of_others(operated: Service) -> None:
    first, second = (operated.submit(headers=ANNA)["id"] for _ in range(2))
    assert operated.client.post(f"/api/jobs/{first}/cancel", headers=OLGA).status_code == 202
    assert operated.client.delete(f"/api/jobs/{first}", headers=OLGA).status_code == 204
    assert operated.client.post(f"/api/jobs/{second}/cancel", headers=OLGA).status_code == 202
    again = operated.client.post(f"/api/jobs/{second}/retry", headers=OLGA)
    assert operated.ports.store.get(body(again)["id"]).spec.client == "olga"


def test_an_operator_may_end_the_batches_of_others(operated: Service) -> None:
    batch = body(operated.post("/api/batches", headers=ANNA))["id"]
    assert operated.client.post(f"/api/batches/{batch}/cancel", headers=OLGA).status_code == 202
    assert operated.client.delete(f"/api/batches/{batch}", headers=OLGA).status_code == 204


def test_nobody_else_may_end_the_jobs_of_others(operated: Service) -> None:
    id = operated.submit(headers=OLGA)["id"]
    for headers in (ANNA, {}, {"X-API-Key": "I keep it"}):
        assert problem(operated.client.post(f"/api/jobs/{id}/cancel", headers=headers)) == (403, "not_owner")


def test_an_operator_lists_the_jobs_of_others_and_nobody_else_does(operated: Service) -> None:
    id = operated.submit(headers=ANNA)["id"]
    listed = operated.client.get("/api/jobs?client=anna", headers=OLGA)
    assert [job["id"] for job in body(listed)["jobs"]] == [id]
    assert body(operated.client.get("/api/jobs", headers=OLGA))["jobs"] == []
    assert [job["id"] for job in body(operated.client.get("/api/jobs?client=anna", headers=ANNA))["jobs"]] == [id]
    assert problem(operated.client.get("/api/jobs?client=olga", headers=ANNA)) == (403, "operator_needed")
    assert problem(operated.client.get("/api/jobs?client=anna")) == (401, "api_key_needed")


@pytest.fixture
def signed_in(serve: Callable[..., Service]) -> Service:
    """People sign in at the proxy, programs have keys."""
    return serve(proxy_user_header=USER_HEADER, trusted_proxies=1, api_keys=KEY)


def test_who_has_signed_in_at_the_proxy_is_the_client(signed_in: Service) -> None:
    anna = {USER_HEADER: "anna@example.org"}
    id = signed_in.submit(headers=anna)["id"]
    assert signed_in.ports.store.get(id).spec.client == "user:anna@example.org"
    assert [job["id"] for job in body(signed_in.client.get("/api/jobs", headers=anna))["jobs"]] == [id]
    ben = body(signed_in.client.get("/api/jobs", headers={USER_HEADER: "ben@example.org"}))
    assert ben["jobs"] == []


def test_who_has_not_signed_in_is_told_to(signed_in: Service) -> None:
    for headers in ({}, {USER_HEADER: " "}, {"X-API-Key": "let me out"}):
        answer = signed_in.post(headers=headers)
        assert problem(answer) == (401, "sign_in_needed")
        assert "Sign in" in body(answer)["hint"]
    assert problem(signed_in.get("/api/jobs")) == (401, "sign_in_needed")
    assert signed_in.ports.artifacts.jobs() == ()


def test_beside_signing_in_a_key_still_opens(signed_in: Service) -> None:
    id = signed_in.submit(headers=ANNA)["id"]
    assert signed_in.ports.store.get(id).spec.client == "anna"


def test_a_token_of_the_proxy_s_own_does_not_stand_in_the_way(signed_in: Service) -> None:
    headers = {USER_HEADER: "anna@example.org", "Authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}
    assert signed_in.ports.store.get(signed_in.submit(headers=headers)["id"]).spec.client == "user:anna@example.org"


def test_a_name_may_have_any_letters(signed_in: Service) -> None:
    headers = {USER_HEADER: "Zoë Ångström".encode().decode("latin-1")}
    assert signed_in.ports.store.get(signed_in.submit(headers=headers)["id"]).spec.client == "user:Zoë Ångström"


@pytest.mark.parametrize("name", ["a" * 201, "anna\x7f", "mallory@example.org, anna@example.org", "\x01"])
def test_a_header_that_is_no_name_is_refused(signed_in: Service, name: str) -> None:
    answer = signed_in.post(headers={USER_HEADER: name})
    assert problem(answer) == (422, "invalid_value")
    assert body(answer)["field"] == USER_HEADER


def test_a_header_that_anybody_could_send_is_not_believed(serve: Callable[..., Service]) -> None:
    with pytest.raises(UntrustedSignIn, match="set NST_TRUSTED_PROXIES to 1"):
        serve(proxy_user_header=USER_HEADER)


@pytest.mark.parametrize("header", ["X Auth", "X_Auth", "Host", "X-Forwarded-For", "é"])
def test_a_header_that_means_something_else_is_refused(serve: Callable[..., Service], header: str) -> None:
    with pytest.raises(UntrustedSignIn, match="NST_PROXY_USER_HEADER is"):
        serve(proxy_user_header=header, trusted_proxies=1)


def test_without_the_setting_the_header_means_nothing(serve: Callable[..., Service]) -> None:
    service = serve(trusted_proxies=1)
    id = service.submit(headers={USER_HEADER: "anna@example.org"})["id"]
    assert service.ports.store.get(id).spec.client == "127.0.0.1"


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
