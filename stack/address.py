"""Where the API listens: which addresses only this machine reaches, and which ports are free."""

import errno
import socket
from dataclasses import dataclass

from jobs.loopback import is_loopback
from stack.errors import AddressRefused

__all__ = ["Address", "is_loopback", "usable_address"]

#: What stands for every address of the machine, and the address at which this machine itself reaches it.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, kw_only=True)
class Address:
    """A host and a port that were free a moment ago."""

    #: What the API listens on.
    host: str
    #: The port; never 0.
    port: int

    @property
    def local_host(self) -> str:
        """The host under which this machine reaches the API."""
        return _EVERYWHERE.get(self.host, self.host)

    @property
    def url(self) -> str:
        """The API's address for this machine."""
        host = self.local_host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def usable_address(host: str, port: int) -> Address:
    """The address to listen on; for port 0 one that is free.

    Raises:
        AddressRefused: it can't be bound.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Sets SO_REUSEADDR: a port is not taken by connections of the last run that linger.
        with socket.create_server((host, port), family=family) as probe:
            return Address(host=host, port=probe.getsockname()[1])
    except OSError as error:
        raise AddressRefused(_why(error, host, port)) from error


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken; name another with --port, or --port 0 for any that is free."
    return f"Can't listen on {host} port {port}: {error.strerror}."
