"""What became of submissions, counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Response

from backend.context import Context


@contextmanager
def counted(context: Context) -> Iterator[Callable[[Response], Response]]:
    """Count one submission: by its answer, handed to what this gives, or as refused where an exception ends it."""
    results = ["refused"]

    def outcome(response: Response) -> Response:
        results[:] = ["replayed" if "Idempotency-Replayed" in response.headers else "accepted"]
        return response

    try:
        yield outcome
    finally:
        context.metrics.submitted.labels(results[0]).inc()
