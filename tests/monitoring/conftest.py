"""One observed run for all tests that look at what it has left behind."""

from collections.abc import Iterator

import pytest

from tests.monitoring.observed import Observed, observed
from tests.monitoring.tools import program


@pytest.fixture(scope="session")
def one_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A run without any server but the service itself."""
    program("prometheus", "on Debian: apt-get install prometheus")
    with observed(tmp_path_factory.mktemp("observed")) as seen:
        yield seen
