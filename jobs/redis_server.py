"""The Redis server of the store: connections, scripts, errors in words, and whether it keeps what it is told."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final, cast
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.commands.core import Script
from redis.retry import Retry

from jobs.errors import Misconfigured, Unavailable
from jobs.redis_records import to_json
from jobs.urls import Tls, shown

#: How long a connection, or an answer on one, may take, seconds.
CONNECT_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 2.0
#: Connections of one process; a thread that finds them all in use waits as long as for an answer.
_CONNECTIONS: Final = 32
_OLDEST: Final = (6, 2)

#: Scripts that need more than the ledger.
_WITH_ESTIMATES: Final = frozenset({"place", "facts"})

#: What to do about an error, by words of it; the first that fits.
_ADVICE: Final = {
    r"WRONGPASS|AUTH|Authentication|invalid (username|password)": "check user and password in NST_STORE_URL",
    r"OOM |OutOfMemory": "its memory is full: raise its maxmemory, or delete jobs",
    r"MISCONF": "it cannot write its disk: free some space there",
    r"READONLY|ReadOnly": "it is a replica: name the primary in NST_STORE_URL",
    r"NOPERM|NoPerm|can't (run|access)|annot access": "its ACL must let this user run scripts, TIME and INFO, and use "
    "all keys and channels that begin with NST_REDIS_PREFIX",
    r"LOADING|BusyLoading": "it has just started; it is ready when it has read its data",
    r"CERTIFICATE|SSL": "check rediss:// in NST_STORE_URL, NST_CA_FILE, NST_CERT_FILE and NST_KEY_FILE",
    r"[Tt]imeout|timed out": "it is stopped or overloaded, or a firewall is between",
    r"No connection available": f"it is slow: more than {_CONNECTIONS} threads wait for it",
    r"ConnectionError|OSError": "check that it runs, and the address in NST_STORE_URL",
}

_DATABASE: Final = re.compile(r"(/\d*)?")
_PLACE_IN_SCRIPT: Final = re.compile(r",? ?(script: [0-9a-f]{40}, )?on @?user_script:\d+\.?.*$", re.DOTALL)


class Server:
    """One server, not yet connected; connections are opened when they are needed, in whichever process and thread.

    Nothing is sent twice by itself: whoever asks knows whether that is right.

    Args:
        url: ``redis://[USER:PASSWORD@]HOST:PORT/DATABASE`` or ``rediss://…``.
        prefix: begins every key.
        tls: files for ``rediss://``.
        policy: what the scripts need to know, as JSON.

    Raises:
        Unavailable: that is no such URL.
    """

    def __init__(self, url: str, prefix: str, tls: Tls, policy: str) -> None:
        self._url, self._prefix, self._policy = shown(url), prefix, policy
        try:
            if not _DATABASE.fullmatch(urlsplit(url).path):
                raise ValueError("the number of a database must follow the port, as in /0")
            pool = redis.BlockingConnectionPool.from_url(url, **_connection(url, tls))
        except ValueError as error:
            raise Misconfigured(f"NST_STORE_URL is {self._url!r}, which is no address of Redis: {error}") from error
        self._client = redis.Redis(connection_pool=pool)
        self._scripts = {name: self._client.register_script(source) for name, source in _sources().items()}

    def run(self, script: str, **question: Any) -> Any:
        """What a script answers; a value of None is not asked.

        Raises:
            Unavailable: the server cannot be reached, or refuses.
        """
        asked = to_json({name: value for name, value in question.items() if value is not None})
        found: Script = self._scripts[script]
        with self.translated():
            return found(keys=[self._prefix], args=[self._policy, asked])

    @contextmanager
    def using(self) -> Iterator["redis.Redis"]:
        """The client, for what needs no script, its errors as Unavailable."""
        with self.translated():
            yield self._client

    def key(self, name: str) -> str:
        """The whole of a key."""
        return self._prefix + name

    def feed(self) -> PubSub:
        """A connection that listens; its errors are Redis's own."""
        feed: PubSub = self._client.pubsub()  # type: ignore[no-untyped-call]  # redis-py types only some
        return feed

    def check(self) -> None:
        """Raise Unavailable unless the server can be written and read, and neither evicts nor forgets."""
        self.run("check")
        with self.translated():
            facts = cast(dict[str, Any], self._client.info())
        for complaint in self._complaints(facts):
            raise Unavailable(f"the store {self._url} cannot be used: {complaint}")

    def close(self) -> None:
        """Close the connections; using the server again opens new ones."""
        self._client.connection_pool.disconnect()

    def _complaints(self, facts: Mapping[str, Any]) -> Iterator[str]:
        version = str(facts.get("redis_version", ""))
        if tuple(map(int, re.findall(r"\d+", version)[:2])) < _OLDEST:
            yield f"it is Redis {version}, but it must be at least {'.'.join(map(str, _OLDEST))}"
        policy = facts.get("maxmemory_policy", "noeviction")
        if policy != "noeviction":
            yield f"its maxmemory-policy is {policy}, so that it may throw jobs away; set it to noeviction"
        if not facts.get("aof_enabled"):
            yield "its appendonly is no, so that a restart may lose jobs; set it to yes"

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Redis's errors as Unavailable, in a sentence."""
        try:
            yield
        except (redis.RedisError, OSError) as error:
            reason = _PLACE_IN_SCRIPT.sub("", str(error)).strip().rstrip(".") or type(error).__name__
            words = f"{type(error).__name__} {error}"
            advice = next((advice for pattern, advice in _ADVICE.items() if re.search(pattern, words)), "")
            raise Unavailable(f"the store {self._url} cannot be used: {reason}{advice and f'; {advice}'}") from error


def _connection(url: str, tls: Tls) -> dict[str, Any]:
    options: dict[str, Any] = {
        "max_connections": _CONNECTIONS,
        "timeout": ANSWER_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_keepalive": True,
        "decode_responses": True,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
    }
    if url.startswith("rediss:"):
        files = {"ssl_ca_certs": tls.ca_file, "ssl_certfile": tls.cert_file, "ssl_keyfile": tls.key_file}
        options |= {name: str(file) for name, file in files.items() if file is not None}
    return options


def _sources() -> dict[str, str]:
    """Every script, whole: what it begins with, and itself."""
    folder = resources.files("jobs") / "redis_scripts"
    texts = {
        file.name.removesuffix(".lua"): file.read_text() for file in folder.iterdir() if file.name.endswith(".lua")
    }
    ledger, estimates = texts.pop("ledger"), texts.pop("estimates")
    return {name: ledger + (estimates if name in _WITH_ESTIMATES else "") + text for name, text in texts.items()}
