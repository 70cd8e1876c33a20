"""Batches: many photos, submitted together, looked at and ended together."""

from collections.abc import Sequence
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response, request

from backend import openapi
from backend.context import Context, context
from backend.follow.ending import cancel
from backend.follow.job_answers import BatchAnswer
from backend.follow.owners import check_owner
from backend.follow.records import check_id, not_found
from backend.follow.representation import json_response, place_of, represent
from backend.problems import Problem
from jobs.model import Job, JobStatus

blueprint = APIBlueprint("batches", __name__)

_TAGS: Final = ["batches"]


def batch_answer(ctx: Context, id: str, jobs: Sequence[Job]) -> dict[str, Any]:
    """The batch as plain values for JSON."""
    counts = {status.value: sum(job.status is status for job in jobs) for status in JobStatus}
    base = f"/api/batches/{id}"
    return {
        "id": id,
        "counts": counts,
        "jobs": [represent(job, place_of(ctx.store, job), ctx.settings.max_attempts) for job in jobs],
        "links": {"self": base, "archive": f"{base}/archive.zip"},
    }


@blueprint.get("/api/batches/<id>")
@blueprint.output(BatchAnswer)
@blueprint.doc(operation_id="getBatch", tags=_TAGS, responses=openapi.refusals(404, 503))
def get_batch(id: str) -> Response:
    """A batch with its jobs, as far as they have not been deleted."""
    ctx = context()
    return json_response(batch_answer(ctx, id, _jobs(ctx, id)))


@blueprint.post("/api/batches/<id>/cancel")
@blueprint.output(BatchAnswer, 202)
@blueprint.doc(
    operation_id="cancelBatch",
    tags=_TAGS,
    responses=openapi.refusals(403, 404, 503),
    extensions=openapi.parameters(openapi.OWNER_TOKEN),
)
def cancel_batch(id: str) -> Response:
    """Cancel every job of the batch that is not over."""
    ctx = context()
    jobs = _jobs(ctx, id)
    check_owner(request, id)
    now = [job if job.status.terminal else cancel(ctx, job.id) for job in jobs]
    return json_response(batch_answer(ctx, id, now), 202)


@blueprint.delete("/api/batches/<id>")
@blueprint.output({}, 204)
@blueprint.doc(
    operation_id="deleteBatch",
    tags=_TAGS,
    responses=openapi.refusals(403, 404, 409, 503),
    extensions=openapi.parameters(openapi.OWNER_TOKEN),
)
def delete_batch(id: str) -> Response:
    """Delete every job of a batch that is over, with all its pictures."""
    ctx = context()
    jobs = _jobs(ctx, id)
    check_owner(request, id)
    if unfinished := sum(not job.status.terminal for job in jobs):
        raise Problem(409, "job_not_over", f"{unfinished} jobs of the batch are not over.", hint="Cancel it first.")
    for job in jobs:
        if ctx.store.purge(job.id):
            ctx.artifacts.delete(job.id)
    return Response(status=204)


def _jobs(ctx: Context, id: str) -> tuple[Job, ...]:
    check_id(id, "batch")
    jobs = ctx.store.of_batch(id)
    if not jobs:
        raise not_found("batch")
    return jobs
