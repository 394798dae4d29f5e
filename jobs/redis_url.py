"""The address of Redis, read from one URL: a server, a unix socket, or the Sentinels that know which server leads now.

``redis://``, ``rediss://`` and ``unix://`` are spelled as redis-py spells them, and so are the names of the options
(https://redis.readthedocs.io/en/stable/connections.html). Sentinels are named one after the other:
``sentinel://user:password@host:26379,host:26379/0?master=mymaster``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

#: Where Redis and its Sentinels listen unless the URL says otherwise.
PORT, SENTINEL_PORT = 6379, 26379

#: Options about TLS that are texts: files, folders and what unlocks the key.
_TLS_TEXTS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_ciphers")
_TLS = frozenset({*_TLS_TEXTS, "ssl_cert_reqs", "ssl_check_hostname"})

#: Options that a URL of each scheme may have.
_OPTIONS: Mapping[str, frozenset[str]] = {
    "redis": frozenset({"db"}),
    "rediss": frozenset({"db"}) | _TLS,
    "unix": frozenset({"db"}),
    "sentinel": frozenset({"db", "master", "sentinel_username", "sentinel_password", "ssl"}) | _TLS,
}

_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, kw_only=True)
class RedisUrl:
    """What the URL says."""

    #: ``redis``, ``rediss``, ``unix`` or ``sentinel``.
    scheme: str
    #: Host and port of the server, or of each Sentinel; none for a unix socket.
    nodes: tuple[tuple[str, int], ...] = ()
    #: The unix socket, or "".
    path: str = ""
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    #: The name by which the Sentinels know the servers.
    master: str = ""
    sentinel_username: str = ""
    sentinel_password: str = field(default="", repr=False)
    #: redis-py's ``ssl_*`` options; None: without TLS.
    tls: Mapping[str, str | bool] | None = field(default=None, repr=False)

    @property
    def login(self) -> dict[str, str]:
        """What logs in at Redis; nothing where nobody has to."""
        return _login(self.username, self.password)

    @property
    def sentinel_login(self) -> dict[str, str]:
        """What logs in at the Sentinels, who have users of their own."""
        return _login(self.sentinel_username, self.sentinel_password)


def parse_redis_url(url: str) -> RedisUrl:
    """The parts of the URL.

    Raises:
        ValueError: it names nothing that can be connected to, or an option that its scheme doesn't have.

    """
    parts = urlsplit(url)
    options = _options_of(parts.scheme, parts.query)
    login, _, place = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    path = unquote(parts.path) if parts.scheme == "unix" else ""
    if (parts.scheme == "unix") == (not path) or parts.fragment:
        raise ValueError("a unix socket has a path, and nothing has a fragment")
    return RedisUrl(
        scheme=parts.scheme,
        nodes=() if path else _nodes(parts.scheme, place),
        path=path,
        database=_database("" if path else parts.path, options),
        username=unquote(username),
        password=unquote(password),
        master=_master(parts.scheme, options),
        sentinel_username=options.get("sentinel_username", ""),
        sentinel_password=options.get("sentinel_password", ""),
        tls=_tls(parts.scheme, options),
    )


def _options_of(scheme: str, query: str) -> dict[str, str]:
    if scheme not in _OPTIONS:
        raise ValueError(f"Redis is not reached by {scheme or 'no scheme'}")
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    options = dict(pairs)
    if len(options) < len(pairs) or not options.keys() <= _OPTIONS[scheme]:
        raise ValueError("an option is unknown or there twice")
    return options


def _nodes(scheme: str, place: str) -> tuple[tuple[str, int], ...]:
    named = place.split(",") if scheme == "sentinel" else [place]
    return tuple(_node(each, port=SENTINEL_PORT if scheme == "sentinel" else PORT) for each in named)


def _node(place: str, *, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    if not parts.hostname or parts.netloc != place or any(letter == "," or letter.isspace() for letter in place):
        raise ValueError("a host is missing, or is none")
    return parts.hostname, parts.port if parts.port is not None else port


def _database(path: str, options: Mapping[str, str]) -> int:
    told = options.get("db") or path.removeprefix("/") or "0"
    if not (told.isascii() and told.isdigit()):
        raise ValueError("a database has a number")
    return int(told)


def _master(scheme: str, options: Mapping[str, str]) -> str:
    master = options.get("master", "")
    if scheme == "sentinel" and not master:
        raise ValueError("Sentinels need to be told the name of the master")
    return master


def _tls(scheme: str, options: Mapping[str, str]) -> Mapping[str, str | bool] | None:
    wanted = scheme == "rediss" or _truth(options.get("ssl", "false"))
    if not wanted:
        if options.keys() & _TLS:
            raise ValueError("options about TLS without TLS")
        return None
    checked = options.get("ssl_cert_reqs", "required")
    if checked not in ("required", "optional", "none"):
        raise ValueError("certificates are required, optional or none")
    texts = {name: options[name] for name in _TLS_TEXTS if name in options}
    return {
        **texts,
        "ssl_cert_reqs": checked,
        "ssl_check_hostname": _truth(options.get("ssl_check_hostname", "true")),
    }


def _truth(told: str) -> bool:
    try:
        return _TRUTHS[told.lower()]
    except KeyError:
        raise ValueError(f"{told} is neither true nor false") from None


def _login(username: str, password: str) -> dict[str, str]:
    return {name: told for name, told in (("username", username), ("password", password)) if told}
