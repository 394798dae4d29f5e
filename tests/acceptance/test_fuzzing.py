"""The whole API under schemathesis: every operation that it describes, with what fits the description and what doesn't.

Source: https://schemathesis.readthedocs.io
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import Api, Role, Worker, free_port

from jobs.api_keys import Scope
from jobs.key_ring import KeyRing
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

pytestmark = pytest.mark.alone

FUZZING = Path(__file__).parent / "fuzzing"

#: Examples of each operation; `make fuzz` asks for more.
EXAMPLES = os.environ.get("FUZZING_EXAMPLES", "2")

#: Where chance begins: the same seed sends the same requests to the same API.
SEED = os.environ.get("FUZZING_SEED", "1")

#: What is offered; `make fuzz` offers everything that is built in.
ANALYSES = tuple(os.environ.get("FUZZING_ANALYSES", "fuzzing.analyses").split(","))

#: How long the run may take, seconds.
LONGEST = 3600

#: How long an answer may take on the busiest of machines, seconds.
PATIENCE = 60


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service with real workers."""

    url: str
    #: It opens everything.
    key: str
    #: What its API logs.
    log: Path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    python_path = {"PYTHONPATH": os.pathsep.join([str(FUZZING.parents[1]), str(FUZZING.parent)])}
    with ExitStack() as running:
        redis = running.enter_context(EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(port=free_port())))
        settings = Settings(
            redis_url=redis.url,
            data_dir=str(folder),
            analyses=ANALYSES,
            # A job that sleeps or computes for long would only hold up those behind it.
            timeout=5,
            max_timeout=5,
            heartbeat=0.2,
            # On a busy machine Redis may get no turn for a second, and a 503 would count as a mistake of the API.
            redis_timeout=30,
            # Webhooks go nowhere, see the hooks.
            webhook_retries=(),
        )
        store = Store(settings)
        _, key = KeyRing(store.redis, store.keys).make("fuzzing", [Scope.ADMIN])
        api = Api(settings, folder, processes=2)
        internal = Role(settings, ("worker", "--internal"), folder / "internal.log")
        for role in (Worker(settings, folder), internal, api):
            role.extra = python_path
            # Some samples write files of the names that they are given.
            role.cwd = folder
            running.enter_context(role)
        yield Service(url=api.url, key=key, log=api.log)
        store.redis.close()


def test_no_request_finds_a_contradiction(service: Service, tmp_path: Path) -> None:
    shutil.copy(FUZZING / "schemathesis.toml", tmp_path)
    report = tmp_path / "report.txt"
    with report.open("w") as output:
        code = _schemathesis(service, folder=tmp_path, output=output.fileno())
    told = report.read_text()
    said = f"{told[-20_000:]}\n\n{_mistakes_in(service.log)}\n\nseed {SEED}; all of it: {report}, {service.log}"
    assert code == 0, said
    answers = json.loads((tmp_path / "answers.json").read_text())
    _assert_all_was_tried(told, answers=answers)
    print(told[told.index("SUMMARY") :])
    print("Answers by status:", ", ".join(f"{count} x {status}" for status, count in answers.items()))


def _schemathesis(service: Service, *, folder: Path, output: int) -> int | str:
    """Its exit code, or that it came to no end."""
    environment = {
        **os.environ,
        "FUZZING_URL": service.url,
        "FUZZING_API_KEY": service.key,
        "FUZZING_ANSWERS": str(folder / "answers.json"),
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(FUZZING),
    }
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{service.url}/openapi.json", "--no-color"]
    # One thread: hypothesis parses its callers' source, and in Python 3.11 two threads that parse at once can fail with
    # "AST constructor recursion depth mismatch". It computes more than it waits, so a second one would gain little.
    options = ["--max-examples", EXAMPLES, "--workers", "1", "--seed", SEED, "--request-timeout", str(PATIENCE)]
    # How long it takes to make up a request says how busy the machine is, nothing of the API.
    options += ["--suppress-health-check", "too_slow"]
    try:
        done = subprocess.run(
            [*command, *options], cwd=folder, env=environment, stdout=output, stderr=output, timeout=LONGEST
        )
    except subprocess.TimeoutExpired as endless:
        return str(endless)
    return done.returncode


def _mistakes_in(log: Path) -> str:
    """What went wrong in the API, as it logged it."""
    text = log.read_text(errors="replace")
    return "\n".join(text[found.start() :][:4_000] for found in re.finditer("^Traceback", text, re.MULTILINE))[-12_000:]


def _assert_all_was_tried(report: str, *, answers: dict[str, int]) -> None:
    """A run in which nothing was sent, no key was taken or no job accepted finds no contradiction either."""
    selected, tested = re.search(r"Selected: (\d+)/\1\s+Tested: (\d+)", report).groups()  # type: ignore[union-attr]
    assert int(selected) == int(tested) > 40, report[-5_000:]
    generated = re.search(r"(\d+) generated", report)
    assert generated is not None
    assert int(generated[1]) > 1000, report[-5_000:]
    assert answers["200"] > 100, answers
    assert answers["202"] > 100, answers
