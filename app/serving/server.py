"""The server: gunicorn with gevent as a library, around an application that each of its processes makes for itself."""

import atexit
import gc
import socket

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from app.serving.descriptors import most_connections
from app.serving.parent import Parent
from jobs.logs import configure_logs
from jobs.settings import Settings

log = structlog.get_logger(__name__)

#: How long an idle connection is kept, seconds; longer than proxies usually keep theirs, so that they close first.
KEEP_ALIVE = 75

#: How long a stop waits for requests that are being answered, seconds.
STOP_GRACE = 10

#: A process that is not heard of that long is killed, seconds; a long time only for one that computes.
SILENCE = 60


class Server(BaseApplication):  # type: ignore[misc]
    """The API on a socket that is bound already; it answers until the process is told to stop."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        #: What the processes are run with.
        self.settings = settings
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Sets what differs from gunicorn's defaults."""
        options: dict[str, object] = {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": self.settings.api_processes,
            "worker_class": "app.serving.connections.ApiWorker",
            "worker_connections": most_connections(),
            "keepalive": KEEP_ALIVE,
            "timeout": SILENCE,
            "graceful_timeout": STOP_GRACE,
            "limit_request_line": 4094,
            "limit_request_fields": 100,
            "limit_request_field_size": 8190,
            # Whom to believe about the client is said once, by the settings, and heeded in the factory.
            "forwarded_allow_ips": "",
            # It would go past the socket's own pace of sending.
            "sendfile": False,
            # It would lie in the home folder and change the server at run time.
            "control_socket_disable": True,
            "logger_class": ServerLog,
            "loglevel": "warning",
            "proc_name": "coatcheck-api",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Makes the application, in each process after the fork: connections and locks are never shared."""
        from app.factory import create_app
        from app.serving.counted_wire import counted
        from app.serving.presence import keep_announced
        from app.serving.shared_wire import SharedWire
        from jobs.telemetry import start_telemetry

        configure_logs(self.settings)
        start_telemetry(self.settings, role="api")
        app = create_app(self.settings, wire=counted(SharedWire))
        keep_announced(self.settings)
        # What the application itself consists of stays for good: no collection in the midst of a request goes over it.
        gc.collect()
        gc.freeze()
        # At the end of the process it would be taken down in an order that Python's logging does not bear.
        atexit.register(gc.unfreeze)
        return app

    def serve(self) -> None:
        """Answers until the process is told to stop; never returns."""
        host, port = self._listener.getsockname()[:2]
        log.info("api.listening", host=host, port=port, processes=self.settings.api_processes)
        Parent(self).run()


class ServerLog(Logger):  # type: ignore[misc]
    """gunicorn's own lines go where all others go; requests are logged by the application."""

    def setup(self, cfg: object) -> None:
        """Leaves the handlers to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
