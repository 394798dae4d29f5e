"""The address of a broker other than Redis, read from one URL such as ``amqp://user:password@host:5672/vhost``.

The URI is RabbitMQ's (https://www.rabbitmq.com/docs/uri-spec); the options about TLS are spelled as those of Redis.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

#: Where RabbitMQ listens unless the URL says otherwise.
_PORTS = {"amqp": 5672, "amqps": 5671}

#: What the options about TLS are called in py-amqp.
_TLS = {"ssl_ca_certs": "ca_certs", "ssl_certfile": "certfile", "ssl_keyfile": "keyfile"}


@dataclass(frozen=True, kw_only=True)
class BrokerUrl:
    """What the URL says."""

    #: ``amqp`` or ``amqps``.
    scheme: str
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    virtual_host: str
    #: py-amqp's options about TLS; None: without TLS.
    tls: Mapping[str, object] | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def for_kombu(self) -> str:
        """The URL without its options, which kombu would take for others."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{self.scheme}://{login}@{self.place}/{quote(self.virtual_host, safe='')}"


def parse_broker_url(url: str) -> BrokerUrl | None:
    """The parts of the URL; None for "", which says that Redis carries the messages.

    Raises:
        ValueError: it names nothing that can be connected to, or an option that is unknown.

    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.fragment or any(each.isspace() for each in url):
        raise ValueError("a broker is reached by amqp or amqps, and has a host")
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    return BrokerUrl(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port if parts.port is not None else _PORTS[parts.scheme],
        username=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path.removeprefix("/")) or "/",
        tls=_tls(parts.scheme, parts.hostname, options),
    )


def _tls(scheme: str, host: str, options: Mapping[str, str]) -> Mapping[str, object] | None:
    if not options.keys() <= (_TLS.keys() if scheme == "amqps" else set()):
        raise ValueError("an option is unknown, or about TLS without TLS")
    if scheme == "amqp":
        return None
    files = {_TLS[name]: told for name, told in options.items()}
    # Named, the certificate is compared with it.
    return {**files, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": host}
