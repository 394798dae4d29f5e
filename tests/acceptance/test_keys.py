"""API keys as an operator and a client use them: a real `coatcheck up`, the command, the client, and a revocation."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running_stack import RunningStack, coatcheck, eventually

from coatcheck import Client, Problem

#: Within so many seconds a revoked key opens nothing any more.
REVOKED_WITHIN = 10.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A running stack that asks for keys."""
    running = RunningStack(folder=tmp_path_factory.mktemp("keys"), environment={"COATCHECK_OPEN": "false"})
    try:
        yield running.start()
    finally:
        running.end()


def keys(stack: RunningStack, *arguments: str) -> str:
    """What `coatcheck keys` prints."""
    done = coatcheck("keys", *arguments, "--data-dir", str(stack.data_dir))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_start_says_that_there_are_no_keys_and_how_to_make_one(stack: RunningStack) -> None:
    assert f"there are none yet: coatcheck keys create --name me --data-dir {stack.data_dir}" in stack.output
    assert "api.no_keys" in stack.output


def test_the_curl_that_is_printed_sends_the_key(stack: RunningStack) -> None:
    assert '-H "Authorization: Bearer $COATCHECK_API_KEY"' in stack.output


def test_without_a_key_nobody_is_served(stack: RunningStack) -> None:
    assert httpx.get(f"{stack.url}/analysis").status_code == 401


def test_with_a_key_a_job_comes_to_its_result(stack: RunningStack) -> None:
    with Client(stack.url, api_key=keys(stack, "create", "--name", "alice")) as client:
        assert client.submit("describe", data={"builtin": "iris"}).result()


def test_a_revoked_key_opens_nothing_soon_after(stack: RunningStack) -> None:
    key = keys(stack, "create", "--name", "bob")
    header = {"Authorization": f"Bearer {key}"}

    def is_refused() -> bool:
        # Asked all the time, of every process: none may go by what it knew.
        return all(httpx.get(f"{stack.url}/analysis", headers=header).status_code == 401 for _ in range(8))

    assert not is_refused()
    keys(stack, "revoke", key)
    revoked = time.monotonic()
    eventually(is_refused)
    assert time.monotonic() - revoked < REVOKED_WITHIN


def test_a_name_s_jobs_outlive_its_keys_and_are_nobody_else_s(stack: RunningStack) -> None:
    first, second, other = (keys(stack, "create", "--name", name) for name in ("carol", "carol", "dave"))
    with Client(stack.url, api_key=first) as client:
        ticket = client.submit("describe", data={"builtin": "iris"})
    keys(stack, "revoke", first)
    with Client(stack.url, api_key=second) as client:
        assert client.send("GET", f"/jobs/{ticket.job.id}").json()["id"] == ticket.job.id
    with Client(stack.url, api_key=other) as client, pytest.raises(Problem) as refused:
        client.send("GET", f"/jobs/{ticket.job.id}")
    assert refused.value.status == 404


def test_no_key_is_in_what_the_service_logs_or_keeps(stack: RunningStack) -> None:
    key = keys(stack, "create", "--name", "erin")
    httpx.get(f"{stack.url}/analysis", headers={"Authorization": f"Bearer {key}"})
    httpx.get(f"{stack.url}/analysis", headers={"Authorization": f"Bearer {key}x"})
    eventually(lambda: "caller=erin" in stack.output)
    secret = key[16:]
    files = [Path(folder, name) for folder, _, names in os.walk(stack.data_dir) for name in names]
    assert secret not in stack.output
    assert [file for file in files if secret.encode() in file.read_bytes()] == []


def test_a_stack_on_an_address_that_others_reach_asks_for_keys(tmp_path: Path) -> None:
    stack = RunningStack(folder=tmp_path, options=("--host", "0.0.0.0"))
    try:
        assert httpx.get(f"{stack.start().url}/analysis").status_code == 401
    finally:
        stack.end()


def test_a_stack_that_is_told_to_be_open_is_open_and_says_so(tmp_path: Path) -> None:
    stack = RunningStack(folder=tmp_path, options=("--host", "0.0.0.0"), environment={"COATCHECK_OPEN": "true"})
    try:
        assert httpx.get(f"{stack.start().url}/analysis").status_code == 200
        assert "OPEN: whoever reaches this machine can use it" in stack.output
    finally:
        stack.end()


def test_a_stack_counts_its_keys_at_the_next_start(tmp_path: Path) -> None:
    stack = RunningStack(folder=tmp_path, environment={"COATCHECK_OPEN": "false"})
    try:
        stack.start()
        keys(stack, "create", "--name", "alice")
        assert stack.stop() == 0
        stack.start()
        assert "API keys are asked for; there is one." in stack.output
    finally:
        stack.end()
