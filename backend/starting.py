"""What is looked at before anything is started: settings that contradict each other, servers that are not there yet."""

import time
from collections.abc import Iterator
from typing import Final

from backend.access import Access
from backend.rates import Rate
from backend.secret import owner_secret, secret_warning
from jobs.errors import Misconfigured, Unavailable
from jobs.settings import Settings
from jobs.telemetry import logger
from jobs.urls import scheme, shown
from jobs.wiring import open_ports

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 5.0

_log = logger(__name__)


def check_settings(settings: Settings) -> None:
    """Look at what each setting cannot know of the others; nothing is connected.

    Raises:
        MisspelledKey, UntrustedSignIn, RateUnusable: they contradict each other; the message says how.
        Unavailable: the secret of owner tokens cannot be kept in the data folder.
    """
    Access.of(settings)
    Rate.of(settings)
    owner_secret(settings)


def warnings(settings: Settings) -> Iterator[str]:
    """What works, but not as somebody would expect."""
    if warning := secret_warning(settings):
        yield warning


def places(settings: Settings) -> dict[str, str]:
    """Where everything is that is not in the data folder, without passwords."""
    places = {"bus": settings.bus_url, "store": settings.store_url, "pictures": settings.artifacts_url}
    return {name: shown(url) for name, url in places.items() if url and scheme(url) != "none"}


def await_ports(settings: Settings, patience_seconds: float = 60.0) -> None:
    """Return as soon as everything can be opened: servers may come up after us, or be away for a while.

    Raises:
        UnknownUrl, NewerVersion, Misconfigured: waiting cannot help.
        Unavailable: waiting has not helped for so long; the message says why.
    """
    pause, known, until = _FIRST_PAUSE_SECONDS, "", time.monotonic() + patience_seconds
    while True:
        try:
            open_ports(settings).close()
        except Misconfigured:
            raise
        except Unavailable as error:
            if time.monotonic() + pause > until:
                raise
            if str(error) != known:
                known = str(error)
                _log.warning("waiting for a part of the service", reason=known)
        else:
            return
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
