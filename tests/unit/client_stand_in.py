"""A stand-in for the server, for tests of the client: the walk on a loopback port, its answers set by the test."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ID = "01990000-0000-7000-8000-000000000001"

STATUS_PATH = f"/queuedResource/{ID}/status"

RESULT_PATH = f"/resource/{ID}/result"

RESULT = {
    "metrics": {"accuracy": {"mean": 0.98, "std": 0.01, "folds": [0.97, 0.99]}},
    "baseline": {"accuracy": {"mean": 0.4, "std": 0.0}},
}


@dataclass
class StandIn:
    """What the stand-in answers, and what it was asked."""

    #: How many polls are answered by 202 before the 303.
    pending: int = 2
    #: Workers in the answer of /readyz; ``None`` answers 503, "stranger" answers like another program.
    workers: int | str | None = 1
    #: Status and body of the submit, when it is to be refused.
    refusal: tuple[int, object] | None = None
    #: Status and body of the result.
    outcome: tuple[int, object] = (200, RESULT)
    #: Whether it says that it has heeded a wish to wait; it answers at once all the same.
    holds: bool = False
    #: ``Retry-After`` of every answer of the walk.
    retry_after: str = "0"
    #: Requests so far: method, path, body.
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    #: The headers of each of them, their names in small letters.
    headers: list[dict[str, str]] = field(default_factory=list)
    #: The ``Authorization`` of each of them, ``None`` where there was none.
    authorizations: list[str | None] = field(default_factory=list)
    #: The address.
    url: str = ""

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], object]:
        if path == "/readyz":
            return self._ready()
        if method == "POST":
            return self._submitted()
        return self._polled() if path == STATUS_PATH else (self.outcome[0], {}, self.outcome[1])

    def _ready(self) -> tuple[int, dict[str, str], object]:
        if self.workers is None:
            return 503, {}, {"title": "Not ready"}
        return 200, {}, ["stranger"] if self.workers == "stranger" else {"workers": self.workers}

    def _submitted(self) -> tuple[int, dict[str, str], object]:
        if self.refusal is not None:
            return self.refusal[0], {}, self.refusal[1]
        walk = {"Location": self.url + STATUS_PATH, "Retry-After": self.retry_after}
        return 202, walk, {"id": ID, "status": "queued", "progress": None, "stage": None}

    def _polled(self) -> tuple[int, dict[str, str], object]:
        polls = sum(path == STATUS_PATH for _, path, _ in self.requests)
        if polls <= self.pending:
            walk = {"Location": self.url + STATUS_PATH, "Retry-After": self.retry_after}
            walk |= {"Preference-Applied": "wait=1"} if self.holds else {}
            return 202, walk, {"id": ID, "status": "running", "progress": 100 * polls / 4, "stage": f"fold {polls}"}
        return 303, {"Location": self.url + RESULT_PATH}, {"id": ID, "status": "succeeded", "progress": 100}


@contextmanager
def standing_in(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stand_in.requests.append((self.command, self.path, body))
            stand_in.headers.append({name.lower(): value for name, value in self.headers.items()})
            stand_in.authorizations.append(self.headers["Authorization"])
            status, headers, document = stand_in.answer(self.command, self.path)
            payload = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
