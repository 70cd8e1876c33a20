"""Certificates for 127.0.0.1, signed by an authority that is made for the occasion."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.servers.process import Missing

_DAYS = "2"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority that clients believe, and a certificate with its key, for a server or a client."""

    ca: Path
    cert: Path
    key: Path


def make_certificates(folder: Path, names: str = "IP:127.0.0.1,DNS:localhost") -> Certificates:
    """Make authority, certificate and key in this folder; those of an earlier call there are kept.

    Args:
        folder: made where it is missing.
        names: whom the certificate is for, in OpenSSL's words.

    Raises:
        Missing: openssl is not on this machine.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    if not made.cert.exists():
        authority = folder / "ca-key.pem"
        _openssl("req", "-x509", *_KEY, "-keyout", authority, "-out", made.ca, "-days", _DAYS, "-subj", "/CN=test CA")
        _openssl(
            *("req", "-x509", *_KEY, "-keyout", made.key, "-out", made.cert, "-days", _DAYS, "-subj", "/CN=localhost"),
            *("-CA", made.ca, "-CAkey", authority, "-addext", f"subjectAltName={names}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
    return made


def _openssl(*arguments: str | Path) -> None:
    if shutil.which("openssl") is None:
        raise Missing("openssl is not on this machine (on Debian: apt-get install openssl)")
    subprocess.run(("openssl", *map(str, arguments)), check=True, capture_output=True)
