"""A job's life as server-sent events (the HTML standard's ``EventSource``).

Every event can be missed without harm: each holds the whole state, and its id is the job's version, which a browser
that comes back tells. A thread of the server is held as long as somebody listens, so the seats are counted.
"""

import json
from collections.abc import Iterator
from typing import Final

from flask import Response

from backend.context import Context
from backend.follow.representation import place_of, represent
from backend.problems import Problem
from jobs.errors import JobsError
from jobs.model import Job, JobStatus
from jobs.terms import Place

_HEARTBEAT_SECONDS: Final = 10.0
_PLACE_SECONDS: Final = 2.0  # a place in the queue changes without the job's version
_RETRY_MILLISECONDS: Final = 2000
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event_stream(ctx: Context, job: Job, last_id: str) -> Response:
    """Every change of the job from now on; first its state, unless ``last_id`` says that it is known.

    A browser that comes back for a job that is over and known gets 204, which tells it to stay away.

    Raises:
        Problem: 503, too many listen already.
    """
    known = last_id == str(job.version)
    if known and job.status.terminal:
        return Response(status=204, headers=_HEADERS)
    if not ctx.viewers.take():
        raise Problem(
            503,
            "too_many_viewers",
            f"There are {ctx.settings.viewers} event streams and long polls already.",
            hint="Poll the job's own address with If-None-Match instead.",
            retry_after=_HEARTBEAT_SECONDS,
        )
    response = Response(_events(ctx, job, known), mimetype="text/event-stream", headers=_HEADERS)
    response.call_on_close(ctx.viewers.leave)
    return response


def _events(ctx: Context, job: Job, known: bool) -> Iterator[str]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    try:
        place = place_of(ctx.store, job)
        if not known:
            yield _event(ctx, job, place)
        yield from _changes(ctx, job, place)
    except JobsError:
        return  # deleted, or the store is away: the listener comes back and is told


def _changes(ctx: Context, job: Job, place: Place | None) -> Iterator[str]:
    quiet_seconds = 0.0
    while not job.status.terminal:
        patience = _PLACE_SECONDS if job.status is JobStatus.QUEUED else _HEARTBEAT_SECONDS
        now = ctx.store.wait(job.id, job.version, patience)
        now_place = place_of(ctx.store, now)
        if now.version != job.version or _position(now_place) != _position(place):
            yield _event(ctx, now, now_place)
            quiet_seconds = 0.0
        elif (quiet_seconds := quiet_seconds + patience) >= _HEARTBEAT_SECONDS:
            yield ": still there\n\n"
            quiet_seconds = 0.0
        job, place = now, now_place


def _event(ctx: Context, job: Job, place: Place | None) -> str:
    data = json.dumps(represent(job, place, ctx.settings.max_attempts), separators=(",", ":"), allow_nan=False)
    return f"id: {job.version}\nevent: status\ndata: {data}\n\n"


def _position(place: Place | None) -> int:
    return place.position if place else 0
