"""Real Redis servers that belong together: a leader, its replica, and three Sentinels that watch them."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from processes import free_port
from redis import Redis, RedisError
from waiting import eventually

from stack.redis_server import find_server

#: The name by which the Sentinels know them.
MASTER = "front"

#: What their clients log in with, and what those of the Sentinels do.
PASSWORD, SENTINEL_PASSWORD = "p:w/1", "watch;2"

#: After so many milliseconds of silence a Sentinel takes a server for gone.
SILENCE = 600


@dataclass(kw_only=True)
class Server:
    """One Redis or Sentinel on a port of the loopback address."""

    folder: Path
    #: Lines of its configuration beside its port.
    lines: tuple[str, ...]
    sentinel: bool = False
    #: How the program is started, before its arguments; what it is called says what it does.
    program: tuple[str, ...] = ()
    executable: str | None = None
    tls: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "redis.conf"
        if not path.exists():
            listening = ("port 0", f"tls-port {self.port}") if self.tls else (f"port {self.port}",)
            told = (f"{name} {value}" for name, value in self.tls.items())
            path.write_text("\n".join([*listening, "bind 127.0.0.1", f"dir {self.folder}", *told, *self.lines, ""]))
        program = self.program or (str(find_server()),)
        command = [*program, str(path), *(["--sentinel"] if self.sentinel else [])]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, executable=self.executable, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        """Ends it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class RedisGroup:
    """The servers and their Sentinels, as a context."""

    def __init__(self, folder: Path, **how: object) -> None:
        """``how`` are the fields of each :class:`Server` that all of them share."""
        keep = ("appendonly yes", "repl-diskless-sync-delay 0", f'requirepass "{PASSWORD}"', f'masterauth "{PASSWORD}"')
        self._options = _client_options(how)
        first = Server(folder=folder / "first", lines=keep, **how)  # type: ignore[arg-type]
        follow = (f"replicaof 127.0.0.1 {first.port}",)
        self.servers = [first, Server(folder=folder / "second", lines=(*keep, *follow), **how)]  # type: ignore[arg-type]
        self.sentinels = [
            Server(folder=folder / f"sentinel-{number}", lines=(), sentinel=True, **how)  # type: ignore[arg-type]
            for number in range(3)
        ]
        for sentinel in self.sentinels:
            sentinel.lines = self._watching(sentinel)

    def _watching(self, sentinel: Server) -> tuple[str, ...]:
        """Its configuration, as it would be written once all had found each other, which takes them ten seconds."""
        others = (
            f"sentinel known-sentinel {MASTER} 127.0.0.1 {each.port} {each.port:040x}"
            for each in self.sentinels
            if each is not sentinel
        )
        return (
            f'requirepass "{SENTINEL_PASSWORD}"',
            f'sentinel sentinel-pass "{SENTINEL_PASSWORD}"',
            f"sentinel myid {sentinel.port:040x}",
            f"sentinel monitor {MASTER} 127.0.0.1 {self.servers[0].port} 2",
            f'sentinel auth-pass {MASTER} "{PASSWORD}"',
            f"sentinel down-after-milliseconds {MASTER} {SILENCE}",
            f"sentinel failover-timeout {MASTER} 3000",
            f"sentinel known-replica {MASTER} 127.0.0.1 {self.servers[1].port}",
            *others,
        )

    @property
    def url(self) -> str:
        """How the service is told of them."""
        places = ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels)
        return f"sentinel://:p%3Aw%2F1@{places}/0?master={MASTER}&sentinel_password=watch%3B2"

    def client(self, server: Server) -> Redis:
        """A connection to just this one."""
        password = SENTINEL_PASSWORD if server.sentinel else PASSWORD
        return Redis("127.0.0.1", server.port, password=password, socket_timeout=5, **self._options)  # type: ignore[arg-type]

    def leader(self) -> Server:
        """The server that a Sentinel says leads."""
        with self.client(next(each for each in self.sentinels if each.running.poll() is None)) as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(MASTER)
        return next(server for server in self.servers if server.port == int(port))

    def replicate(self) -> None:
        """Returns once the replica has all that the leader has."""
        with self.client(self.leader()) as redis:
            assert redis.wait(1, 10_000) == 1

    def fail_over(self) -> None:
        """Lets the Sentinels exchange the leader with its replica, as for maintenance."""
        leader = self.leader()
        with self.client(self.sentinels[0]) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", MASTER)
        eventually(lambda: self.leader() is not leader, saying="No other server led")

    def __enter__(self) -> Self:
        try:
            for server in self.servers:
                server.start()
                eventually(lambda server=server: self._answers(server), saying=f"{server.folder} did not start")
            eventually(lambda: self._is_linked(self.servers[1]), saying="The replica did not follow")
            for server in self.sentinels:
                server.start()
            for server in self.sentinels:
                eventually(lambda server=server: self._sees_all(server), within=30, saying="A Sentinel did not see all")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        for server in [*self.sentinels, *self.servers]:
            server.kill()

    def _answers(self, server: Server) -> bool:
        try:
            with self.client(server) as redis:
                return bool(redis.ping())
        except RedisError:
            assert server.running.poll() is None, (server.folder / "log").read_text()
            return False

    def _is_linked(self, server: Server) -> bool:
        with self.client(server) as redis:
            return redis.info("replication")["master_link_status"] == "up"

    def _sees_all(self, server: Server) -> bool:
        if not self._answers(server):
            return False
        with self.client(server) as sentinel:
            state = sentinel.sentinel_master(MASTER)
        return (state["num-other-sentinels"], state["num-slaves"]) == (2, 1)


def _client_options(how: Mapping[str, object]) -> dict[str, object]:
    tls = how.get("tls")
    if not isinstance(tls, Mapping):
        return {}
    return {
        "ssl": True,
        "ssl_ca_certs": tls["tls-ca-cert-file"],
        "ssl_certfile": tls["tls-cert-file"],
        "ssl_keyfile": tls["tls-key-file"],
    }
