"""What browsers are told about this service, and which pages may use it."""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.problems import Problem
from jobs.settings import Settings

#: What a page of ours may load: nothing from elsewhere.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ALLOWED_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Range, "
    "X-API-Key, X-Owner-Token, X-Request-ID"
)
_SHOWN_HEADERS: Final = (
    "Content-Disposition, ETag, Idempotency-Replayed, Location, RateLimit-Limit, RateLimit-Remaining, "
    "RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-ID"
)


def register(app: Flask, settings: Settings) -> None:
    """Send the headers with every answer, and answer other origins as the settings allow."""
    origins = frozenset(origin.rstrip("/") for origin in settings.cors_origins)
    # Pictures are shown by the pages of those origins, which asks for no permission of its own.
    resources = "cross-origin" if origins else "same-origin"

    @app.before_request
    def _check_origin() -> Response | None:
        return _before(origins)

    @app.after_request
    def _send_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cross-Origin-Resource-Policy", resources)
        if origins:
            _open_to(origins, response)
        return response

    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _before(origins: frozenset[str]) -> Response | None:
    origin = request.headers.get("Origin", "")
    if request.method == "OPTIONS" and origin in origins and "Access-Control-Request-Method" in request.headers:
        return Response(status=204)
    # A form on any page in the browser could post here without asking; the browser says where it came from.
    if request.method not in _SAFE_METHODS and origin not in origins and _is_foreign(origin):
        raise Problem(
            403,
            "foreign_origin",
            "A page of another origin may not change anything here.",
            hint="Add the page's origin to NST_CORS_ORIGINS if it is yours.",
        )
    return None


def _is_foreign(origin: str) -> bool:
    """Whether a page of another origin asks; older browsers, and all of them without TLS, say no more than Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("cross-site", "same-site")
    try:
        return bool(origin) and urlsplit(origin).netloc.lower() != request.host.lower()
    except ValueError:  # a broken IPv6 address
        return True


def _open_to(origins: frozenset[str], response: Response) -> None:
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin not in origins:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _SHOWN_HEADERS
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, DELETE"
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = "600"
