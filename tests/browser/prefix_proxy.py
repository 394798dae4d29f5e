"""A real reverse proxy that serves an API below a path of its own, as operators put one in front."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

#: The path below which the API is reached.
PREFIX = "/lab"

#: What concerns one connection only and is not passed on (RFC 9110, section 7.6.1), or is told anew.
_NOT_PASSED = {"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"}


@contextmanager
def behind_a_prefix(upstream: str) -> Iterator[str]:
    """The URL by which the API at ``upstream`` is reached through a proxy."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(upstream: str) -> type[BaseHTTPRequestHandler]:
    class Handler(_Forwarding):
        target = upstream

    return Handler


class _Forwarding(BaseHTTPRequestHandler):
    target = ""

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def _forward(self) -> None:
        if not self.path.startswith(f"{PREFIX}/"):
            self.send_error(404)
            return
        answer = httpx.request(
            self.command,
            self.target + self.path.removeprefix(PREFIX),
            headers=self._passed_on(),
            content=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            timeout=60,
        )
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in _NOT_PASSED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def _passed_on(self) -> dict[str, str]:
        passed = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED}
        forwarded = {"For": "203.0.113.7", "Proto": "http", "Host": self.headers["Host"], "Prefix": PREFIX}
        return passed | {f"X-Forwarded-{name}": value for name, value in forwarded.items()}

    def log_message(self, *_: object) -> None:
        """Says nothing: the API logs its requests itself."""
