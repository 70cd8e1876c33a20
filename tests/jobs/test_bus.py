"""The bus of one machine, and the one inside a process, against the contract."""

from collections.abc import Callable

import pytest

from jobs.bus import EmptyBus
from jobs.ports import JobBus
from jobs.settings import Settings
from jobs.wiring import UnknownUrl, open_bus
from tests.jobs.bus_contract import BusContract
from tests.jobs.memory_bus import MemoryBus, Topic


class TestEmptyBus(BusContract):
    """Carries nothing."""

    delivers = False

    @pytest.fixture
    def make_bus(self) -> Callable[[], JobBus]:
        """There is nothing to share."""
        return EmptyBus


class TestMemoryBus(BusContract):
    """Carries within this process."""

    delivers = True

    @pytest.fixture
    def make_bus(self) -> Callable[[], JobBus]:
        """All on one topic."""
        topic = Topic()
        return lambda: MemoryBus(topic)


def test_the_url_of_one_machine_opens_the_empty_bus() -> None:
    assert isinstance(open_bus(Settings(bus_url="none:")), EmptyBus)


@pytest.mark.parametrize("url", ["", "sqs:", "amqp://host/queue"])
def test_a_url_that_nobody_speaks_is_refused_with_those_that_somebody_does(url: str) -> None:
    with pytest.raises(UnknownUrl, match="must be none:"):
        open_bus(Settings(bus_url=url))
