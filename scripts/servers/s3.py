"""A real S3 server: versitygw, whose buckets are folders."""

import secrets
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.servers.certificates import Certificates
from scripts.servers.process import INSTALLED, Missing, Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VERSION = "v1.8.0"
PROGRAM = INSTALLED / f"versitygw-{VERSION}" / "versitygw"
REGION = "us-east-1"
_ANSWER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks."""

    access_key: str
    secret_key: str


class S3Server(Server):
    """``versitygw`` with its folder as storage; keys are made at random, once for each folder.

    Args:
        folder: where it keeps its data.
        tls: certificates of the server; it then speaks HTTPS.
    """

    name = "versitygw (S3)"

    def __init__(self, folder: Path, *, tls: Certificates | None = None) -> None:
        super().__init__(folder)
        self._tls = tls
        self.access_key = self.kept("access-key", lambda: secrets.token_hex(10))
        self.secret_key = self.kept("secret-key", lambda: secrets.token_hex(20))

    @property
    def endpoint(self) -> str:
        """The URL for ``endpoint_url``."""
        return f"http{'s' if self._tls else ''}://{self.address}"

    def client(self, account: Account | None = None) -> "S3Client":
        """A client of the owner, or of another account; the caller closes it."""
        import boto3
        from botocore.config import Config

        account = account or Account(self.access_key, self.secret_key)
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=account.access_key,
            aws_secret_access_key=account.secret_key,
            verify=str(self._tls.ca) if self._tls else None,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
        )

    def make_bucket(self, name: str) -> str:
        """Make a bucket of the owner; its name. It may be there already."""
        client = self.client()
        try:
            client.create_bucket(Bucket=name)
        except client.exceptions.BucketAlreadyOwnedByYou:
            pass
        finally:
            client.close()
        return name

    def make_account(self) -> Account:
        """Make an account without any right on the owner's buckets."""
        account = Account(secrets.token_hex(10), secrets.token_hex(20))
        owner = ("--access", self.access_key, "--secret", self.secret_key, "--endpoint-url", self.endpoint)
        made = ("--access", account.access_key, "--secret", account.secret_key, "--role", "user")
        insecure = ("--allow-insecure",) if self._tls else ()
        subprocess.run((PROGRAM, "admin", *owner, *insecure, "create-user", *made), check=True, capture_output=True)
        return account

    def answers(self) -> bool:
        """Whether its health page answers."""
        trust = self._context()
        try:
            with urllib.request.urlopen(f"{self.endpoint}/health", timeout=_ANSWER_SECONDS, context=trust) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def environment(self) -> Mapping[str, str]:
        """The owner's keys: on the command line everybody could read them."""
        return {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}

    def command(self) -> Sequence[str]:
        """``versitygw … posix``."""
        if not PROGRAM.exists():
            raise Missing("versitygw is not installed in this clone: run make servers")
        # Its own folder for what S3 knows of an object: not every file system has extended attributes.
        data, facts, accounts = (self._made(name) for name in ("data", "facts", "accounts"))
        tls = ("--cert", str(self._tls.cert), "--key", str(self._tls.key)) if self._tls else ()
        listening = ("--port", self.address, "--region", REGION, "--health", "/health", *tls)
        # Without its cache an account that was made just now is known at once.
        identities = ("--iam-dir", accounts, "--iam-cache-disable")
        return str(PROGRAM), "--quiet", "--keep-alive", *listening, *identities, "posix", "--sidecar", facts, data

    def _made(self, name: str) -> str:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return str(folder)

    def _context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self._tls.ca) if self._tls else None
