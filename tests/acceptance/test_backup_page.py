"""docs/operations/backup-and-restore.md: its commands are run as they stand there, against a stack with real jobs."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from parts import needs_program
from running_stack import RunningStack, clean_environment, coatcheck, eventually

from jobs.settings import Settings
from jobs.store import Store
from stack.backup.snapshot import fetch_snapshot
from stack.redis_server import EmbeddedRedis, RedisAddress, find_server

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "backup-and-restore.md"

#: What it says of Redis' own way.
SCRIPT = str(PAGE.parents[2] / "deploy" / "load-snapshot.sh")

#: The commands of the page, block by block.
SAVE, BRING_BACK, LOAD_BY_REDIS = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    """A running stack whose data dir is the folder ``data`` of the page."""
    stack = RunningStack(folder=tmp_path)
    try:
        yield stack.start()
    finally:
        stack.end()


def run(commands: str, folder: Path) -> str:
    """Runs a block of the page in a folder; gives what it prints."""
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-euc", commands],
        cwd=folder,
        env=clean_environment(PATH=path),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def picked_up(stack: RunningStack, job: str) -> httpx.Response:
    """The result of a job, once it is there."""
    eventually(lambda: stack.status(job) == "succeeded", seconds=60)
    return httpx.get(f"{stack.url}/resource/{job}/result", timeout=10)


def test_jobs_and_results_answer_again_after_the_data_dir_is_lost(stack: RunningStack, tmp_path: Path) -> None:
    job = stack.submit("describe", data={"builtin": "wine"})
    before = picked_up(stack, job)
    figure = f"/resource/{job}/figures/correlations"
    drawing = httpx.get(stack.url + figure, timeout=10).content
    told = run(SAVE, tmp_path)
    assert re.fullmatch(r"Saved coatcheck as of \S+, with [1-9]\d* files, into saved\.\n", told)
    stack.end()
    assert "files.\n" in run(BRING_BACK, tmp_path)
    again = RunningStack(folder=tmp_path)
    try:
        again.start()
        after = picked_up(again, job)
        assert (after.status_code, after.content, after.headers["etag"]) == (
            200,
            before.content,
            before.headers["etag"],
        )
        assert httpx.get(again.url + figure, timeout=10).content == drawing
        picked_up(again, again.submit("describe", data={"builtin": "iris"}))
        done = coatcheck("doctor", "--data-dir", str(again.data_dir))
        assert (done.returncode, "fail" in done.stdout) == (0, False), done.stdout
    finally:
        again.end()


@needs_program("redis-cli")
def test_redis_loads_the_snapshot_by_itself(tmp_path: Path) -> None:
    with EmbeddedRedis(data_dir=tmp_path / "redis", address=RedisAddress(port=free_port())) as source:
        settings = Settings(redis_url=source.url, data_dir=str(tmp_path))
        store = Store(settings)
        store.redis.set("coatcheck:kept", "it is")
        (tmp_path / "saved").mkdir()
        fetch_snapshot(settings, tmp_path / "saved" / "redis.rdb")
        store.redis.close()
    # Whatever server there is goes by the name of the script.
    (tmp_path / "redis-server").symlink_to(find_server())
    (tmp_path / "deploy").symlink_to(PAGE.parents[2] / "deploy")
    assert run(LOAD_BY_REDIS, tmp_path) == "1 keys are in restored\n"
    with EmbeddedRedis(data_dir=tmp_path / "restored", address=RedisAddress(port=free_port())) as started:
        opened = Store(Settings(redis_url=started.url, data_dir=str(tmp_path)))
        assert opened.redis.get("coatcheck:kept") == b"it is"
        opened.redis.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@needs_program("redis-cli")
def test_a_folder_that_has_jobs_is_not_loaded_over(tmp_path: Path) -> None:
    (tmp_path / "restored" / "appendonlydir").mkdir(parents=True)
    done = subprocess.run([SCRIPT, "redis.rdb", "restored"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, "has an append-only file already" in done.stderr) == (1, True)


@needs_program("redis-cli")
def test_a_snapshot_that_can_not_be_read_ends_the_loading(tmp_path: Path) -> None:
    (tmp_path / "redis-server").symlink_to(find_server())
    (tmp_path / "restored").mkdir()
    (tmp_path / "redis.rdb").write_bytes(b"REDIS9999" + b"\xff" * 20)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [SCRIPT, "redis.rdb", "restored"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, "can't load redis.rdb" in done.stderr) == (1, True)
