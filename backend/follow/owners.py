"""The owner token: who holds it may cancel, retry and delete, and so may an operator.

The answer to a submission holds it.
"""

import hmac

from flask import Request

from backend.access import Role
from backend.context import context
from backend.problems import Problem
from jobs.model import Job


def check_owner(request: Request, *ids: str | None) -> None:
    """Let pass whoever holds the owner token of one of these ids, or the key of an operator.

    Raises:
        Problem: 403, the token is missing or another one.
    """
    given = request.headers.get("X-Owner-Token", "").encode()
    allowed = [hmac.compare_digest(given, context().owner_token(id).encode()) for id in ids if id]
    if not any(allowed) and context().access.role(request) is not Role.OPERATE:
        raise Problem(
            403,
            "not_owner",
            "This needs the owner token, and the request has " + ("another one." if given else "none."),
            hint="Send the owner_token of the submission's answer as X-Owner-Token, or an operator's API key.",
        )


def check_job_owner(request: Request, job: Job) -> None:
    """As ``check_owner``; the token of the job's batch is good for each of its jobs."""
    check_owner(request, job.id, job.spec.batch)
