"""The API's connection to Redis: many ask over one, everyone gets their own reply, and nobody waits for ever."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from slow_path import a_slow_path

from jobs.settings import Settings
from stack.address import usable_address
from stack.redis_server import EmbeddedRedis, RedisAddress

HERE = Path(__file__).parent


def played(scenario: str, redis_url: str, *more: str) -> Any:
    """What came of the scenario in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)])}
    command = [sys.executable, "-m", "shared_asking", scenario, redis_url, *more]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def own_redis(tmp_path: Path):
    """A Redis that nobody else uses."""
    address = RedisAddress(port=usable_address("127.0.0.1", 0).port)
    with EmbeddedRedis(data_dir=tmp_path, address=address):
        yield f"redis://127.0.0.1:{address.port}/0"


def test_everyone_gets_their_own_reply_over_one_connection(own_redis: str) -> None:
    told = played("many", own_redis)
    assert told == {"replies": list(range(300)), "connections": 1}


def test_a_connection_that_is_cut_costs_nobody_a_wrong_reply(own_redis: str) -> None:
    told = played("broken", own_redis)
    assert told["wrong"] == 0
    assert told["right"] > 900


def test_silence_ends_as_a_timeout_and_no_late_reply_goes_to_another(own_redis: str) -> None:
    told = played("silent", own_redis)
    assert told["errors"] == ["TimeoutError"]
    assert told["took"] < 1.5
    assert told["after"] == list(range(100))


def test_all_who_need_a_connection_that_cannot_be_made_hear_so_at_once(own_redis: str) -> None:
    told = played("unreachable", own_redis)
    assert told["errors"] == ["TimeoutError"]
    assert told["took"] < 2


def test_the_reply_of_who_has_given_up_goes_to_nobody_else(own_redis: str) -> None:
    assert played("given_up", own_redis) == list(range(5))


def test_a_refusal_reaches_only_who_asked_for_it(settings: Settings) -> None:
    assert played("refused", settings.redis_url) == ["", "NoScriptError"] * 5


def test_a_long_command_goes_over_a_connection_of_its_own(own_redis: str) -> None:
    told = played("long", own_redis)
    assert told["length"] > 65536
    assert told["connections"] == 2


def test_a_redis_that_is_gone_is_said_to_be_gone(own_redis: str) -> None:
    assert set(played("away", own_redis)) == {"ConnectionError"}


@pytest.mark.parametrize("scenario", ["timed_out", "interrupted"])
def test_a_hello_that_comes_after_who_connected_gave_up_is_nobodys_reply(own_redis: str, scenario: str) -> None:
    with a_slow_path(urlsplit(own_redis).port or 0, delay=0.2) as port:
        assert played(scenario, f"redis://127.0.0.1:{port}/0") == ["0", "1", "2"]


def test_a_redis_that_has_become_a_replica_is_left_for_a_new_connection(own_redis: str, tmp_path: Path) -> None:
    address = RedisAddress(port=usable_address("127.0.0.1", 0).port)
    with EmbeddedRedis(data_dir=tmp_path / "leader", address=address):
        told = played("read_only", own_redis, "127.0.0.1", str(address.port))
    assert told == {"refusal": "ReadOnlyError", "is_another": True, "after": "OK", "is_kept": True, "connections": 1}
