"""Requests that nobody sends by accident."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.backend.service import Service, body, make_service, part, picture, problem


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all of these: what is refused leaves no trace."""
    made = make_service(tmp_path_factory.mktemp("service"))
    yield made
    made.ports.close()


def test_ten_thousand_parts_are_too_many(service: Service) -> None:
    one = b'--x\r\nContent-Disposition: form-data; name="style_id"\r\n\r\na\r\n'
    answer = service.client.post(
        "/api/jobs", data=one * 10_000 + b"--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    assert problem(answer) == (413, "too_large")


def test_a_huge_text_field_is_too_large(service: Service) -> None:
    assert problem(service.post(options='{"seed": "' + "9" * 200_000 + '"}')) == (413, "too_large")


@pytest.mark.parametrize(
    "text", ["[" * 50_000, '{"a":' * 15_000, '{"seed": ' + "9" * 5000 + "}", '{"size": NaN}', '{"size": 1e999}', "\0"]
)
def test_strange_json_is_refused(service: Service, text: str) -> None:
    assert service.post(options=text).status_code in (400, 422)


@pytest.mark.parametrize("text", ['{"\\ud800": 1}', '{"backbone": "\\ud800"}', '{"style_layers": ["a\\u0000b"]}'])
def test_strange_letters_do_no_harm(service: Service, text: str) -> None:
    assert service.post(options=text).status_code in (202, 422)


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a\0b", "a\r\nX-Evil: 1", "CON", "x" * 5000, "\u202e.png"])
def test_names_of_files_mean_nothing(service: Service, name: str) -> None:
    data = {"content": part(picture(0), name), "style": part(picture(1), name), "options": '{"size": 64}'}
    answer = service.send("/api/jobs", data)
    assert answer.status_code in (202, 400, 422)
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "id", ["x", "..", "%2e%2e", "..%2f..%2fetc", "A" * 32, "0" * 31, "0" * 33, "%00" * 32, "0" * 31 + "%0a", "é" * 32]
)
@pytest.mark.parametrize("rest", ["", "/events", "/cancel", "/retry", "/result", "/archive.zip"])
def test_what_is_no_id_is_not_found(service: Service, id: str, rest: str) -> None:
    method = service.client.post if rest in ("/cancel", "/retry") else service.client.get
    assert method(f"/api/jobs/{id}{rest}").status_code == 404


def test_a_key_cannot_write_headers(service: Service) -> None:
    data = {"content": part(picture(0)), "style": part(picture(1))}
    answer = service.send("/api/jobs", data, HTTP_IDEMPOTENCY_KEY="a\r\nX-Evil: 1")
    assert problem(answer) == (422, "invalid_value")
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 64, "\xff" * 64])
def test_a_wrong_token_owns_nothing(service: Service, token: str) -> None:
    id = service.submit()["id"]
    for answer in (
        service.client.post(f"/api/jobs/{id}/cancel", environ_overrides={"HTTP_X_OWNER_TOKEN": token}),
        service.client.delete(f"/api/jobs/{id}", environ_overrides={"HTTP_X_OWNER_TOKEN": token}),
    ):
        assert problem(answer) == (403, "not_owner")
    assert service.status(id)["status"] == "queued"


def test_a_strange_request_id_is_replaced(service: Service) -> None:
    for given in ("a b", "x" * 65, "<script>", ""):
        assert service.get("/api/limits", X_Request_ID=given).headers["X-Request-ID"] != given
    assert service.get("/api/limits", X_Request_ID="a-1.b_2").headers["X-Request-ID"] == "a-1.b_2"


def test_the_queue_of_one_client_is_not_shown_to_another(serve: Callable[..., Service]) -> None:
    service = serve()
    id = service.submit()["id"]
    shown = json.dumps(service.status(id))
    assert "127.0.0.1" not in shown and "fingerprint" not in shown and "client" not in shown


def test_a_body_that_is_shorter_than_it_says_is_a_bad_request(service: Service) -> None:
    answer = service.client.post(
        "/api/jobs",
        data=b"--x\r\n",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": "1000"},
    )
    assert problem(answer)[0] == 400
    assert body(answer)["hint"]
