"""What a job has made, and what it was made from: pictures, losses, film, archive."""

from typing import Any, Final, Literal

from apiflask import APIBlueprint
from flask import Response, current_app
from pydantic import BaseModel, Field

from backend.context import context
from backend.follow.records import check_id, find_job, not_found
from backend.handouts.answers import (
    ASK_EACH_TIME,
    FOREVER,
    bytes_answer,
    described,
    link_answer,
    saved_as,
    stored_answer,
)
from backend.handouts.archive import batch_archive, job_archive
from backend.handouts.films import FORMATS, Films, film_type
from backend.handouts.names import batch_name, friendly_name
from backend.problems import Problem
from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import FrameRef, Job, JobStatus

blueprint = APIBlueprint("downloads", __name__)

_TAG: Final = "downloads"
_JPEG: Final = "image/jpeg"
_PNG: Final = "image/png"
_CSV: Final = "text/csv"
_ZIP: Final = "application/zip"
_GONE: Final = "The job was there, and has been deleted or has outlived its retention."
_FILMS: Final = "nst_films"


class ResultIn(BaseModel):
    """How the result is wanted."""

    download: bool = Field(False, description="save it under a friendly name instead of showing it")


class FrameIn(BaseModel):
    """Which variant of a frame is wanted."""

    size: Literal["full", "small"] = Field("full", description="the result's size, or that of a filmstrip")


class FilmIn(BaseModel):
    """Which film is wanted."""

    format: Literal["mp4", "gif", "webp"] = Field("mp4", description="mp4 (H.264), gif or animated webp")
    download: bool = Field(False, description="save it under a friendly name instead of showing it")


def _problems(missing: str, **others: str) -> dict[int, str]:
    return {404: missing, 410: _GONE} | {int(code[1:]): text for code, text in others.items()}


@blueprint.record_once
def _own_films(state: Any) -> None:
    """One place for each app where films are encoded, one at a time."""
    state.app.extensions[_FILMS] = Films()


@blueprint.get("/api/jobs/<id>/result")
@blueprint.input(ResultIn, location="query", arg_name="wanted")
@blueprint.doc(
    **described(
        "getResult",
        "The result",
        _TAG,
        {_PNG: "the finished picture", _JPEG: "the last frame of a cancelled job"},
        _problems("No such job, or it has no result (yet)."),
        links=True,
    )
)
def result(id: str, wanted: ResultIn) -> Response:
    """A PNG; for a cancelled job its last frame, as a JPEG."""
    job = find_job(context(), id)
    if job.result is not None:
        name = friendly_name(job, "png") if wanted.download else ""
        return _stored_or_link(keys.result(id, job.result), _PNG, f"{id}-{job.result}", name)
    if job.status is JobStatus.CANCELLED and job.frames:
        last = max(job.frames, key=lambda frame: frame.iteration)
        name = friendly_name(job, "jpg") if wanted.download else ""
        return _stored_or_link(keys.frame(id, last.token, last.iteration), _JPEG, _frame_tag(job, last, "full"), name)
    raise _no_result(job)


@blueprint.get("/api/jobs/<id>/frames/<int:iteration>")
@blueprint.input(FrameIn, location="query", arg_name="wanted")
@blueprint.doc(
    **described(
        "getFrame",
        "The picture of a kept iteration",
        _TAG,
        {_JPEG: "a picture"},
        _problems("No such job, or this iteration was not kept."),
    )
)
def frame(id: str, iteration: int, wanted: FrameIn) -> Response:
    """The job's ``frames`` are the iterations that were kept; a picture never changes."""
    job = find_job(context(), id)
    found = next((frame for frame in job.frames if frame.iteration == iteration), None)
    if found is None:
        raise _no_frame(job, iteration)
    tag = _frame_tag(job, found, wanted.size)
    if wanted.size == "small":
        try:
            return stored_answer(keys.small_frame(id, found.token, iteration), _JPEG, etag=tag, cache=FOREVER)
        except ArtifactMissing:  # the picture itself is as good, only heavier
            pass
    return stored_answer(keys.frame(id, found.token, iteration), _JPEG, etag=tag, cache=FOREVER)


@blueprint.get("/api/jobs/<id>/content")
@blueprint.doc(**described("getContent", "The photo", _TAG, {_PNG: "a picture"}, _problems("No such job.")))
def content(id: str) -> Response:
    """As it was stored: upright, in sRGB, without metadata."""
    job = find_job(context(), id)
    return stored_answer(keys.content(job.id), _PNG, etag=f"{id}-content", cache=FOREVER)


@blueprint.get("/api/jobs/<id>/styles/<int:number>")
@blueprint.doc(
    **described("getStyle", "A painting", _TAG, {_PNG: "a picture"}, _problems("No such job, or no such style."))
)
def style(id: str, number: int) -> Response:
    """As it was stored; styles count from 1."""
    job = find_job(context(), id)
    if not 1 <= number <= job.spec.styles:
        count = job.spec.styles
        hint = "Its number is 1." if count == 1 else f"Their numbers are 1 to {count}."
        raise Problem(404, "no_such_style", f"The job has {count} style{'s' * (count > 1)}.", hint=hint)
    return stored_answer(keys.style(id, number), _PNG, etag=f"{id}-style-{number}", cache=FOREVER)


