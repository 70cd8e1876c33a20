"""What the service is, how it feels, and what may be asked of it."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final, Literal

from apiflask import APIBlueprint
from flask import Response, current_app
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from backend.context import Context, context
from backend.follow.representation import json_response
from backend.handouts.answers import described
from backend.operate.controls import LimitsOut, OptionsOut, controls_of, limits_of, loadable
from backend.operate.scrape import StoreCollector
from backend.problems import Problem
from jobs.errors import JobsError, Unavailable
from jobs.telemetry import logger
from jobs.terms import QueueFacts, Worker
from nst.options import StyleOptions

blueprint = APIBlueprint("ops", __name__)

_TAG: Final = "service"
_READINESS: Final = "nst_readiness"

#: How long an answer of /readyz is good for, seconds.
READY_SECONDS: Final = 2.0

#: Height over width of the job whose duration is estimated.
_ASPECT: Final = 3 / 4

_log = logger(__name__)


class BackboneOut(BaseModel):
    """What ``backbone=auto`` is at a worker, and why."""

    name: str
    why: str


class WorkerOut(BaseModel):
    """A worker that is alive."""

    device: str
    backbone: BackboneOut
    ready: bool = Field(description="it has loaded the engine")
    busy: bool = Field(description="it runs a job")


class EtaOut(BaseModel):
    """When a new job with the preset standard would start and be done: estimates from recent jobs."""

    start_seconds: float
    done_seconds: float


class QueueOut(BaseModel):
    """The queue at a glance."""

    queued: int
    running: int
    oldest_seconds: float = Field(description="how long the longest-waiting job has waited")
    workers: list[WorkerOut]
    eta: EtaOut | None = Field(description="null without a ready worker, or before the first job")


class ReadyQuery(BaseModel):
    """Which parts are asked about."""

    part: Literal["all", "api"] = Field(
        "all", description="api asks for the store, the artifacts and the bus alone: jobs can be taken and shown"
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that fails."""

    reason: str  #: names the part; a clause without full stop
    of_api: bool  #: whether the API cannot do without it


class Readiness:
    """What keeps the service from taking and running jobs; asked at most every ``READY_SECONDS``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked, self._failures = float("-inf"), tuple[Failure, ...]()

    def failures(self, context: Context) -> tuple[Failure, ...]:
        """Every part that fails."""
        with self._lock:
            if time.monotonic() - self._asked >= READY_SECONDS:
                self._failures = _failures(context)
                self._asked = time.monotonic()
            return self._failures


@blueprint.record_once
def _own_readiness(state: Any) -> None:
    """Each app remembers its own."""
    state.app.extensions[_READINESS] = Readiness()


@blueprint.get("/api/options")
@blueprint.output(OptionsOut)
@blueprint.doc(**described("getOptions", "Everything that can be chosen for a picture", _TAG))
def get_options() -> Response:
    """Controls with their defaults and limits, presets, and the layers of each backbone."""
    return json_response(controls_of(context().settings, loadable(context().store.workers())).model_dump())


@blueprint.get("/api/limits")
@blueprint.output(LimitsOut)
@blueprint.doc(**described("getLimits", "What this service takes at most", _TAG))
def get_limits() -> Response:
    """0 is no limit where a field says so."""
    return json_response(limits_of(context().settings).model_dump())


@blueprint.get("/api/queue")
@blueprint.output(QueueOut)
@blueprint.doc(**described("getQueue", "How busy the service is", _TAG))
def get_queue() -> Response:
    """Names nobody's jobs."""
    facts, workers = context().store.facts(), context().store.workers()
    shown = [
        WorkerOut(
            device=worker.device,
            backbone=BackboneOut(name=worker.backbone, why=worker.why),
            ready=worker.ready,
            busy=bool(worker.job),
        )
        for worker in workers
    ]
    answer = QueueOut(
        queued=facts.queued,
        running=facts.running,
        oldest_seconds=facts.oldest_seconds,
        workers=shown,
        eta=_eta(facts, workers),
    )
    return json_response(answer.model_dump())


@blueprint.get("/healthz")
@blueprint.doc(**described("getHealth", "Whether the process lives", _TAG, {"text/plain": "ok"}))
def healthz() -> Response:
    """Asks nobody else, so that a broken store does not get the API restarted."""
    return _plain("ok\n")


@blueprint.get("/readyz")
@blueprint.input(ReadyQuery, location="query", arg_name="wanted")
@blueprint.doc(
    **described(
        "getReadiness",
        "Whether jobs can be taken and run",
        _TAG,
        {"text/plain": "ready"},
        {422: "There is no such part.", 503: "What is missing."},
    )
)
def readyz(wanted: ReadyQuery) -> Response:
    """The store, the artifacts and the bus can be used, and a worker is ready."""
    readiness: Readiness = current_app.extensions[_READINESS]
    failures = readiness.failures(context())
    if reasons := [failure.reason for failure in failures if failure.of_api or wanted.part == "all"]:
        hint = "It becomes ready when all of these are."
        raise Problem(503, "not_ready", f"Not ready: {'; '.join(reasons)}.", hint=hint, retry_after=READY_SECONDS)
    return _plain("ready\n")


@blueprint.get("/metrics")
@blueprint.doc(**described("getMetrics", "Metrics for Prometheus", _TAG, {"text/plain": "the text format"}))
def metrics() -> Response:
    """What this process counts, and what the store holds at this moment."""
    text = generate_latest(context().registry)
    try:
        held = CollectorRegistry()
        held.register(StoreCollector(context().store))
        text += generate_latest(held)
    except Unavailable as error:  # this process's own figures are all the more interesting then
        _log.warning("the store cannot be scraped", reason=str(error))
    response = Response(text, content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _plain(text: str) -> Response:
    response = Response(text, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _failures(context: Context) -> tuple[Failure, ...]:
    """Log lines have the reasons in full; the answer names the parts, for it is open to all."""
    found = []
    for name, check in (
        ("the store", context.store.check),
        ("the artifacts", context.artifacts.check),
        ("the bus", context.bus.check),
    ):
        try:
            check()
        except JobsError as error:
            _log.warning("a part is not ready", part=name, reason=str(error))
            found.append(Failure(f"{name} cannot be used", of_api=True))
    return (*found, *_missing_worker(context, store_works=not any("the store" in one.reason for one in found)))


def _missing_worker(context: Context, *, store_works: bool) -> tuple[Failure, ...]:
    """A store that does not answer is not asked again: that would only take long."""
    unknown = (Failure("the workers are not known", of_api=False),)
    if not store_works:
        return unknown
    try:
        ready = any(worker.ready for worker in context.store.workers())
    except JobsError:
        return unknown
    return () if ready else (Failure("no worker is ready", of_api=False),)


def _eta(facts: QueueFacts, workers: tuple[Worker, ...]) -> EtaOut | None:
    """When a new standard job would start and be over, behind all that are there."""
    ready = sum(worker.ready for worker in workers)
    if facts.seconds_per_work is None or facts.remaining_seconds is None or not ready:
        return None
    standard = StyleOptions()
    one = facts.seconds_per_work * standard.size**2 * _ASPECT * standard.iterations / 1e6
    free = ready > facts.running + facts.queued
    ahead = 0.0 if free else (facts.queued_work * facts.seconds_per_work + facts.remaining_seconds) / ready
    return EtaOut(start_seconds=round(ahead, 1), done_seconds=round(ahead + one, 1))
