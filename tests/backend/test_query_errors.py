"""What is said about query parameters that cannot be right."""

import pytest

from tests.backend.service import Service, body, problem

ID = "0" * 32


@pytest.mark.parametrize(
    ("path", "field", "detail"),
    [
        (f"/api/jobs/{ID}/result?download=maybe", "download", "download is 'maybe', but it must be true or false."),
        (f"/api/jobs/{ID}?wait=soon", "wait", "wait is 'soon', but it must be a whole number."),
        (f"/api/jobs/{ID}?wait=1.5", "wait", "wait is '1.5', but it must be a whole number."),
        (f"/api/jobs/{ID}?wait={'9' * 5000}", "wait", f"wait is '{'9' * 60}...', but it must be a whole number."),
        (f"/api/jobs/{ID}?wait=0", "wait", "wait is '0', but the least is 1."),
        (f"/api/jobs/{ID}?wait=26", "wait", "wait is '26', but the most is 25."),
        (f"/api/jobs/{ID}?version=-1", "version", "version is '-1', but the least is 0."),
        ("/api/jobs?before=x", "before", "before is 'x', but it must be a number."),
        ("/api/jobs?before=inf", "before", "before is 'inf', but it must be a finite number."),
        ("/api/jobs?before=-1", "before", "before is '-1', but the least is 0."),
        (f"/api/jobs/{ID}/frames/1?size=huge", "size", "size is 'huge', but it must be full or small."),
        (f"/api/jobs/{ID}/timelapse?format=avi", "format", "format is 'avi', but it must be mp4, gif or webp."),
        (f"/api/jobs/{ID}/timelapse?format=%00%C3%A9", "format", r"format is '\x00\xe9', but it must be mp4, gif or"),
    ],
)
def test_a_parameter_is_refused_in_a_sentence_with_a_hint(service: Service, path: str, field: str, detail: str) -> None:
    answer = service.get(path)
    assert problem(answer) == (422, "invalid_parameter")
    assert body(answer)["detail"].startswith(detail)
    assert body(answer)["field"] == field and "leave it out" in body(answer)["hint"]
