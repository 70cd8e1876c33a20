"""The bus of one machine: none. The store's own queue is enough, because idle workers look into it."""

import time
from collections.abc import Sequence

from jobs.model import Job, JobSpec
from jobs.terms import Ticket


class EmptyBus:
    """Carries nothing; ``poll`` sleeps."""

    carries = False

    def publish(self, specs: Sequence[JobSpec]) -> None:
        """The store has them already."""

    def poll(self, timeout_seconds: float) -> tuple[Ticket, ...]:
        """Nothing, after the timeout."""
        time.sleep(timeout_seconds)
        return ()

    def hold(self) -> None:
        """Nothing would come anyway."""

    def resume(self) -> None:
        """Nothing will come."""

    def settle(self, job_id: str) -> None:
        """Nothing was delivered."""

    def bury(self, job: Job) -> None:
        """The store knows which jobs have failed."""

    def unsettled(self) -> tuple[Ticket, ...]:
        """Nothing was delivered."""
        return ()

    def check(self) -> None:
        """Always there."""

    def close(self) -> None:
        """Nothing is open."""
