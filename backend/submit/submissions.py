"""The ways in: one job, a batch of jobs, and one more try of a job that is over.

The order of checks is that of their cost: key, rate, form, idempotency key, options; only then is a pixel decoded.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from apiflask import APIBlueprint
from flask import Request, Response, request

from backend import openapi
from backend.context import Context, context
from backend.follow.batches import batch_answer
from backend.follow.job_answers import BatchSubmitted, JobSubmitted
from backend.follow.owners import check_job_owner
from backend.follow.records import find_job
from backend.follow.representation import json_response, place_of, represent
from backend.problems import Problem
from backend.rates import count_submission
from backend.submit.asking import kept_sides, options_of_json, result_size
from backend.submit.counting import counted
from backend.submit.intake import Plan, admit, check_room, discard, keep
from backend.submit.pictures import Source, at_once, size_of, stored
from backend.submit.retrying import again, read_changes
from backend.submit.uploads import Form, Part, read_form
from jobs.model import Job, new_id
from jobs.terms import Enqueued, Idempotency
from nst.options import StyleOptions

blueprint = APIBlueprint("submissions", __name__)

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")

#: A batch waits behind the photos that people are looking at.
_BATCH_PRIORITY: Final = -1


@dataclass(frozen=True, slots=True)
class _GalleryPicture:
    """A style of the gallery as a source of bytes."""

    field: str
    path: Path

    def read(self) -> bytes:
        """All of it."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise _no_style(self.path.stem) from error


@blueprint.post("/api/jobs")
@blueprint.output(JobSubmitted, 202, description="Accepted; Location names the job.")
@blueprint.doc(operation_id="submitJob", tags=["jobs"], responses=openapi.SUBMIT_ERRORS, extensions=openapi.SUBMIT_JOB)
def submit_job() -> Response:
    """Submit a photo and one or more paintings."""
    ctx = context()
    with counted(ctx) as outcome:
        client = _admitted(ctx)
        form = read_form(request, ctx.settings, 1)
        key = _idempotency(request, client, partial(form.digest, "job"))
        if key and (known := ctx.store.recall(key)):
            return outcome(_job_answer(ctx, known))
        options = options_of_json(form.options, ctx, form.paintings)
        return outcome(_job_answer(ctx, _take(ctx, client, form, options, key)))


@blueprint.post("/api/batches")
@blueprint.output(BatchSubmitted, 202, description="Accepted; Location names the batch.")
@blueprint.doc(
    operation_id="submitBatch", tags=["batches"], responses=openapi.SUBMIT_ERRORS, extensions=openapi.SUBMIT_BATCH
)
def submit_batch() -> Response:
    """Submit many photos for the same paintings and options: all are taken, or none."""
    ctx = context()
    with counted(ctx) as outcome:
        client = _admitted(ctx)
        form = read_form(request, ctx.settings, ctx.settings.max_batch)
        key = _idempotency(request, client, partial(form.digest, "batch"))
        if key and (known := ctx.store.recall(key)):
            return outcome(_batch_answer(ctx, known))
        options = options_of_json(form.options, ctx, form.paintings)
        return outcome(_batch_answer(ctx, _take(ctx, client, form, options, key, batch=new_id())))


@blueprint.post("/api/jobs/<id>/retry")
@blueprint.output(JobSubmitted, 202, description="Accepted as a new job; Location names it.")
@blueprint.doc(operation_id="retryJob", tags=["jobs"], responses=openapi.RETRY_ERRORS, extensions=openapi.RETRY_JOB)
def retry_job(id: str) -> Response:
    """Paint the pictures of a job that is over once more, as a new job."""
    ctx = context()
    with counted(ctx) as outcome:
        client = _admitted(ctx)
        old = find_job(ctx, id)
        check_job_owner(request, old)
        changes = read_changes(request)
        key = _idempotency(request, client, partial(changes.digest, old.id))
        if key and (known := ctx.store.recall(key)):
            return outcome(_job_answer(ctx, known))
        job = again(ctx, old, changes, client)
        return outcome(_job_answer(ctx, admit(ctx, [job], key)))


