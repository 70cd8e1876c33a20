"""Who is behind a proxy in its tests: page, API and the one who knows who has signed in, on free ports."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Of somebody who has signed in.
COOKIE = {"_oauth2_proxy": "signed-in"}
#: Headers of programs that have a key, and of those that have none.
KEYS = ({"X-API-Key": "k"}, {"Authorization": "Bearer k"}, {"authorization": "bearer k"})
NO_KEYS = ({"X-API-Key": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"})


class _Echo(BaseHTTPRequestHandler):
    """Tells what it was asked."""

    name = ""

    def do_GET(self) -> None:
        """Answer with the request."""
        self._answer(200, {})

    def _answer(self, status: int, headers: Mapping[str, str]) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"who": self.name, "path": self.path, "headers": asked}).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


class _Api(_Echo):
    name = "backend"


class _Page(_Echo):
    name = "frontend"


class _SignIn(_Echo):
    """As oauth2-proxy with ``set_xauthrequest``: 202 and who it is, or 401."""

    name = "oauth2-proxy"

    def do_GET(self) -> None:
        """Only who has the cookie is known."""
        if self.path.partition("?")[0] != "/oauth2/auth":
            self._answer(200, {})
        elif "_oauth2_proxy=signed-in" in self.headers.get("Cookie", ""):
            self._answer(202, {"X-Auth-Request-User": "4711", "X-Auth-Request-Email": "anna@example.org"})
        else:
            self._answer(401, {})


@contextmanager
def standing_in() -> Iterator[dict[str, int]]:
    """All three; their ports by name."""
    servers = {kind.name: ThreadingHTTPServer(("127.0.0.1", 0), kind) for kind in (_Api, _Page, _SignIn)}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield {name: server.server_port for name, server in servers.items()}
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()
