"""One service for each test that asks for it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend.service import Service, make_service


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Make a service of these settings; a second one shares the folder."""
    made: list[Service] = []

    def make(**settings: Any) -> Service:
        made.append(make_service(tmp_path / "data", **settings))
        return made[-1]

    yield make
    for service in made:
        service.ports.close()


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    """A service as it comes, without a limit of the rate."""
    return serve()
