"""The API: HTTP in, jobs out. It checks and stores pictures, and never loads the engine.

Read ``submit`` for the way in, ``follow`` for what is shown of a job, ``handouts`` for what it has made, ``gallery``
for the styles on offer, ``operate`` for what an operator asks, and ``errors`` for what is refused.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask
    from prometheus_client import CollectorRegistry

    from backend.context import Context
    from jobs.settings import Settings
    from jobs.wiring import Ports

#: Most of a body that is not a submission, bytes.
_MAX_BODY_BYTES = 1_000_000


def create_app(settings: "Settings", ports: "Ports", registry: "CollectorRegistry | None" = None) -> "APIFlask":
    """The WSGI app of these settings over these open ports, whose owner closes them.

    Args:
        registry: what ``/metrics`` shows; the app adds its own to it.

    Raises:
        MisspelledKey, UntrustedSignIn, RateUnusable: the settings contradict each other; the message says how.
        Unavailable: the secret of owner tokens cannot be kept in the data folder.
    """
    from apiflask import APIFlask

    from backend import docs_page, errors, openapi, rates, request_log, security
    from backend.context import set_context
    from nst import __version__

    app = APIFlask(
        __name__,
        title="Neural style transfer",
        version=__version__,
        spec_path="/api/openapi.json",
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]  # none: pages are served by their blueprint
        root_path=str(Path(__file__).parent),
    )
    app.config.update(
        MAX_CONTENT_LENGTH=_MAX_BODY_BYTES,
        AUTO_SERVERS=False,  # the first request's Host would be kept for everybody
        AUTO_404_RESPONSE=False,
        TAGS=[dict(tag) for tag in openapi.TAGS],
        SECURITY_SCHEMES=dict(openapi.SECURITY_SCHEMES),
        DESCRIPTION="Send a photo and a painting, follow the job, fetch the result and every step on the way to it.",
    )
    app.spec_processor(partial(openapi.finished, settings=settings))
    app.url_map.redirect_defaults = False
    context = _context(settings, ports, registry)
    set_context(app.extensions, context)
    request_log.register(app)
    security.register(app, settings)
    rates.register(app, context.rate)
    errors.register(app)
    docs_page.register(app)
    _register_blueprints(app)
    return app


def _context(settings: "Settings", ports: "Ports", registry: "CollectorRegistry | None") -> "Context":
    from prometheus_client import CollectorRegistry, ProcessCollector

    from backend.access import Access
    from backend.context import Context
    from backend.follow.viewers import Viewers
    from backend.gallery.gallery import Gallery
    from backend.rates import Rate
    from backend.secret import owner_secret
    from jobs.telemetry import ApiMetrics

    registry = CollectorRegistry() if registry is None else registry
    ProcessCollector(registry=registry)
    metrics = ApiMetrics.on(registry)
    return Context(
        settings=settings,
        ports=ports,
        gallery=Gallery.open(settings.styles_dir, max_pixels=settings.max_pixels),
        secret=owner_secret(settings),
        registry=registry,
        metrics=metrics,
        access=Access.of(settings),
        rate=Rate.of(settings),
        viewers=Viewers(settings.viewers, metrics.viewers),
    )


def _register_blueprints(app: "APIFlask") -> None:
    from backend import page
    from backend.follow import api, batches
    from backend.gallery import gallery_routes
    from backend.handouts import downloads
    from backend.operate import ops
    from backend.submit import submissions

    for module in (submissions, api, batches, downloads, gallery_routes, ops, page):
        app.register_blueprint(module.blueprint)
