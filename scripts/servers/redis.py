"""A real Redis: append-only file, nothing evicted, as the service wants it; or otherwise, as a test wants it."""

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scripts.servers.certificates import Certificates
from scripts.servers.process import Missing, Server, write_private

if TYPE_CHECKING:
    from redis import Redis

_ANSWER_SECONDS = 2.0


class RedisServer(Server):
    """``redis-server``.

    Args:
        folder: where it keeps its data.
        user: an ACL user, then the only one who may connect; empty lets everybody in.
        password: of the user.
        rules: what the user may do, in Redis's ACL words.
        tls: certificates of the server; it then speaks TLS only, and checks the certificate of a client that has one.
        persistence: False keeps everything in memory only, so that a restart forgets it.
        policy: ``maxmemory-policy``.
        settings: further lines of redis.conf.
    """

    name = "Redis"

    def __init__(
        self,
        folder: Path,
        *,
        user: str = "",
        password: str = "",
        rules: str = "~* &* +@all",
        tls: Certificates | None = None,
        persistence: bool = True,
        policy: str = "noeviction",
        settings: Sequence[str] = (),
    ) -> None:
        super().__init__(folder)
        self._login = (user, password)
        self._rules = rules
        self._tls = tls
        self._persistence = persistence
        self._policy = policy
        self._settings = settings

    @property
    def url(self) -> str:
        """``redis://[USER:PASSWORD@]127.0.0.1:PORT/0``, or ``rediss://``."""
        user, password = (quote(word, safe="") for word in self._login)
        return f"redis{'s' if self._tls else ''}://{f'{user}:{password}@' if user else ''}{self.address}/0"

    def client(self, **settings: Any) -> "Redis":
        """A connection; the caller closes it."""
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        trust = {"ssl_ca_certs": str(self._tls.ca)} if self._tls else {}
        patience = {"socket_timeout": _ANSWER_SECONDS, "socket_connect_timeout": _ANSWER_SECONDS}
        return Redis.from_url(self.url, **{**trust, **patience, "retry": Retry(NoBackoff(), 0), **settings})

    def wipe(self) -> None:
        """Forget everything, in every database."""
        with self.client() as client:
            client.flushall()

    def answers(self) -> bool:
        """Whether it answers a PING."""
        from redis.exceptions import RedisError

        try:
            with self.client() as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False

    def command(self) -> Sequence[str]:
        """``redis-server redis.conf``."""
        program = shutil.which("redis-server")
        if program is None:
            raise Missing("redis-server is not on this machine (on Debian: apt-get install redis-server)")
        file = self.folder / "redis.conf"
        write_private(file, "\n".join(self._configuration()) + "\n")
        return program, str(file)

    def _configuration(self) -> list[str]:
        lines = [
            "bind 127.0.0.1",
            f"dir {self.folder}",
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self._persistence else 'no'}",
            "appendfsync everysec",
            f"maxmemory-policy {self._policy}",
        ]
        lines += self._listening()
        user, password = self._login
        if user:
            digest = sha256(password.encode()).hexdigest()
            lines += ["user default off", f"user {user} on #{digest} {self._rules}"]
        return [*lines, *self._settings]

    def _listening(self) -> list[str]:
        if self._tls is None:
            return [f"port {self.port}"]
        return [
            "port 0",
            f"tls-port {self.port}",
            f"tls-cert-file {self._tls.cert}",
            f"tls-key-file {self._tls.key}",
            f"tls-ca-cert-file {self._tls.ca}",
            "tls-auth-clients optional",
        ]
