"""A job as JSON: the one answer of every route that shows jobs."""

import json
import math
from datetime import UTC, datetime
from typing import Any

from flask import Response

from jobs.model import Job, JobStatus, Progress
from jobs.ports import JobStore
from jobs.terms import Place


def place_of(store: JobStore, job: Job) -> Place | None:
    """Where the job stands; None, without asking the store, where it does not wait."""
    return store.place(job.id) if job.status is JobStatus.QUEUED else None


def represent(job: Job, place: Place | None, max_attempts: int) -> dict[str, Any]:
    """The job as plain values for JSON; times in ISO 8601, UTC."""
    spec, progress = job.spec, job.progress or Progress()
    return {
        "id": job.id,
        "status": job.status.value,
        "version": job.version,
        "iteration": progress.iteration,
        "total_iterations": progress.total_iterations or spec.options.iterations,
        "evaluations": progress.evaluations,
        "scale": progress.scale,
        "scales": progress.scales,
        "losses": _losses(progress),
        "iterations_per_second": _finite(progress.iterations_per_second) or 0.0,
        "eta_seconds": _finite(progress.remaining_seconds) if job.status is JobStatus.RUNNING else None,
        "queue": {"position": place.position, "eta_seconds": _finite(place.seconds)} if place else None,
        "frames": sorted(frame.iteration for frame in job.frames),
        "error": _error(job),
        "attempt": job.attempt,
        "max_attempts": max_attempts,
        "options": spec.options.to_dict(),
        "width": progress.width or spec.width,
        "height": progress.height or spec.height,
        "backbone": {"name": progress.backbone, "why": progress.why} if progress.backbone else None,
        "objective": progress.objective,
        "device": progress.device,
        "note": progress.note,
        "reused": job.reused,
        "cancel_requested": job.cancel_requested,
        "retry_of": spec.retry_of,
        "batch": spec.batch,
        "style_ids": list(spec.style_ids),
        "created_at": moment(spec.created_at),
        "started_at": moment(job.started_at),
        "finished_at": moment(job.finished_at),
        "expires_at": moment(job.expires_at),
        "links": _links(job),
    }


def moment(seconds: float | None) -> str | None:
    """Seconds since 1970 as ISO 8601 with milliseconds, such as ``2026-02-03T04:05:06.789Z``."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def etag(job: Job, place: Place | None) -> str:
    """Equal while nothing that a person would notice has changed.

    A job's place in the queue changes without its version, so it is a part; the estimates beside it change with every
    look and are not.
    """
    return f'W/"{job.version}-{place.position if place else 0}"'


def json_response(values: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Plain values as an answer that is never kept without asking again."""
    body = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return Response(body, status, {"Cache-Control": "no-cache", **(headers or {})}, mimetype="application/json")


def _losses(progress: Progress) -> dict[str, float | None] | None:
    if progress.loss is None:
        return None
    return {
        "total": _finite(progress.loss),
        "content": _finite(progress.content_loss),
        "style": _finite(progress.style_loss),
        "tv": _finite(progress.tv_loss),
    }


def _finite(value: float | None) -> float | None:
    """JSON knows neither infinities nor what is no number."""
    return value if value is not None and math.isfinite(value) else None


def _error(job: Job) -> dict[str, str] | None:
    return {"code": job.error.code, "message": job.error.message, "hint": job.error.hint} if job.error else None


def _links(job: Job) -> dict[str, Any]:
    base = f"/api/jobs/{job.id}"
    return {
        "self": base,
        "events": f"{base}/events",
        "result": f"{base}/result",
        "archive": f"{base}/archive.zip",
        "timelapse": f"{base}/timelapse",
        "losses": f"{base}/losses.csv",
        "frame": f"{base}/frames/{{iteration}}",
        "small_frame": f"{base}/frames/{{iteration}}?size=small",
        "content": f"{base}/content",
        "styles": [f"{base}/styles/{number}" for number in range(1, job.spec.styles + 1)],
    }
