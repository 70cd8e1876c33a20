"""The address of the API, without the launcher: what becomes of clients that fall silent."""

import socket
from pathlib import Path

import pytest

from backend.listening import listen
from tests.backend.running import answer, free_port, running


def test_an_upload_that_stops_half_way_is_given_up(tmp_path: Path) -> None:
    port = free_port()
    with running("backend.server", tmp_path, "--stalled", "1", port=port):
        answer(f"http://127.0.0.1:{port}/healthz")
        with socket.create_connection(("127.0.0.1", port), timeout=15) as client:
            kind = b"multipart/form-data; boundary=x"
            client.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nContent-Type: " + kind)
            client.sendall(b'\r\n\r\n--x\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\nhalf')
            while client.recv(65_536):  # until the end, or for so long that the test fails
                pass


def test_an_address_that_is_taken_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with running("backend.server", tmp_path, port=port) as (process, said):
            assert process.wait(30) == 75
    text = said.read_text()
    assert f"127.0.0.1:{port} cannot be used" in text and "Traceback" not in text


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_address_may_be_of_version_six() -> None:
    try:
        with listen("::1", 0) as listener:
            assert listener.family == socket.AF_INET6
    except OSError as error:
        pytest.skip(str(error))