def _admitted(ctx: Context) -> str:
    """The client, who has a name where one is needed and is within his rate."""
    client = ctx.access.client(request)
    count_submission(ctx.rate, client)
    return client


def _idempotency(request: Request, client: str, digest: Callable[[], str]) -> Idempotency | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Problem(
            422,
            "invalid_value",
            "The Idempotency-Key must have 1 to 200 visible ASCII characters.",
            field="Idempotency-Key",
            hint="A new UUID for each submission is a good one.",
        )
    return Idempotency(client, key, digest())


def _take(
    ctx: Context, client: str, form: Form, options: StyleOptions, key: Idempotency | None, batch: str | None = None
) -> Enqueued:
    """Decode, store and enqueue what the form holds."""
    check_room(ctx)
    plans = _plans(ctx, client, form, options, batch)
    paintings = [*form.styles, *(_style(ctx, id) for id in form.style_ids)]
    try:
        jobs = _kept(ctx, plans, form.contents, paintings)
    except BaseException:
        discard(ctx, (plan.id for plan in plans))
        raise
    return admit(ctx, jobs, key)


def _plans(ctx: Context, client: str, form: Form, options: StyleOptions, batch: str | None) -> list[Plan]:
    plan = Plan(
        id="",
        client=client,
        options=options,
        width=0,
        height=0,
        style_ids=(*("" for _ in form.styles), *form.style_ids),
        fresh=form.fresh,
        batch=batch,
        priority=_BATCH_PRIORITY if batch else 0,
    )
    sizes = [
        result_size(*size_of(content, ctx.settings.max_pixels), options, ctx.settings) for content in form.contents
    ]
    return [replace(plan, id=new_id(), width=width, height=height) for width, height in sizes]


def _kept(ctx: Context, plans: Sequence[Plan], photos: Sequence[Part], paintings: Sequence[Source]) -> list[Job]:
    """Every job with its pictures in storage; of a single one all pictures are decoded at once."""
    sides = [kept_sides(max(plan.width, plan.height), plan.options) for plan in plans]
    most = max(side for _, side in sides)
    decode_styles = [partial(stored, painting, most, ctx) for painting in paintings]
    if len(plans) == 1:
        content, *styles = at_once([partial(stored, photos[0], sides[0][0], ctx), *decode_styles])
        return [keep(ctx, plans[0], content, styles)]
    styles = at_once(decode_styles)

    def one(plan: Plan, photo: Part, side: int) -> Job:
        return keep(ctx, plan, stored(photo, side, ctx), styles)

    return at_once(
        [partial(one, plan, photo, side) for plan, photo, (side, _) in zip(plans, photos, sides, strict=True)]
    )


def _style(ctx: Context, id: str) -> Source:
    style = ctx.gallery.find(id)
    if style is None:
        raise _no_style(id)
    return _GalleryPicture("style_id", style.path)


def _no_style(id: str) -> Problem:
    return Problem(
        422,
        "unknown_style",
        f"There is no style called {id[:60]!a}.",
        field="style_id",
        hint="The styles are listed at /api/styles.",
    )


def _job_answer(ctx: Context, taken: Enqueued) -> Response:
    job = ctx.store.get(taken.ids[0])
    body = represent(job, place_of(ctx.store, job), ctx.settings.max_attempts)
    body["owner_token"] = ctx.owner_token(job.id)
    return json_response(body, 202, _headers(taken, f"/api/jobs/{job.id}"))


def _batch_answer(ctx: Context, taken: Enqueued) -> Response:
    batch = ctx.store.get(taken.ids[0]).spec.batch or ""
    body = batch_answer(ctx, batch, ctx.store.of_batch(batch)) | {"owner_token": ctx.owner_token(batch)}
    return json_response(body, 202, _headers(taken, f"/api/batches/{batch}"))


def _headers(taken: Enqueued, location: str) -> dict[str, str]:
    headers = {"Location": location, "Cache-Control": "no-store"}
    return headers if taken.new else headers | {"Idempotency-Replayed": "true"}
