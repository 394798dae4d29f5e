"""`coatcheck healthcheck api` beside something that is no API: one line and exit code 1, whatever it answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import Result
from typer.testing import CliRunner

from coatcheck.cli import build_app


@contextmanager
def something_that_says(body: bytes, *, status: int = 200) -> Iterator[int]:
    """The port of a server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def checked(monkeypatch: pytest.MonkeyPatch, port: int, *options: str) -> Result:
    """What the command says of the API at this port."""
    monkeypatch.setenv("COATCHECK_HOST", "127.0.0.1")
    monkeypatch.setenv("COATCHECK_PORT", str(port))
    return CliRunner().invoke(build_app(), ["healthcheck", "api", *options])


@pytest.mark.parametrize("body", [b"[]", b'"alive"', b"42", b"null", b"<html>", b"", b"\xff"])
def test_an_answer_that_is_no_json_object_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    with something_that_says(body) as port:
        told = checked(monkeypatch, port)
    assert (told.exit_code, told.output.count("\n")) == (1, 1), told.output
    assert told.output.startswith(f"unhealthy: the API does not answer at port {port}: ")


def test_an_api_that_is_not_ready_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with something_that_says(b'{"detail": "Redis is away."}', status=503) as port:
        told = checked(monkeypatch, port, "--ready")
    assert (told.exit_code, told.output) == (1, "unhealthy: /readyz says Redis is away.\n")
