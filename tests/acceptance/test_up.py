"""`coatcheck up` as a person runs it: real Redis, API and worker processes, crashes, hangs, stops and restarts."""

import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from running_stack import RunningStack, coatcheck, eventually

from stack.redis_server import EmbeddedRedis, RedisAddress

#: A job that takes some seconds: many folds of a slow estimator.
LONG_JOB = {
    "data": {"builtin": "digits"},
    "params": {"target": "target", "estimator": "random_forest", "folds": 20},
}

#: Well below every grace, seconds; generous, since the machine may be busy.
SOON = 20.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A running stack for tests that leave it as it was."""
    stack = RunningStack(folder=tmp_path_factory.mktemp("up"))
    try:
        yield stack.start()
    finally:
        stack.end()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    """A stack of the test's own; the test starts it."""
    stack = RunningStack(folder=tmp_path)
    yield stack
    stack.end()


def ended(processes: list[psutil.Process]) -> bool:
    return all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in processes)


def test_the_curl_that_is_printed_works(shared: RunningStack) -> None:
    command = next(line for line in shared.output.splitlines() if line.strip().startswith("curl"))
    done = subprocess.run(
        [*shlex.split(command), "-w", "%{http_code}", "-o", os.devnull], capture_output=True, text=True
    )
    assert done.stdout == "202"


def test_exactly_one_curl_is_printed(shared: RunningStack) -> None:
    assert shared.output.count("curl ") == 1


def test_the_start_says_that_there_are_no_keys(shared: RunningStack) -> None:
    assert "No API keys are asked for: only this machine can reach it." in shared.output


def test_nothing_but_the_api_listens_on_a_port(shared: RunningStack) -> None:
    everyone = [psutil.Process(shared.running.pid), *shared.processes()]
    listening = {
        connection.laddr.port
        for process in everyone
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {httpx.URL(shared.url).port}


def test_a_second_up_on_the_same_data_dir_is_one_line(shared: RunningStack) -> None:
    second = coatcheck("up", "--port", "0", "--data-dir", str(shared.data_dir))
    wanted = f"Another `coatcheck up` (process {shared.running.pid}) runs on {shared.data_dir}.\n"
    assert (second.returncode, second.stderr) == (1, wanted)


def test_a_taken_port_is_one_line_and_nothing_is_started(shared: RunningStack, tmp_path: Path) -> None:
    port = str(httpx.URL(shared.url).port)
    refused = coatcheck("up", "--port", port, "--data-dir", str(tmp_path))
    wanted = f"Port {port} of 127.0.0.1 is taken; name another with --port, or --port 0 for any that is free.\n"
    assert (refused.returncode, refused.stderr, refused.stdout) == (1, wanted, "")


def test_a_port_that_another_program_has_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = coatcheck("up", "--port", str(other.getsockname()[1]), "--data-dir", str(tmp_path))
    assert (refused.returncode, refused.stderr.count("\n"), "is taken" in refused.stderr) == (1, 1, True)


def test_a_host_of_another_machine_is_one_line(tmp_path: Path) -> None:
    refused = coatcheck("up", "--host", "192.0.2.1", "--port", "0", "--data-dir", str(tmp_path))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("Can't listen on 192.0.2.1 port 0")


def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    refused = coatcheck("up", "--port", "0", "--data-dir", str(tmp_path), COATCHECK_LEASE="soon")
    assert (refused.returncode, refused.stderr) == (1, "COATCHECK_LEASE=soon: allowed is seconds from 1 to 600\n")


def test_a_setting_that_only_a_role_can_check_stops_the_start(tmp_path: Path) -> None:
    refused = coatcheck("up", "--port", "0", "--data-dir", str(tmp_path), COATCHECK_ANALYSES="no_such_package")
    assert (refused.returncode, "could not start" in refused.stderr, "no_such_package" in refused.stderr) == (
        1,
        True,
        True,
    )


def test_a_redis_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    refused = coatcheck(
        "up", "--port", "0", "--data-dir", str(tmp_path), "--redis-url", "redis://:secret@127.0.0.1:1/0"
    )
    assert (refused.returncode, refused.stderr.count("\n"), "secret" in refused.stderr) == (1, 1, False)
    assert refused.stderr.startswith("Redis at redis://:***@127.0.0.1:1/0 does not answer")


def test_a_data_dir_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = coatcheck("up", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert (refused.returncode, refused.stderr.count("\n"), "can't be used" in refused.stderr) == (1, 1, True)


@pytest.mark.parametrize("role", ["redis", "api", "worker"])
def test_a_role_that_is_killed_comes_back(shared: RunningStack, role: str) -> None:
    killed = shared.role(role)
    killed.kill()
    eventually(lambda: shared.has_replaced(role, killed) and shared.is_ready())
    job = shared.submit("describe", data={"builtin": "iris"})
    eventually(lambda: shared.status(job) == "succeeded")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_idle_stack_stops_without_using_up_its_graces_and_leaves_nothing(stack: RunningStack, signum: int) -> None:
    everyone = stack.start().processes()
    begun = time.monotonic()
    code = stack.stop(signum)
    assert (code, time.monotonic() - begun < SOON) == (0, True)
    assert ended(everyone)


def test_jobs_that_were_queued_or_running_finish_after_the_next_start(stack: RunningStack) -> None:
    stack.environment = {"COATCHECK_STOP_GRACE": "0.5"}
    stack.options = ["--workers", "1"]
    stack.start()
    jobs = [stack.submit("train", **LONG_JOB) for _ in range(2)]
    eventually(lambda: stack.status(jobs[0]) == "running")
    assert stack.stop() == 0
    stack.start()
    eventually(lambda: [stack.status(job) for job in jobs] == ["succeeded"] * 2, seconds=120)


def test_a_hanging_stack_is_stopped_all_the_same(stack: RunningStack) -> None:
    stack.environment = {"COATCHECK_STOP_GRACE": "0.5"}
    everyone = stack.start().processes()
    for role in ("api", "worker"):
        stack.role(role).suspend()
    assert stack.stop() == 0
    assert ended(everyone)


def test_a_second_ctrl_c_kills_at_once(stack: RunningStack) -> None:
    everyone = stack.start().processes()
    stack.role("worker").suspend()
    stack.running.send_signal(signal.SIGINT)
    eventually(lambda: "Stopping" in stack.output)
    begun = time.monotonic()
    assert stack.stop(signal.SIGINT) == 0
    assert time.monotonic() - begun < SOON
    assert ended(everyone)


def test_nothing_outlives_an_up_that_was_killed_in_the_midst_of_a_job(stack: RunningStack) -> None:
    job = stack.start().submit("train", **LONG_JOB)
    eventually(lambda: stack.status(job) == "running")
    everyone = stack.processes()
    stack.stop(signal.SIGKILL)
    eventually(lambda: ended(everyone), seconds=SOON)
    stack.start()
    eventually(lambda: stack.status(job) == "succeeded", seconds=120)


def test_a_data_dir_with_a_very_long_path_works(stack: RunningStack) -> None:
    stack.folder = stack.folder / ("long" * 50) / ("longer" * 30)
    stack.folder.mkdir(parents=True)
    assert stack.start().is_ready()


def test_a_redis_of_one_s_own_can_be_used(stack: RunningStack, tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as short,
        EmbeddedRedis(data_dir=tmp_path / "own", address=RedisAddress(socket=Path(short) / "r.sock")) as redis,
    ):
        stack.options = ["--redis-url", redis.url]
        assert stack.start().is_ready()
        assert not stack.runs("redis")
        assert stack.stop() == 0
