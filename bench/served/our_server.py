"""Any WSGI application under the service's own server: ``our_server.py MODULE:FACTORY PROCESSES PORT``."""

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from app.serving.listener import listen
from app.serving.server import Server
from jobs.logs import configure_logs
from jobs.settings import load_settings


class OtherServer(Server):
    """The same server around another application."""

    #: Where the application comes from, ``module:factory``.
    place = ""

    def load(self) -> Callable[..., object]:  # type: ignore[override]
        """Makes the application, in each process."""
        module, _, factory = self.place.partition(":")
        made: Callable[..., object] = getattr(import_module(module), factory)()
        return made


def main() -> None:
    """Serves until it is told to stop."""
    OtherServer.place = sys.argv[1]
    settings = replace(load_settings(), api_processes=int(sys.argv[2]), port=int(sys.argv[3]))
    configure_logs(settings)
    OtherServer(settings, listen(settings)).serve()


if __name__ == "__main__":
    main()
