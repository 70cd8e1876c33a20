"""The socket that the API listens on."""

import socket
import struct
from typing import Final

#: A client that neither sends nor reads for so long gives its thread back.
STALLED_SECONDS: Final = 20

_WAITING: Final = 512  # connections that nobody has taken yet


def listen(host: str, port: int, stalled_seconds: int = STALLED_SECONDS) -> socket.socket:
    """A listening socket that other processes may inherit, and whose connections give a silent client up.

    Args:
        port: 0 takes a free one.

    Raises:
        OSError: the address cannot be used; the message says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_WAITING)
    except OSError as error:
        advice = "set NST_PORT to another port, or to 0 for a free one"
        raise OSError(f"{host}:{port} cannot be used ({error.strerror}); {advice}") from error
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # every connection inherits them, where the system has them
        listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", stalled_seconds, 0))
    listener.set_inheritable(True)
    return listener
