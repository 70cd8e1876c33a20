"""Connections as kafka-python makes them, mended: it forgets to close the sockets of attempts that fail, and why they
failed.

Both matter while a server is away or does not let us in: the client tries once a second, runs out of files, and says
of a wrong password that nobody answered.
"""

from socket import socket
from typing import Any, Final

from kafka.errors import (
    AuthorizationError,
    RequestTimedOutError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

#: The setting by which a client of kafka-python is told to connect so; there is no proxy.
DIRECTLY: Final = {"proxy_url": "nst-directly://"}

#: Answers of a server that does not let somebody in.
REFUSALS: Final = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError, AuthorizationError)


class ClosedAtLast(KafkaNetSocket):  # type: ignore[misc]  # published without types
    """Closes the socket of an attempt that fails."""

    SCHEMES = ("nst-directly",)

    async def sock_connect(self, network: Any, sock: socket, *where: Any, **times: Any) -> socket:
        """Connect, or raise."""
        try:
            connected: socket = await super().sock_connect(network, sock, *where, **times)
        except BaseException:
            sock.close()
            raise
        return connected


class Connections(KafkaConnectionManager):  # type: ignore[misc]  # published without types
    """Remembers why the last attempt failed.

    Attributes:
        trouble: why; None where nothing has.
        opening: whether a client is being made, which then ends with a server's refusal to let it in. Later, the same
            refusal may be that of a server which has not read its users yet, and the client goes on trying.
    """

    def __init__(self, network: NetworkSelector, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.trouble: Exception | None = None
        self.opening = True

    def get_connection(self, node_id: Any, *arguments: Any, **settings: Any) -> Any:
        """See the client."""
        if self.opening and isinstance(self.trouble, REFUSALS):
            raise self.trouble
        connection = super().get_connection(node_id, *arguments, **settings)
        if not connection.init_future.is_done:
            connection.init_future.add_errback(self._note)
        return connection

    def _note(self, error: Exception) -> None:
        if self.trouble is None or not isinstance(error, RequestTimedOutError):  # which ends every series of attempts
            self.trouble = error


class Network(KafkaNetClient):  # type: ignore[misc]  # published without types
    """What a client of kafka-python connects with, as its ``kafka_client``."""

    def __init__(self, **settings: Any) -> None:
        network = NetworkSelector(**settings)
        self.connections = Connections(network, **settings)
        super().__init__(network, self.connections, **settings)
