"""What S3 and its client say when they refuse, as one sentence with what to do. No key or signature is ever in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from jobs.errors import Unavailable

_RIGHTS: Final = "s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and s3:DeleteObject on what is in it"
_VARIABLES: Final = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_REFUSED: Final = f"access is refused; check {_VARIABLES}, and give their owner {_RIGHTS}"
_UNKNOWN_KEY: Final = "the server does not know the access key; check AWS_ACCESS_KEY_ID"
_OLD_TOKEN: Final = "the session token has expired or is damaged; renew AWS_SESSION_TOKEN, or use a role"
_OTHER_REGION: Final = "the bucket is in another region; set NST_S3_REGION"
_OVERLOADED: Final = "the server is overloaded or broken; try again later"
_NO_S3: Final = "what answers is broken or no S3 server; check NST_S3_ENDPOINT, or try again later"
_NO_BUCKET: Final = "there is no such bucket; make it, or correct NST_ARTIFACTS_URL"

#: What to do about each code of an answer; a code that begins with ``KMS.`` has a sentence of its own.
_SENTENCES: Final[Mapping[str, str]] = {
    "NoSuchBucket": _NO_BUCKET,
    "InvalidBucketName": _NO_BUCKET,
    "AccessDenied": _REFUSED,
    "AllAccessDisabled": _REFUSED,
    "403": _REFUSED,
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "XAdminUserNotFound": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": "the secret key is wrong; check AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": _OLD_TOKEN,
    "InvalidToken": _OLD_TOKEN,
    "RequestTimeTooSkewed": "the clocks of this machine and of the server differ too much; set them right",
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "IllegalLocationConstraintException": _OTHER_REGION,
    "PermanentRedirect": _OTHER_REGION,
    "301": _OTHER_REGION,
    "NotImplemented": "the server lacks something that is needed, such as conditional writes; use a newer one",
    "500": _NO_S3,  # a number stands for an answer that is not in S3's words, as a page for people is
    "502": _NO_S3,
    "503": _NO_S3,
    "504": _NO_S3,
    "SlowDown": _OVERLOADED,
    "InternalError": _OVERLOADED,
    "ServiceUnavailable": _OVERLOADED,
}
_KMS: Final = "the encryption key cannot be used; check NST_S3_KMS_KEY and its owner's rights"

#: What to do where there is no answer at all; the first that fits.
_FAILURES: Final[tuple[tuple[type[BotoCoreError], str], ...]] = (
    (NoCredentialsError, f"no credentials are found; set {_VARIABLES}, or run where a role gives them"),
    (PartialCredentialsError, f"the credentials are incomplete; set {_VARIABLES}"),
    (SSLError, "its certificate is not trusted; check NST_S3_ENDPOINT and NST_CA_FILE"),
    (EndpointConnectionError, "nothing answers at its address; check NST_S3_ENDPOINT and the network"),
    (ConnectTimeoutError, "nothing answers at its address; check NST_S3_ENDPOINT and the network"),
    (ReadTimeoutError, "the server does not answer in time; try again later"),
)
_MOST_LETTERS = 200


@contextmanager
def unavailable(place: str) -> Iterator[None]:
    """Whatever the client raises, as Unavailable; ``place`` is what could not be used, for people."""
    try:
        yield
    except ClientError as error:
        raise Unavailable(f"{place}: {_of_answer(error)}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{place}: {_of_failure(error)}") from error
    except ResponseParserError as error:  # its text would help nobody
        raise Unavailable(f"{place}: {_NO_S3}") from error


def code(error: ClientError) -> str:
    """The code of an answer, such as ``NoSuchKey``; the status where the answer has no body."""
    return error.response["Error"].get("Code", "")


def status(error: ClientError) -> int:
    """The status of an answer."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def sentence(code: str, message: str) -> str:
    """What a code of an answer means, and what to do."""
    unknown = f"the server answers {code}: {message[:_MOST_LETTERS]}"
    return _KMS if code.startswith("KMS.") else _SENTENCES.get(code, unknown)


def _of_answer(error: ClientError) -> str:
    return sentence(code(error), error.response["Error"].get("Message", ""))


def _of_failure(error: BotoCoreError) -> str:
    return next((text for kind, text in _FAILURES if isinstance(error, kind)), str(error)[:_MOST_LETTERS])