@blueprint.get("/api/jobs/<id>/losses.csv")
@blueprint.doc(
    **described(
        "getLosses",
        "The losses of every iteration so far",
        _TAG,
        {_CSV: "a table with a line of headings"},
        _problems("No such job, or it has not begun."),
    )
)
def losses(id: str) -> Response:
    """Grows while the job runs."""
    job = find_job(context(), id)
    tokens = range(job.token, 0, -1) if job.result is None else (job.result,)
    for token in tokens:
        try:
            data = context().artifacts.get(keys.losses(id, token))
        except ArtifactMissing:
            continue
        tag = f"{id}-losses-{token}-{len(data)}"
        return bytes_answer(data, _CSV, etag=tag, cache=ASK_EACH_TIME, name=friendly_name(job, "csv", "losses"))
    hint = "They come with the first frames." if not job.status.terminal else "It ended before the first iteration."
    raise Problem(404, "no_losses", f"This job is {job.status}, and has no losses.", hint=hint)


@blueprint.get("/api/jobs/<id>/timelapse")
@blueprint.input(FilmIn, location="query", arg_name="wanted")
@blueprint.doc(
    **described(
        "getTimelapse",
        "The making of the picture, as a film",
        _TAG,
        {film_type(format): "a film" for format in FORMATS},
        _problems(
            "No such job.", _409="The job is not over, or kept fewer than two frames.", _503="Another film is made now."
        ),
        ranges=True,
        links=True,
    )
)
def timelapse(id: str, wanted: FilmIn) -> Response:
    """Made when it is first asked for, which takes seconds; then kept. Parts of it may be asked for (``Range``)."""
    job = find_job(context(), id)
    key = _films().key(context().artifacts, job, wanted.format)
    name = friendly_name(job, wanted.format, "timelapse") if wanted.download else ""
    return _stored_or_link(key, film_type(wanted.format), f"{id}-timelapse-{wanted.format}", name, ranges=True)


@blueprint.get("/api/jobs/<id>/archive.zip")
@blueprint.doc(
    **described("getArchive", "Everything of a job in one ZIP", _TAG, {_ZIP: "an archive"}, _problems("No such job."))
)
def archive(id: str) -> Response:
    """Every kept iteration, the inputs, the result, options and losses; of a running job what there is so far."""
    job = find_job(context(), id)
    zipped = job_archive(context().artifacts, job, context().settings.max_attempts)
    return _zip_answer(zipped, friendly_name(job, "zip"))


@blueprint.get("/api/batches/<id>/archive.zip")
@blueprint.doc(
    **described(
        "getBatchArchive", "The results of a batch in one ZIP", _TAG, {_ZIP: "an archive"}, _problems("No such batch.")
    )
)
def archive_of_batch(id: str) -> Response:
    """The results so far, numbered in the order of the photos; README.txt lists what is missing and why."""
    check_id(id, "batch")
    jobs = context().store.of_batch(id)
    if not jobs:
        raise not_found("batch")
    return _zip_answer(batch_archive(context().artifacts, jobs), f"{batch_name(id)}.zip")


def _stored_or_link(key: str, mimetype: str, tag: str, name: str, *, ranges: bool = False) -> Response:
    """The artifact; where it is to be saved under a name, perhaps the way to it. A page shows only what is sent."""
    link = link_answer(key, name) if name else None
    return link or stored_answer(key, mimetype, etag=tag, cache=ASK_EACH_TIME, name=name, ranges=ranges)


def _zip_answer(zipped: Any, name: str) -> Response:
    response = Response(iter(zipped), mimetype=_ZIP)
    response.content_length = len(zipped)
    response.headers["Cache-Control"] = "private, no-store"
    return saved_as(response, name)


def _films() -> Films:
    films: Films = current_app.extensions[_FILMS]
    return films


def _frame_tag(job: Job, frame: FrameRef, size: str) -> str:
    return f"{job.id}-{frame.token}-{frame.iteration}-{size}"


def _no_result(job: Job) -> Problem:
    hints = {
        JobStatus.QUEUED: "It waits for a worker; ask for the job to see its place.",
        JobStatus.RUNNING: "It is being painted; ask for the job to see how far it is, or look at its frames.",
        JobStatus.CANCELLED: "It was cancelled before the first frame was kept; submit it again.",
        JobStatus.FAILED: f"It failed: {job.error.message if job.error else 'for no known reason'}",
    }
    return Problem(
        404,
        "no_result",
        f"This job is {job.status}, and has no result.",
        hint=hints.get(job.status, "Submit it again."),
    )


def _no_frame(job: Job, iteration: int) -> Problem:
    if not job.frames:
        hint = "None was kept." if job.status.terminal else "None has been kept yet."
    else:
        nearest = min((frame.iteration for frame in job.frames), key=lambda kept: abs(kept - iteration))
        hint = f"The nearest kept one is {nearest}."
    return Problem(404, "no_such_frame", f"No frame of iteration {str(iteration)[:20]} is kept.", hint=hint)
