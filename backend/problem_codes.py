"""What can be refused: every code of a problem, when it comes and what to do about it.

``docs/api.md`` has the same table, the page of the API shows it, and the ``type`` of a problem leads there; a test
holds the three together, and to the code. In the texts, what is between `backticks` is code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """What a code means."""

    status: int  #: of HTTP
    when: str
    remedy: str  #: what to do about it


#: By code, in the order of the statuses.
PROBLEM_CODES: Final[Mapping[str, ProblemCode]] = MappingProxyType(
    {
        "bad_request": ProblemCode(
            400, "the request or its multipart body is damaged", "let a client library write it"
        ),
        "bad_json": ProblemCode(
            400,
            "the options, or the body of a retry, are no JSON object",
            'write `{"size": 512}`, or `{"options": {"size": 512}}`',
        ),
        "api_key_needed": ProblemCode(
            401, "keys are configured, and the request has none of them", "send `Authorization: Bearer KEY`"
        ),
        "sign_in_needed": ProblemCode(
            401, "the proxy in front signs people in, and names nobody", "sign in, or send an API key if you have one"
        ),
        "not_owner": ProblemCode(403, "the owner token is missing or another one", "send `X-Owner-Token`"),
        "foreign_origin": ProblemCode(
            403, "a page of another origin wants to change something", "the operator names it in `NST_CORS_ORIGINS`"
        ),
        "listing_needs_key": ProblemCode(
            403, "jobs are listed by API key, and there are no keys here", "keep the ids of your jobs"
        ),
        "operator_needed": ProblemCode(
            403, "the jobs of others are listed for operators", "send an API key with the role `operate`"
        ),
        "not_found": ProblemCode(404, "there is nothing at this address", "see `/api/docs`"),
        "job_not_found": ProblemCode(404, "no such job", "check the id"),
        "batch_not_found": ProblemCode(404, "no such batch, or all its jobs have been deleted", "check the id"),
        "no_result": ProblemCode(404, "the job has no result, or not yet; the hint says which", "follow the job"),
        "no_such_frame": ProblemCode(
            404, "this iteration was not kept; the hint names the nearest one", "take one of `frames`"
        ),
        "no_losses": ProblemCode(404, "nothing has been computed yet, or ever", "follow the job"),
        "no_such_style": ProblemCode(
            404, "the gallery has no such style, or the job fewer styles", "see `/api/styles`, or count from 1"
        ),
        "no_such_photo": ProblemCode(404, "the gallery has no such photo", "see `/api/photos`"),
        "picture_gone": ProblemCode(404, "the file of a gallery picture was removed", "fetch the list again"),
        "artifact_missing": ProblemCode(
            404, "the job is known but this file of it is not there", "submit the pictures again"
        ),
        "method_not_allowed": ProblemCode(
            405, "the route has other methods, in `detail` and in `Allow`", "use one of them"
        ),
        "job_is_over": ProblemCode(409, "it cannot be cancelled any more", "delete it, if it shall go"),
        "job_not_over": ProblemCode(
            409, "deleting, retrying and filming need a job that is over", "wait, or cancel it first"
        ),
        "too_few_frames": ProblemCode(
            409, "a film needs two frames", "see `hint`; mostly: submit with a smaller `save_every`"
        ),
        "job_purged": ProblemCode(
            410,
            "it was there, and has been deleted or has outlived its retention",
            "submit the pictures again, with a new `Idempotency-Key`",
        ),
        "inputs_gone": ProblemCode(
            410, "a job to be retried, whose pictures are no longer stored", "submit the pictures again"
        ),
        "too_large": ProblemCode(413, "the whole body is too large", "send smaller or fewer files"),
        "file_too_large": ProblemCode(413, "one file has too many bytes", "make it smaller, or save it as a JPEG"),
        "unsupported_media_type": ProblemCode(
            415, "the content type is not that of the route", "send what `/api/docs` names"
        ),
        "not_multipart": ProblemCode(415, "a submission that is no `multipart/form-data`", "use `curl -F` or a form"),
        "not_json": ProblemCode(415, "a retry whose body is not `application/json`", "send the header, or no body"),
        "not_a_picture": ProblemCode(415, "the bytes are no JPEG, PNG or WebP", "convert it"),
        "range_not_satisfiable": ProblemCode(
            416,
            "the part of a film that was asked for is beyond its end",
            "ask within the length, which is in `detail`",
        ),
        "broken_picture": ProblemCode(422, "truncated or damaged", "save it anew"),
        "picture_size": ProblemCode(422, "too many pixels, or too few", "bring it to another size"),
        "missing_field": ProblemCode(422, "no `content`, no style, or an empty file", "send it"),
        "unknown_part": ProblemCode(422, "a part or member of another name", "see the names in the hint"),
        "wrong_part": ProblemCode(422, "a file as text, or a text as file", "with curl: `-F content=@photo.jpg`"),
        "too_many_parts": ProblemCode(
            422, "more pictures than allowed, or a field sent twice", "send fewer, or a batch"
        ),
        "unknown_style": ProblemCode(422, "no style of the gallery is called so", "see `/api/styles`"),
        "invalid_option": ProblemCode(422, "an option is unknown or outside its limits", "see `/api/options`"),
        "over_limit": ProblemCode(422, "an option is above this service's limit", "see `/api/limits`"),
        "invalid_value": ProblemCode(422, "a field, a header or a member has an impossible value", "see `detail`"),
        "invalid_parameter": ProblemCode(422, "a query parameter has an impossible value", "see `detail`"),
        "key_reused": ProblemCode(422, "the `Idempotency-Key` belongs to another submission", "use a new key"),
        "inputs_too_small": ProblemCode(
            422, "a retry that needs more pixels than were kept", "upload the pictures again"
        ),
        "too_many_submissions": ProblemCode(429, "more than `submits_per_minute`", "wait, or send a batch"),
        "too_many_jobs": ProblemCode(429, "`max_open_per_client` of your jobs are not over", "wait, or cancel some"),
        "internal": ProblemCode(500, "a mistake of ours", "try again; report it with the request id"),
        "film_failed": ProblemCode(500, "the film cannot be encoded", "try another format"),
        "queue_full": ProblemCode(503, "`max_queued` jobs wait", "try again after `Retry-After`"),
        "too_many_viewers": ProblemCode(503, "all seats for event streams are taken", "poll instead"),
        "film_busy": ProblemCode(503, "other films are being made", "ask again in a moment"),
        "unavailable": ProblemCode(
            503, "the store or the folder of pictures cannot be used", "try again; the log has the reason"
        ),
        "newer_version": ProblemCode(503, "the data were written by a newer version", "the operator has to update"),
        "not_ready": ProblemCode(503, "`/readyz`: something is missing, as `detail` says", "wait"),
    }
)
