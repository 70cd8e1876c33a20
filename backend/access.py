"""Who asks, and what he may.

Submitting and listing need a name where names are given: by an API key, or by a proxy in front that signs people in.
Looking at a job needs its unguessable id; changing it needs its owner token (``backend.follow.owners``) or a key of an
operator.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

from flask import Request

from backend.problems import Problem
from jobs.settings import Settings

#: What the names of people begin with whom the proxy has signed in, so that none of them can be called as a key is.
USER: Final = "user:"

_ENTRY: Final = re.compile(r"(?P<name>.+?):\s*(?P<digest>[0-9a-fA-F]{64})\s*(?::\s*(?P<role>\w+)\s*)?")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_MOST_LETTERS: Final = 200  # of the name of a person
_TAKEN: Final = frozenset(
    {"authorization", "cookie", "host", "x-api-key", "x-forwarded-for", "x-forwarded-host", "x-owner-token"}
)


class MisspelledKey(ValueError):
    """An entry of ``NST_API_KEYS`` is not NAME:SHA256 or NAME:SHA256:ROLE."""


class UntrustedSignIn(ValueError):
    """The settings believe a header that anybody could send, or that means something else."""


class Role(StrEnum):
    """What the holder of an API key may do."""

    SUBMIT = "submit"  #: submit jobs, and list his own
    OPERATE = "operate"  #: also list, cancel, retry and delete those of others


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, of which the service knows the SHA-256 alone."""

    name: str
    digest: str  #: 64 hexadecimal digits
    role: Role = Role.SUBMIT

    @classmethod
    def parse(cls, entry: str) -> Self:
        """What ``NAME:SHA256[:ROLE]`` says.

        Raises:
            MisspelledKey: it is not written so.
        """
        match = _ENTRY.fullmatch(entry)
        if match is None or match["name"].startswith(USER) or (match["role"] or Role.SUBMIT) not in tuple(Role):
            name = entry.partition(":")[0] if ":" in entry else ""  # what has no colon may be the key itself
            raise MisspelledKey(
                f"NST_API_KEYS: the entry of {name[:60] or 'no name'!r} must be NAME:SHA256 or NAME:SHA256:ROLE, with "
                f"64 digits of 0-9a-f, one of the roles {' and '.join(Role)}, and no name that begins with {USER}"
            )
        return cls(match["name"], match["digest"].lower(), Role(match["role"] or Role.SUBMIT))


class Access:
    """Who may submit and who may operate.

    Args:
        keys: the API keys.
        user_header: the header in which the proxy in front names who has signed in; empty where there is none.
    """

    def __init__(self, keys: Sequence[Key] = (), user_header: str = "") -> None:
        self._keys, self._user_header = tuple(keys), user_header

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say.

        Raises:
            MisspelledKey: an API key is not written as NAME:SHA256[:ROLE].
            UntrustedSignIn: the header of a signing-in proxy cannot be believed.
        """
        return cls([Key.parse(entry) for entry in settings.api_keys], _trusted(settings))

    @property
    def open_to_all(self) -> bool:
        """Whether everybody may submit, and nobody has a name."""
        return not self._keys and not self._user_header

    def client(self, request: Request) -> str:
        """Who asks: the name of his key, ``user:`` and his own name, or his address where no names are needed.

        Raises:
            Problem: 401, a name is needed and the request has none; 422, the proxy's header is no name.
        """
        if self.open_to_all:
            return request.remote_addr or "unknown"
        if key := self._key(request):
            return key.name
        if user := self._user(request):
            return USER + user
        raise self._unknown()

    def role(self, request: Request) -> Role | None:
        """The role of the request's API key; None where it has none, or another one."""
        key = self._key(request)
        return key.role if key else None

    def _key(self, request: Request) -> Key | None:
        given = sha256(_given_key(request).encode()).hexdigest()
        # Every key is compared, so that the time taken tells nothing.
        found = [key for key in self._keys if hmac.compare_digest(given, key.digest)]
        return found[0] if found else None

    def _user(self, request: Request) -> str:
        """Who has signed in at the proxy; empty where nobody has."""
        name = _decoded(request.headers.get(self._user_header, "")).strip() if self._user_header else ""
        # With a comma it is two headers in one, and the first may be the visitor's own.
        if len(name) > _MOST_LETTERS or not name.isprintable() or "," in name:
            raise Problem(
                422,
                "invalid_value",
                f"The header {self._user_header} must hold one name of at most {_MOST_LETTERS} visible letters.",
                field=self._user_header,
                hint="The proxy in front must replace this header, and send a name without a comma.",
            )
        return name

    def _unknown(self) -> Problem:
        if self._user_header:
            return Problem(
                401,
                "sign_in_needed",
                "This service needs to know who you are, and the proxy in front of it names nobody.",
                hint="Sign in, then try again." + (" Programs send an API key." if self._keys else ""),
            )
        return Problem(
            401,
            "api_key_needed",
            "This service needs an API key, and the request has no valid one.",
            hint="Send it as Authorization: Bearer KEY, or as X-API-Key: KEY.",
        )


def _given_key(request: Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key", "")


def _decoded(header: str) -> str:
    """WSGI hands headers over as Latin-1; what proxies send is UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _trusted(settings: Settings) -> str:
    header = settings.proxy_user_header.strip()
    if not header:
        return ""
    if not _HEADER.fullmatch(header) or header.lower() in _TAKEN:
        raise UntrustedSignIn(
            f"NST_PROXY_USER_HEADER is {header[:60]!r}, but it must be the name of a header of letters, digits and "
            "hyphens that means nothing else, such as X-Auth-Request-Email"
        )
    if not settings.trusted_proxies:
        raise UntrustedSignIn(
            "NST_PROXY_USER_HEADER is set, but NST_TRUSTED_PROXIES is 0: anybody could send that header; "
            "put the service behind the proxy that signs people in, and set NST_TRUSTED_PROXIES to 1"
        )
    return header
