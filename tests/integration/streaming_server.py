"""The API's server around views that stream, wait and log: a program for the tests of its connections."""

import logging
import os
from collections.abc import Callable, Iterator

import gevent
import structlog
from flask import Flask, Response, request

from app.refusals import register_refusals
from app.serving import server
from app.serving.listener import listen
from app.serving.server import Server
from app.serving.stopping import on_stop, stopping
from app.signals.request_log import register_request_log
from jobs.logs import configure_logs
from jobs.settings import load_settings

log = structlog.get_logger(__name__)


class StreamingServer(Server):
    """The same server, another application."""

    def load(self) -> Flask:
        configure_logs(self.settings)
        app = Flask("streaming")
        register_request_log(app)
        register_refusals(app)
        app.add_url_rule("/livez", "livez", lambda: "alive")
        app.add_url_rule("/bytes", view_func=send_bytes)
        app.add_url_rule("/endless", view_func=send_without_end)
        app.add_url_rule("/until-stop", view_func=send_until_stop)
        app.add_url_rule("/wait", view_func=wait)
        app.add_url_rule("/bad-end", view_func=end_badly)
        app.add_url_rule("/take", "take", lambda: str(len(request.get_data())), methods=["POST"])
        on_stop(lambda: logging.getLogger(__name__).info("told.to.stop"))
        return app


def send_bytes() -> Response:
    return Response(b"x" * int(request.args["count"]))


def send_without_end() -> Response:
    return Response(_events(lambda: False))


def send_until_stop() -> Response:
    return Response(_events(stopping))


def _events(ended: Callable[[], bool]) -> Iterator[bytes]:
    try:
        while not ended():
            yield b"data: " + b"x" * 65536 + b"\n\n"
            gevent.sleep(0.01)
        yield b"data: bye\n\n"
    finally:
        log.info("stream.ended")


def end_badly() -> Response:
    answer = Response("fine")
    answer.call_on_close(_fail)
    return answer


def _fail() -> None:
    raise ValueError("It fails once it has answered.")


def wait() -> str:
    """Waits in its greenlet, as a long poll does."""
    ends = float(request.args["seconds"])
    while ends > 0 and not stopping():
        gevent.sleep(0.05)
        ends -= 0.05
    return "waited"


if __name__ == "__main__":
    settings = load_settings()
    listener = listen(settings)
    configure_logs(settings)
    server.KEEP_ALIVE = int(os.environ.get("COATCHECK_TEST_KEEP_ALIVE", server.KEEP_ALIVE))
    StreamingServer(settings, listener).serve()
