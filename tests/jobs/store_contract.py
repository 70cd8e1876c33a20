"""What every store must do: the tests of an adapter inherit ``StoreContract`` and say how their store is opened."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobs.ports import JobStore
from jobs.terms import Policy
from tests.jobs.store_lists import ListContract
from tests.jobs.store_lives import LifeContract
from tests.jobs.store_losses import LossContract
from tests.jobs.store_races import RaceContract
from tests.jobs.store_submissions import SubmissionContract


class StoreContract(LifeContract, LossContract, ListContract, RaceContract, SubmissionContract):
    """Short leases and real sleeps: a store may have a clock of its own."""

    @pytest.fixture
    def make_store(self) -> Callable[[Policy], JobStore]:
        """Opens the one store of this test, empty at first; it can be pickled, and other processes call it too."""
        raise NotImplementedError

    @pytest.fixture
    def open_store(self, make_store: Callable[[Policy], JobStore]) -> Iterator[Callable[..., JobStore]]:
        """Opens the store with these fields of ``Policy``, and closes it after the test."""
        opened = []

        def open_store(**policy: Any) -> JobStore:
            opened.append(make_store(Policy(**policy)))
            return opened[-1]

        yield open_store
        for store in opened:
            store.close()

    @pytest.fixture
    def store(self, open_store: Callable[..., JobStore]) -> JobStore:
        """A store whose leases outlast the test."""
        return open_store(lease_seconds=30.0)
