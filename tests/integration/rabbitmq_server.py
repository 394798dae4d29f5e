"""A real RabbitMQ of the tests' own: on ports and in a folder of its own, as a child of this process."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from amqp import Connection
from amqp.exceptions import AMQPError
from processes import free_port
from tls_authority import Authority
from waiting import eventually

#: The server itself: the one on PATH would change to a user of its own.
PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"

#: How long it may take to start on a busy machine, seconds; alone it needs five.
START = 90.0

#: The permissions are those that docs/redis.md names. RabbitMQ 3.10 takes those to read here for those to write.
CONFIGURATION = """\
listeners.tcp.local = 127.0.0.1:{port}
listeners.ssl.local = 127.0.0.1:{tls_port}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
log.console = false
default_permissions.configure = ^test-
default_permissions.read = ^(test-|amq[.]default$)
default_permissions.write = ^(test-|amq[.]default$)
"""


@dataclass
class RabbitMQ:
    """The server, as a context."""

    folder: Path
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    _names: int = field(default_factory=free_port)
    _nodes: int = field(default_factory=free_port)
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def authority(self) -> Authority:
        return self._authority

    def waiting(self, name: str) -> int:
        """How many messages wait in the queue of this name, those not counted that a worker holds."""
        connection = self.connect()
        try:
            return int(connection.channel().queue_declare(name, passive=True).message_count)
        finally:
            connection.close()

    def connect(self) -> Connection:
        """A connection of a test's own."""
        connection = Connection(host=f"127.0.0.1:{self.port}", connect_timeout=5, read_timeout=30)
        connection.connect()
        return connection

    def start(self) -> None:
        """Starts it, with what it had when it was killed; returns when it answers."""
        with (self.folder / "output").open("ab") as output:
            server = subprocess.Popen(
                [PROGRAM],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment(),
                start_new_session=True,
            )
        self._processes.append(server)
        eventually(self._answers, within=START, saying="RabbitMQ did not start")

    def kill(self) -> None:
        """Ends it as a crash does."""
        server = self._processes.pop()
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()

    def pause(self) -> None:
        """Lets it hang: it takes connections, and answers nothing."""
        os.killpg(self._processes[-1].pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Ends what `pause` began."""
        os.killpg(self._processes[-1].pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self._authority = Authority(self.folder)
        own = self._authority.identify("rabbitmq", "127.0.0.1", "localhost")
        (self.folder / "rabbitmq.conf").write_text(
            CONFIGURATION.format(
                port=self.port,
                tls_port=self.tls_port,
                authority=self._authority.certificate,
                certificate=own.certificate,
                key=own.key,
            )
        )
        # Erlang's register of names, which the server would leave running behind itself.
        names = subprocess.Popen(["epmd"], env=self._environment(), start_new_session=True)
        self._processes.append(names)
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        while self._processes:
            self.kill()

    def _answers(self) -> bool:
        assert self._processes[-1].poll() is None, (self.folder / "output").read_text()
        try:
            self.connect().close()
        except (AMQPError, OSError):
            return False
        return True

    def _environment(self) -> dict[str, str]:
        told = {
            "NODENAME": f"coatcheck{self.port}@localhost",
            "DIST_PORT": str(self._nodes),
            "CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "CONF_ENV_FILE": os.devnull,
            "ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "MNESIA_BASE": str(self.folder / "data"),
            "LOG_BASE": str(self.folder / "logs"),
            # One thread of the virtual machine is enough, and leaves the machine to others.
            "SERVER_ADDITIONAL_ERL_ARGS": "-setcookie tests +S 1:1",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")}
        own = {"HOME": str(self.folder), "ERL_EPMD_PORT": str(self._names), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        return inherited | own | {f"RABBITMQ_{name}": value for name, value in told.items()}
