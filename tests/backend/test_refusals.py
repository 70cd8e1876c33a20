"""Every refusal of a submission: its status, its code, the part that is meant."""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.backend.service import Service, body, make_service, part, picture, problem


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all of these: what is refused leaves no trace."""
    made = make_service(tmp_path_factory.mktemp("service"))
    yield made
    made.ports.close()


GIF = b"GIF89a" + bytes(30)


def _bomb(side: int = 20_000) -> bytes:
    """A PNG whose header promises 400 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


REFUSALS: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "no photo": ({"content": []}, 422, "missing_field", "content"),
    "an empty photo": ({"content": b""}, 422, "missing_field", "content"),
    "no painting": ({"style": []}, 422, "missing_field", "style"),
    "two photos": ({"content": [picture(0), picture(2)]}, 422, "too_many_parts", "content"),
    "five paintings": ({"style": [picture(1)] * 5}, 422, "too_many_parts", "style"),
    "too many in all": ({"style": [picture(1)] * 3, "style_id": ["a", "b"]}, 422, "too_many_parts", "style"),
    "an unknown field": ({"colour": "red"}, 422, "unknown_part", "colour"),
    "an unknown file": ({"file": part(picture(0))}, 422, "unknown_part", "file"),
    "options as a file": ({"options": None, "style_id": part(b"x")}, 422, "wrong_part", "style_id"),
    "an unknown style": ({"style_id": "nobody"}, 422, "unknown_style", "style_id"),
    "a path as a style": ({"style_id": "../../etc/passwd"}, 422, "unknown_style", "style_id"),
    "no JSON": ({"options": "{size: 64}"}, 400, "bad_json", "options"),
    "no object": ({"options": "[1]"}, 400, "bad_json", "options"),
    "an unknown option": ({"options": {"sise": 64}}, 422, "invalid_option", "options.sise"),
    "an option outside": ({"options": {"size": 1}}, 422, "invalid_option", "options.size"),
    "an option of another type": ({"options": {"size": "big"}}, 422, "invalid_option", "options.size"),
    "a blend for other paintings": ({"options": {"blend": [1, 2, 3]}}, 422, "invalid_option", "options.blend"),
    "no weight at all": ({"options": {"content_weight": 0, "style_weight": 0}},
                         422, "invalid_option", "options.style_weight"),
    "a layer of no backbone": ({"options": {"style_layers": ["relu9_9"]}},
                               422, "invalid_option", "options.style_layers"),
    "an option twice": ({"options": '{"size": 64, "size": 128}'}, 400, "bad_json", "options"),
    "an unknown preset": ({"options": {"preset": "best"}}, 422, "invalid_option", "options.preset"),
    "too large a result": ({"options": {"size": 4000}}, 422, "over_limit", "options.size"),
    "too long a result": ({"content": picture(0, 160, 16), "options": {"size": 900, "size_by": "height"}},
                          422, "picture_size", "options.size"),
    "too many iterations": ({"options": {"iterations": 2001}}, 422, "over_limit", "options.iterations"),
    "too narrow a result": ({"content": picture(0, 400, 16), "options": {"size": 64}},
                            422, "picture_size", "options.size"),
    "neither true nor false": ({"fresh": "maybe"}, 422, "invalid_value", "fresh"),
    "options twice": ({"options": None, "fresh": ["true", "true"]}, 422, "too_many_parts", "fresh"),
    "a GIF": ({"content": GIF}, 415, "not_a_picture", "content"),
    "a text as a painting": ({"style": b"hello, I am a text"}, 415, "not_a_picture", "style"),
    "a cut-off photo": ({"content": picture(0)[:300]}, 422, "broken_picture", "content"),
    "a second broken painting": ({"style": [picture(1), picture(1)[:300]]}, 422, "broken_picture", "style[1]"),
    "a tiny photo": ({"content": picture(0, 8, 8)}, 422, "picture_size", "content"),
    "a bomb": ({"content": _bomb()}, 422, "picture_size", "content"),
    "a bomb as a painting": ({"style": _bomb()}, 422, "picture_size", "style"),
    "a long key": ({"headers": {"Idempotency-Key": "x" * 201}}, 422, "invalid_value", "Idempotency-Key"),
    "a key with a space": ({"headers": {"Idempotency-Key": "a b"}}, 422, "invalid_value", "Idempotency-Key"),
    "an empty key": ({"headers": {"Idempotency-Key": ""}}, 422, "invalid_value", "Idempotency-Key"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_painted_is_refused(service: Service, name: str) -> None:
    given, status, code, field = REFUSALS[name]
    answer = service.post(**given)
    assert problem(answer) == (status, code)
    assert body(answer)["field"] == field
    assert service.ports.artifacts.jobs() == ()


def test_a_file_over_the_limit_is_too_large(serve: Callable[..., Service]) -> None:
    service = serve(max_upload_bytes=10_000)
    answer = service.post(content=picture(0, 100, 100))
    assert problem(answer) == (413, "file_too_large")
    assert "10,000" in body(answer)["detail"]


def test_a_body_over_the_limit_is_too_large(serve: Callable[..., Service]) -> None:
    service = serve(max_upload_bytes=10_000)
    assert problem(service.post(content=bytes(1_100_000))) == (413, "too_large")


@pytest.mark.parametrize("type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_only_multipart_is_taken(service: Service, type: str) -> None:
    assert problem(service.client.post("/api/jobs", data=b"{}", content_type=type)) == (415, "not_multipart")


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=content\r\n"),
        ("multipart/form-data; boundary=x", b"no parts at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: a/b\r\n\r\n1\r\n--x--\r\n"),
    ],
)
def test_a_damaged_body_is_a_bad_request(service: Service, type: str, data: bytes) -> None:
    assert problem(service.client.post("/api/jobs", data=data, content_type=type)) == (400, "bad_request")


def test_a_refusal_says_what_to_do(service: Service) -> None:
    answer = body(service.post(options={"color": "luminanc"}))
    assert answer["code"] == "invalid_option"
    assert "luminance" in answer["hint"]
    assert answer["type"] == "/api/docs#problem-invalid_option"
    assert answer["instance"].startswith("urn:request:")


def test_an_option_that_there_is_not_is_called_by_its_name(service: Service) -> None:
    answer = body(service.post(options={"sise": 64}))
    assert (answer["detail"], answer["field"]) == ("There is no option 'sise'.", "options.sise")
    assert answer["hint"] == "Did you mean 'size'?"


def test_every_refused_option_has_a_hint(service: Service) -> None:
    answer = body(service.post(options={"size": 1}))
    assert answer["detail"] == "Size is 1, but the least is 64 px." and "/api/options" in answer["hint"]


def test_a_refused_picture_is_called_as_people_count(service: Service) -> None:
    assert body(service.post(content=GIF))["detail"] == "The photo: it is a GIF picture."
    assert body(service.post(style=[picture(1), GIF]))["detail"] == "Painting 2: it is a GIF picture."
    assert body(service.post(style=[picture(1), b""]))["detail"] == "The file of painting 2 is empty."
    third = body(service.post("/api/batches", content=[picture(0), picture(2), GIF]))
    assert (third["detail"], third["field"]) == ("Photo 3: it is a GIF picture.", "content[2]")


def test_a_part_without_a_name_is_unknown(service: Service) -> None:
    data = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    answer = service.client.post("/api/jobs", data=data, content_type="multipart/form-data; boundary=x")
    assert problem(answer) == (422, "unknown_part")
