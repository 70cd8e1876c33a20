"""Every refusal of the API as one type, answered as ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from backend.problem_codes import PROBLEM_CODES

PROBLEM_JSON = "application/problem+json"


class Problem(Exception):
    """A request that cannot be answered as asked: what, why, what to do.

    Args:
        status: the HTTP status.
        code: a stable word for programs, such as ``picture_size``.
        detail: one sentence: what is wrong, with the limit.
        hint: what to do about it.
        field: the part of the request that is meant, such as ``content`` or ``options.size``.
        retry_after: seconds after which the same request may succeed; whole, at least 1.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, hint: str = "", field: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.hint, self.field = status, code, detail, hint, field
        self.retry_after = None if retry_after is None else max(1, round(retry_after))

    def to_dict(self, instance: str = "") -> dict[str, Any]:
        """The members of the answer; empty ones are left out."""
        members = {
            "type": f"/api/docs#problem-{self.code}" if self.code in PROBLEM_CODES else "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
            "field": self.field,
            "retry_after_seconds": self.retry_after,
            "instance": instance,
        }
        return {name: value for name, value in members.items() if value not in ("", None)}

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with the answer."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def spoken(field: str) -> str:
    """A picture of the request as people call it: ``content[2]`` is "photo 3", ``style`` "the painting".

    Empty for a field that is no picture.
    """
    kind, _, number = field.partition("[")
    name = {"content": "photo", "style": "painting", "style_id": "painting"}.get(kind, "")
    if not name:
        return ""
    return f"{name} {int(number.rstrip(']')) + 1}" if number else f"the {name}"
