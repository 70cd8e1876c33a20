"""Jobs: their state, their end, and lists of them. What they have made is in ``backend.handouts.downloads``."""

from typing import Final

from apiflask import APIBlueprint
from flask import Response, request

from backend import openapi
from backend.access import Role
from backend.context import Context, context
from backend.follow.ending import cancel
from backend.follow.events import event_stream
from backend.follow.job_answers import JobAnswer, JobList, ListQuery, StatusQuery
from backend.follow.owners import check_job_owner
from backend.follow.records import find_job
from backend.follow.representation import etag, json_response, place_of, represent
from backend.problems import Problem
from jobs.model import Job, JobStatus

blueprint = APIBlueprint("jobs", __name__)

_TAGS: Final = ["jobs"]


@blueprint.get("/api/jobs")
@blueprint.input(ListQuery, location="query", arg_name="wanted")
@blueprint.output(JobList)
@blueprint.doc(
    operation_id="listJobs",
    tags=_TAGS,
    security=openapi.KEYS,
    responses=openapi.refusals(401, 422, 503) | openapi.NO_KEYS,
)
def list_jobs(wanted: ListQuery) -> Response:
    """The jobs that you submitted, by your API key or as who has signed in, newest first."""
    ctx = context()
    jobs = ctx.store.of_client(_listed(ctx, wanted.client), wanted.limit, wanted.before)
    more = len(jobs) == wanted.limit
    shown = [represent(job, place_of(ctx.store, job), ctx.settings.max_attempts) for job in jobs]
    return json_response({"jobs": shown, "next": jobs[-1].spec.created_at if more else None})


@blueprint.get("/api/jobs/<id>")
@blueprint.input(StatusQuery, location="query", arg_name="wanted")
@blueprint.output(JobAnswer)
@blueprint.doc(
    operation_id="getJob",
    tags=_TAGS,
    responses=openapi.refusals(404, 410, 422, 503) | openapi.NOT_MODIFIED,
    extensions=openapi.parameters(openapi.IF_NONE_MATCH),
)
def get_job(id: str, wanted: StatusQuery) -> Response:
    """A job now or, with ``wait``, as soon as it has changed."""
    ctx = context()
    job = find_job(ctx, id)
    if wanted.wait is not None and not job.status.terminal:
        job = _awaited(ctx, job, wanted)
    return _status(ctx, job)


@blueprint.get("/api/jobs/<id>/events")
@blueprint.doc(
    operation_id="followJob",
    tags=_TAGS,
    responses=openapi.EVENT_STREAM | openapi.refusals(404, 410, 503),
    extensions=openapi.parameters(openapi.LAST_EVENT_ID),
)
def follow_job(id: str) -> Response:
    """Follow a job as server-sent events, until it is over.

    Each event is called ``status``, has the job's version as its id and the job as its data.
    """
    ctx = context()
    return event_stream(ctx, find_job(ctx, id), request.headers.get("Last-Event-ID", ""))


@blueprint.post("/api/jobs/<id>/cancel")
@blueprint.output(JobAnswer, 202, description="It will stop; a queued job has already.")
@blueprint.doc(
    operation_id="cancelJob",
    tags=_TAGS,
    responses={200: "It was cancelled before."} | openapi.refusals(403, 404, 409, 410, 503),
    extensions=openapi.parameters(openapi.OWNER_TOKEN),
)
def cancel_job(id: str) -> Response:
    """Stop a job; the frames so far are kept, and the last one is its result."""
    ctx = context()
    before = find_job(ctx, id)
    check_job_owner(request, before)
    if before.status is JobStatus.CANCELLED:
        return _shown(ctx, before, 200)
    job = cancel(ctx, id)
    if job.status in (JobStatus.SUCCEEDED, JobStatus.FAILED):
        raise Problem(409, "job_is_over", f"The job has {job.status} already.", hint="To remove it, delete it.")
    return _shown(ctx, job, 202)


@blueprint.delete("/api/jobs/<id>")
@blueprint.output({}, 204)
@blueprint.doc(
    operation_id="deleteJob",
    tags=_TAGS,
    responses=openapi.refusals(403, 404, 409, 410, 503),
    extensions=openapi.parameters(openapi.OWNER_TOKEN),
)
def delete_job(id: str) -> Response:
    """Delete a job that is over, with all its pictures, for good."""
    ctx = context()
    job = find_job(ctx, id)
    check_job_owner(request, job)
    if not ctx.store.purge(id):
        raise Problem(409, "job_not_over", f"The job is {job.status}.", hint="Cancel it first.")
    ctx.artifacts.delete(id)
    return Response(status=204)


def _listed(ctx: Context, wanted: str) -> str:
    """The client whose jobs are listed: who asks, or whom an operator asks for."""
    if ctx.access.open_to_all:
        hint = "Keep the ids of your jobs, or set NST_API_KEYS."
        raise Problem(403, "listing_needs_key", "Jobs are listed by API key, and there are no keys here.", hint=hint)
    own = ctx.access.client(request)
    if wanted in ("", own) or ctx.access.role(request) is Role.OPERATE:
        return wanted or own
    raise Problem(
        403,
        "operator_needed",
        "The jobs of others are shown to operators, and yours is no operator's API key.",
        hint="Leave client out for your own jobs, or send a key with the role operate.",
    )


def _awaited(ctx: Context, job: Job, wanted: StatusQuery) -> Job:
    """The job above the version; at once where too many wait already."""
    version = job.version if wanted.version is None else wanted.version
    if job.version > version or not ctx.viewers.take():
        return job
    try:
        return ctx.store.wait(job.id, version, float(wanted.wait or 0))
    finally:
        ctx.viewers.leave()


def _status(ctx: Context, job: Job) -> Response:
    place = place_of(ctx.store, job)
    tag = etag(job, place)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.if_none_match.contains_weak(tag.removeprefix("W/").strip('"')):
        return Response(status=304, headers=headers)
    return json_response(represent(job, place, ctx.settings.max_attempts), 200, headers)


def _shown(ctx: Context, job: Job, status: int) -> Response:
    return json_response(represent(job, place_of(ctx.store, job), ctx.settings.max_attempts), status)
