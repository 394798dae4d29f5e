"""The whole API under schemathesis: every operation that it describes, with what fits the description and what doesn't.

Source: https://schemathesis.readthedocs.io
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from processes import Api, Role, Worker, free_port

from jobs.api_keys import Scope
from jobs.key_ring import KeyRing
from jobs.settings import Settings
from jobs.store import Store
from stack.redis_server import EmbeddedRedis, RedisAddress

FUZZING = Path(__file__).parent / "fuzzing"

#: It takes minutes, and on a busy machine a stream may outlast the fuzzer's patience.
pytestmark = pytest.mark.skipif("FUZZING_EXAMPLES" not in os.environ, reason="it is run by make fuzz")

#: Examples of each operation; `make fuzz` asks for more.
EXAMPLES = os.environ.get("FUZZING_EXAMPLES", "2")

#: What is offered; `make fuzz` offers everything that is built in.
ANALYSES = tuple(os.environ.get("FUZZING_ANALYSES", "fuzzing.analyses").split(","))

#: How long the run may take, seconds.
LONGEST = 3600


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a service with real workers, and a key that opens everything."""
    folder = tmp_path_factory.mktemp("fuzzing")
    python_path = {"PYTHONPATH": os.pathsep.join([str(FUZZING.parents[1]), str(FUZZING.parent)])}
    with ExitStack() as running:
        redis = running.enter_context(EmbeddedRedis(data_dir=folder / "redis", address=RedisAddress(port=free_port())))
        # A job that sleeps or computes for long would only hold up the streams that follow it.
        settings = Settings(
            redis_url=redis.url, data_dir=str(folder), analyses=ANALYSES, timeout=5, max_timeout=5, heartbeat=0.2
        )
        store = Store(settings)
        _, key = KeyRing(store.redis, store.keys).make("fuzzing", [Scope.ADMIN])
        api = Api(settings, folder, processes=2)
        worker = Worker(settings, folder)
        internal = Role(settings, ("worker", "--internal"), folder / "internal.log")
        for role in (worker, internal, api):
            role.extra = python_path
            running.enter_context(role)
        yield api.url, key
        store.redis.close()


def test_no_request_finds_a_contradiction(service: tuple[str, str], tmp_path: Path) -> None:
    url, key = service
    shutil.copy(FUZZING / "schemathesis.toml", tmp_path)
    environment = {**os.environ, "FUZZING_API_KEY": key, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(FUZZING)}
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json", "--no-color"]
    options = ["--max-examples", EXAMPLES, "--workers", "2", "--request-timeout", "40", "--seed", "1"]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=LONGEST
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    _assert_all_was_tried(done.stdout)
    print(done.stdout[done.stdout.index("SUMMARY") :])


def _assert_all_was_tried(report: str) -> None:
    """A run in which nothing was sent, or no key was taken, finds no contradiction either."""
    selected, tested = re.search(r"Selected: (\d+)/\1\s+Tested: (\d+)", report).groups()  # type: ignore[union-attr]
    assert int(selected) == int(tested) > 40, report[-5_000:]
    generated = re.search(r"(\d+) generated", report)
    assert generated is not None
    assert int(generated[1]) > 1000, report[-5_000:]
    assert "Authentication failed" not in report
