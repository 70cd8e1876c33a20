"""The three servers of the distributed service in the background, for people without Docker.

Everything lies in ``.cache/servers/run``: data, logs, and ``env`` with the settings that lead there. Its passwords are
made at random when it is made, and only this user may read it.
"""

import re
import secrets
import sys
from pathlib import Path

from scripts.servers.kafka import KafkaServer
from scripts.servers.process import INSTALLED, ROOT, Server, kept, write_private
from scripts.servers.redis import RedisServer
from scripts.servers.s3 import REGION, S3Server

RUN = INSTALLED / "run"
TOPIC = "nst.jobs"
BUCKET = "nst"
_PARTITIONS = 12
_USER = "nst"
_SECRETS = re.compile(r"(?<=//nst:)[^@]+(?=@)|(?<=SECRET=).+|(?<=SECRET_ACCESS_KEY=).+")


class Stack:
    """Kafka, Redis and S3 as one.

    Args:
        folder: where they keep everything; made where it is missing.
    """

    def __init__(self, folder: Path = RUN) -> None:
        self._folder = folder
        self.kafka = KafkaServer(folder / "kafka")
        self.redis = RedisServer(folder / "redis", user=_USER, password=_password(folder / "redis-password"))
        self.s3 = S3Server(folder / "s3")

    @property
    def servers(self) -> tuple[Server, ...]:
        """All of them."""
        return self.kafka, self.redis, self.s3

    @property
    def environment_file(self) -> Path:
        """Shell lines that export every setting; written by ``start``."""
        return self._folder / "env"

    def start(self, owner: int = 0) -> None:
        """Start what does not run, with topics and bucket; ``Missing`` or ``Failed``.

        Args:
            owner: the process with which they end; by default they outlive everything.
        """
        for server in self.servers:
            server.start(owner)
        self.kafka.make_topic(TOPIC, _PARTITIONS)
        self.kafka.make_topic(f"{TOPIC}.dlq", 1)
        self.s3.make_bucket(BUCKET)
        write_private(self.environment_file, "".join(f"export {name}={value}\n" for name, value in self._settings()))

    def stop(self) -> None:
        """Stop what runs; the data stays."""
        for server in self.servers:
            server.stop()

    def instructions(self) -> str:
        """What to run now; passwords are left out."""
        exports = _SECRETS.sub("…", self.environment_file.read_text())
        python, lead = _shown(Path(sys.executable)), f". {_shown(self.environment_file)}"
        return (
            f"Kafka, Redis and S3 run; {_shown(self.environment_file)} leads there:\n\n{_indented(exports)}\n"
            "Backend and page, on http://127.0.0.1:5000:\n\n"
            f"  make -s page; ({lead}; NST_WORKERS=0 {python} -m backend)\n\n"
            "A consumer, in as many further terminals as you like:\n\n"
            f"  ({lead}; {python} -m consumer)\n\n"
            "make servers-stop stops the three servers and keeps their data."
        )

    def _settings(self) -> list[tuple[str, str]]:
        secret = kept(self._folder / "service-secret", lambda: secrets.token_hex(32))
        return [
            ("NST_BUS_URL", self.kafka.url(TOPIC)),
            ("NST_STORE_URL", self.redis.url),
            ("NST_ARTIFACTS_URL", f"s3://{BUCKET}"),
            ("NST_S3_ENDPOINT", self.s3.endpoint),
            ("NST_S3_REGION", REGION),
            ("NST_SECRET", secret),
            ("AWS_ACCESS_KEY_ID", self.s3.access_key),
            ("AWS_SECRET_ACCESS_KEY", self.s3.secret_key),
        ]


def _password(file: Path) -> str:
    return kept(file, lambda: secrets.token_hex(20))


def _shown(path: Path) -> str:
    """As a person would type it at the root of the clone."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _indented(lines: str) -> str:
    return "".join(f"  {line}\n" for line in lines.splitlines())
