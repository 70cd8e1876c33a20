"""Where Kafka is and how to be let in: the URL of the bus, taken apart."""

import logging
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from kafka import errors

from jobs.errors import Misconfigured, Unavailable
from jobs.kafka_network import DIRECTLY, Network
from jobs.telemetry import logger
from jobs.urls import Tls, shown

_PORT = 9092
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,245}")  # Kafka's limit is 249, less what the dead letters' topic adds
_REASON = re.compile(r"^.*Handshake failed: | \(_ssl\.c:\d+\)$")
_Client = TypeVar("_Client")


@dataclass(frozen=True, slots=True)
class Address:
    """A topic on servers, and the settings with which every client of kafka-python connects to them."""

    servers: tuple[str, ...]  #: HOST:PORT
    topic: str
    user: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)  #: with the password

    @classmethod
    def parse(cls, url: str, *, sasl: str, tls: Tls) -> Self:
        """Take ``kafka://[USER:PASSWORD@]HOST[:PORT][,HOST…]/TOPIC`` apart; ``kafkas://`` is TLS.

        Raises:
            Misconfigured: this is no such URL, or a file of ``tls`` cannot be used.
        """
        scheme, _, rest = url.partition("://")
        authority, _, topic = rest.partition("/")
        login, _, hosts = authority.rpartition("@")
        servers = tuple(_with_port(host) for host in hosts.split(",") if host)
        if scheme not in ("kafka", "kafkas") or not servers or not _TOPIC.fullmatch(topic):
            raise Misconfigured(f"NST_BUS_URL is {shown(url)!r}, but it must be kafka://HOST:9092/TOPIC or kafkas://…")
        user, password = (unquote(word) for word in login.partition(":")[::2])
        encrypted = scheme == "kafkas"
        settings: dict[str, Any] = {"bootstrap_servers": list(servers), **DIRECTLY}
        settings["security_protocol"] = ("SASL_" if user else "") + ("SSL" if encrypted else "PLAINTEXT")
        if encrypted:
            settings["ssl_context"] = _context(tls)
        if user:
            settings |= {"sasl_mechanism": sasl, "sasl_plain_username": user, "sasl_plain_password": password}
        if user and sasl == "PLAIN" and not encrypted:
            logger(__name__).warning("the password of Kafka travels unencrypted; use kafkas:// or a SCRAM mechanism")
        return cls(servers, topic, user, settings)

    @property
    def dead_letters(self) -> str:
        """The topic of messages that nobody can work on."""
        return f"{self.topic}.dlq"

    def open(self, client: Callable[..., _Client], **settings: Any) -> _Client:
        """Make a client that is connected; within ``bootstrap_timeout_ms``, or it is not made.

        Raises:
            Unavailable: there is no connection; the message says why, without the password.
        """
        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it tells of every try; what matters is told here
        networks: list[Network] = []

        def network(**configuration: Any) -> Network:
            networks.append(Network(**configuration))
            return networks[-1]

        try:
            made = client(**self.settings, **settings, kafka_client=network)
        except (errors.KafkaError, OSError) as error:
            for opened in networks:  # a constructor that fails leaves its thread behind
                opened.close()
            trouble = next((opened.connections.trouble for opened in networks), None)
            raise self._not_agreed(str(trouble)) or self.explained(error) from None
        for opened in networks:
            opened.connections.opening = False
        return made

    def explained(self, error: Exception) -> Unavailable:
        """An error of kafka-python as a sentence: what, why, what to do."""
        servers = ",".join(self.servers)
        match error:
            case errors.SaslAuthenticationFailedError() | errors.UnsupportedSaslMechanismError():
                return self._not_let_in()
            case errors.AuthorizationError():
                return Misconfigured(
                    f"Kafka at {servers} does not allow this user to use the topic {self.topic} or its group; "
                    "the operator of Kafka has to grant it"
                )
            case errors.UnknownTopicOrPartitionError():
                return missing_topic(self.topic, servers)
            case errors.KafkaTimeoutError() | errors.RetriableError() | OSError():
                return Unavailable(f"Kafka at {servers} does not answer; is it running?")
        return Unavailable(f"Kafka at {servers} refuses the message ({type(error).__name__})")

    def _not_let_in(self) -> Misconfigured:
        return Misconfigured(
            f"Kafka at {','.join(self.servers)} does not let the user {self.user!r} in; "
            "check user and password of NST_BUS_URL, and NST_KAFKA_SASL"
        )

    def _not_agreed(self, trouble: str) -> Unavailable | None:
        """The sentence about servers that are there, but do not come to terms with this program."""
        servers = ",".join(self.servers)
        if "Handshake failed" in trouble:
            return Misconfigured(
                f"Kafka at {servers} and this program do not agree on TLS ({_REASON.sub('', trouble)}); "
                "check NST_CA_FILE, NST_CERT_FILE and NST_KEY_FILE, and whether NST_BUS_URL must begin with kafka://"
            )
        if "disconnected" in trouble and self.user:
            return self._not_let_in()  # over TLS, the client often misses the answer and sees the end alone
        if "disconnected" in trouble:
            return Unavailable(f"Kafka at {servers} hangs up; it is starting, or wants TLS (kafkas://) or a password")
        return None


def missing_topic(topic: str, servers: str) -> Misconfigured:
    """The sentence about a topic that is not there."""
    return Misconfigured(
        f"the topic {topic} is not on Kafka at {servers}; make it with: "
        f"kafka-topics.sh --bootstrap-server {servers} --create --topic {topic} --partitions 12"
    )


def _with_port(host: str) -> str:
    return host if re.search(r":\d+$", host) else f"{host}:{_PORT}"


def _context(tls: Tls) -> ssl.SSLContext:
    """What both ends know each other by."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        raise Misconfigured(f"NST_CA_FILE, NST_CERT_FILE or NST_KEY_FILE cannot be used: {reason}") from None
    return context
