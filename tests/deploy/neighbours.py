"""Who is around a proxy in its tests: a name server whose answers change, and how to wait for what it makes of them."""

import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
import requests


def missing(sentence: str) -> NoReturn:
    """What a test needs is not here: a reason to skip it, but for CI, where `scripts.servers install` puts it there."""
    if os.environ.get("CI"):
        pytest.fail(f"CI is set, and {sentence}")
    pytest.skip(f"{sentence}; `python -m scripts.servers install --all` builds it")


@dataclass
class Names:
    """A name server that knows one name, and who is behind it at the moment."""

    addresses: list[str] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                question, client = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(question), client)
            except OSError:
                return

    def _answer(self, question: bytes) -> bytes:
        self.asked += 1
        end = question.index(b"\0", 12) + 5
        kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
        found = self.addresses if kind == 1 else []  # A; of AAAA there are none
        records = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(address) for address in found]
        status = 0x8180 if self.addresses else 0x8183
        header = question[:2] + struct.pack("!HHHHH", status, 1, len(records), 0, 0)
        return header + question[12:end] + b"".join(records)


def status(url: str) -> int:
    """The status of an answer; 0 where nobody answers."""
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
