"""What is measured: each system's processes, and what a client sends to it."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Processes that answer, and processes that compute, of every system.
PROCESSES = 2

#: Threads of a process where a server has threads: gunicorn's own advice is 2 to 4 a core; streams want more.
THREADS = 8

_SERVED = Path(__file__).parent / "served"
_BIN = Path(sys.executable).parent


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a client sends to have something computed."""

    path: str
    body: str
    kind: str
    #: The path of a result with ``%s`` for its id; "" where the answer's Location tells.
    result: str = ""
    #: The header ``Prefer`` of a client that is answered when the result is there; "" where all can do is poll.
    prefer: str = ""


@dataclass(frozen=True, kw_only=True)
class System:
    """One thing that can be measured."""

    name: str
    #: The command of the processes that answer, by port.
    api: Callable[[int], list[str]]
    submission: Submission
    #: The command of the processes that compute; None where nothing is computed.
    worker: list[str] | None = None


_OURS = Submission(
    path="/analysis/add/run", body='{"params": {"a": 1, "b": 2}}', kind="application/json", prefer="wait=30"
)
_PEER = Submission(path="/add", body="a=1&b=2", kind="application/x-www-form-urlencoded", result="/result/%s")
_BARE = Submission(path="/", body='{"params": {"a": 1, "b": 2}}', kind="application/json")

_OUR_WORKER = [sys.executable, "-m", "coatcheck", "worker", "--concurrency", str(PROCESSES)]
_PEER_WORKER = [
    str(_BIN / "celery"), "-A", "make_celery", "worker", "-c", str(PROCESSES), "-l", "WARNING",
]  # fmt: skip


def _coatcheck(port: int) -> list[str]:
    return [sys.executable, "-m", "coatcheck", "api", "--port", str(port), "--processes", str(PROCESSES)]


def _our_server(factory: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, str(_SERVED / "our_server.py"), factory, str(PROCESSES), str(port)]


def _gunicorn(application: str, *options: str) -> Callable[[int], list[str]]:
    fixed = [str(_BIN / "gunicorn"), "--no-control-socket", "--log-level", "warning", "-w", str(PROCESSES), *options]
    return lambda port: [*fixed, "-b", f"127.0.0.1:{port}", application]


def _granian(factory: str, threads: int) -> Callable[[int], list[str]]:
    fixed = [str(_BIN / "granian"), "--interface", "wsgi", "--factory", "--log-level", "warning"]
    size = ["--workers", str(PROCESSES), "--blocking-threads", str(threads), "--backlog", "2048"]
    return lambda port: [*fixed, *size, "--host", "127.0.0.1", "--port", str(port), factory]


_THREADED = ("-k", "gthread", "--threads", str(THREADS))

#: The service as it is.
COATCHECK = System(name="coatcheck", api=_coatcheck, submission=_OURS, worker=_OUR_WORKER)

#: The common pattern, under the servers that it is commonly run with and under ours.
PEERS = (
    System(
        name="Flask + Celery, gunicorn gthread",
        api=_gunicorn("flask_celery:create_app()", *_THREADED),
        submission=_PEER,
        worker=_PEER_WORKER,
    ),
    System(
        name="Flask + Celery, gunicorn sync",
        api=_gunicorn("flask_celery:create_app()", "-k", "sync"),
        submission=_PEER,
        worker=_PEER_WORKER,
    ),
    System(
        name="Flask + Celery, our server",
        api=_our_server("flask_celery:create_app"),
        submission=_PEER,
        worker=_PEER_WORKER,
    ),
)

#: What the server and Redis alone allow.
BARE = (
    System(name="bare limit, redis-py", api=_our_server("bare:with_redis_py"), submission=_BARE),
    System(name="bare limit, bare socket", api=_our_server("bare:with_bare_socket"), submission=_BARE),
)

#: The service under other servers, and their bare limits.
SERVERS = (
    System(name="coatcheck, gunicorn gthread", api=_gunicorn("our_app:create()", *_THREADED), submission=_OURS),
    System(name="coatcheck, granian", api=_granian("our_app:create", 16), submission=_OURS),
    System(
        name="bare limit, redis-py, gunicorn gthread",
        api=_gunicorn("bare:with_redis_py()", *_THREADED),
        submission=_BARE,
    ),
    System(name="bare limit, redis-py, granian", api=_granian("bare:with_redis_py", 16), submission=_BARE),
)


def environment(redis_url: str, folder: Path) -> dict[str, str]:
    """The environment of a system's processes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COATCHECK_")}
    return kept | {
        "PYTHONPATH": os.pathsep.join([str(_SERVED), str(_SERVED.parents[1])]),
        "BENCH_REDIS_URL": redis_url,
        "COATCHECK_REDIS_URL": redis_url,
        "COATCHECK_DATA_DIR": str(folder),
        "COATCHECK_ANALYSES": "trivial",
        "COATCHECK_OPEN": "true",
        # Nobody runs what is submitted to see how fast that goes: ten thousand are there after three seconds.
        "COATCHECK_MAX_ACTIVE": "1000000",
        # As in production.
        "COATCHECK_LOG_FORMAT": "json",
    }
