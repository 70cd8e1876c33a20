"""The answers about jobs as typed models: the API's document is made of them, and tests hold the answers to them.

Answers are written directly (``backend.follow.representation``), because a status is read hundreds of times a second.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Losses(_Answer):
    """The loss of the last iteration, and its terms; null where it is not a number."""

    total: float | None = Field(description="the weighted sum")
    content: float | None
    style: float | None
    tv: float | None = Field(description="total variation")


class Queue(_Answer):
    """Where a queued job stands."""

    position: int = Field(ge=1, description="1 is next")
    eta_seconds: float | None = Field(description="until it starts, estimated; null without experience")


class Failure(_Answer):
    """Why a job failed or, of a queued one, why its last attempt ended."""

    code: str
    message: str
    hint: str


class Backbone(_Answer):
    """The feature extractor that is used, and why this one."""

    name: str
    why: str


class Links(_Answer):
    """Paths of what belongs to the job; ``{iteration}`` stands for one of ``frames``."""

    self: str
    events: str
    result: str
    archive: str
    timelapse: str
    losses: str
    frame: str
    small_frame: str
    content: str
    styles: list[str]


class JobAnswer(_Answer):
    """A job as it is now."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    status: Status
    version: int = Field(description="grows with every change")
    iteration: int
    total_iterations: int
    evaluations: int = Field(description="of the loss; a step may need several")
    scale: int = Field(description="index of the size that is worked at, from coarse to fine; losses jump between two")
    scales: int = Field(description="how many sizes there are; 0 until it has started")
    losses: Losses | None
    iterations_per_second: float
    eta_seconds: float | None = Field(description="until it is over, while it runs")
    queue: Queue | None = Field(description="while it is queued")
    frames: list[int] = Field(description="iterations whose picture is kept, ascending")
    error: Failure | None
    attempt: int
    max_attempts: int
    options: dict[str, Any] = Field(description="every option; GET /api/options describes them")
    width: int = Field(description="of the result, pixels")
    height: int = Field(description="of the result, pixels")
    backbone: Backbone | None = Field(description="null until it is chosen")
    objective: str
    device: str
    note: str = Field(description="what you should know about how it was made")
    reused: bool = Field(description="answered from the stored result of an equal job")
    cancel_requested: bool
    retry_of: str | None
    batch: str | None
    style_ids: list[str] = Field(description="the gallery's id of each style; empty for an uploaded one")
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    expires_at: AwareDatetime | None = Field(description="when everything of it is deleted")
    links: Links


class JobSubmitted(JobAnswer):
    """A job as it was accepted."""

    owner_token: str = Field(description="send it as X-Owner-Token to cancel, retry or delete; keep it")


class JobList(_Answer):
    """A client's jobs, newest first."""

    jobs: list[JobAnswer]
    next: float | None = Field(description="the value of ``before`` for the next page; null at the end")


class BatchLinks(_Answer):
    """Paths of what belongs to the batch."""

    self: str
    archive: str


class BatchAnswer(_Answer):
    """A batch as it is now."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    counts: dict[Status, int] = Field(description="jobs by status")
    jobs: list[JobAnswer] = Field(description="in the order of the photos")
    links: BatchLinks


class BatchSubmitted(BatchAnswer):
    """A batch as it was accepted."""

    owner_token: str = Field(description="good for the batch and for each of its jobs; keep it")


class ProblemAnswer(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="stable, for programs")
    detail: str = Field(description="what is wrong")
    hint: str | None = Field(None, description="what to do about it")
    field: str | None = Field(None, description="the part of the request that is meant")
    retry_after_seconds: int | None = Field(None, description="after which the same request may succeed")
    instance: str | None = Field(None, description="names the request")


class StatusQuery(BaseModel):
    """How a status is asked for."""

    wait: int | None = Field(None, ge=1, le=25, description="seconds to wait for a version above ``version``")
    version: int | None = Field(None, ge=0, le=2**53, description="the version you have; without it, the current one")


class ListQuery(BaseModel):
    """Which jobs are listed."""

    limit: int = Field(50, ge=1, le=100, description="most jobs of one answer")
    before: float | None = Field(None, ge=0, allow_inf_nan=False, description="``next`` of the page before")
    client: str = Field("", description="whose jobs: your own by default; those of others need an operator's API key")
