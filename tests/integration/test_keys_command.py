"""`coatcheck keys`: keys are made, listed and revoked in the Redis that is meant, and what goes wrong is one line."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from coatcheck.cli import build_app
from jobs.api_keys import Scope, opens, parts_of
from jobs.key_ring import KeyRing
from jobs.settings import Settings
from jobs.store import Store
from stack.data_dir import DataDir, telling_redis

#: A Redis that nobody runs.
NOWHERE = "redis://:hunter2@127.0.0.1:1/0"

#: Runs `coatcheck keys …`.
Keys = Callable[..., Result]


@pytest.fixture
def keys(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keys:
    """The command, with the environment of this test's service."""
    for name in [name for name in os.environ if name.startswith("COATCHECK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COATCHECK_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("COATCHECK_NAMESPACE", settings.namespace)
    monkeypatch.setenv("COATCHECK_DATA_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(build_app(), ["keys", *arguments])


@pytest.fixture
def ring(store: Store) -> KeyRing:
    return KeyRing(store.redis, store.keys)


def test_a_key_that_is_made_opens(keys: Keys, ring: KeyRing) -> None:
    text = keys("create", "--name", "alice").stdout.strip()
    key_id, secret = parts_of(text) or ("", "")
    kept = ring.find(key_id)
    assert kept is not None
    assert opens(secret, kept, now=kept.created)
    assert (kept.name, kept.scopes, kept.expires, kept.rate) == ("alice", {Scope.SUBMIT, Scope.READ}, None, None)


def test_only_the_key_goes_to_the_output_and_the_words_beside_it(keys: Keys) -> None:
    done = keys("create", "--name", "alice")
    assert parts_of(done.stdout.strip()) is not None
    assert "this once only" in done.stderr
    assert done.stdout.strip() not in done.stderr


def test_a_key_is_made_as_it_is_asked_for(keys: Keys, ring: KeyRing) -> None:
    made = keys("create", "--name", "ci", "--scopes", "read, admin", "--expires-in-days", "2", "--rate", "60", "--json")
    told = json.loads(made.stdout)
    (kept,) = ring.all()
    assert (told["id"], told["name"], told["scopes"], told["rate"]) == (kept.id, "ci", ["admin", "read"], 60)
    assert parts_of(told["key"]) is not None
    assert kept.expires == kept.created + 2 * 24 * 3600 * 1000


def test_the_list_tells_states_and_no_key(keys: Keys, ring: KeyRing) -> None:
    text = keys("create", "--name", "alice").stdout.strip()
    ring.revoke(ring.make("bob", [Scope.READ], rate=5)[0].id)
    ring.make("carol", [Scope.READ], days=0)
    listed = keys("list").stdout
    lines = {line.split()[1]: line for line in listed.splitlines()}
    assert "read, submit; good until it is revoked" in lines["alice"]
    assert "read; 5 submissions a minute; revoked 20" in lines["bob"]
    assert "read; expired 20" in lines["carol"]
    assert text[16:] not in listed


def test_the_list_as_json_has_no_hashes(keys: Keys, ring: KeyRing) -> None:
    key, _ = ring.make("alice", [Scope.READ])
    (told,) = json.loads(keys("list", "--json").stdout)
    assert set(told) == {"id", "name", "scopes", "created", "expires", "revoked", "rate"}
    assert (told["id"], told["revoked"]) == (key.id, None)


def test_an_empty_list_says_how_to_make_a_key(keys: Keys) -> None:
    done = keys("list")
    assert (done.exit_code, done.stdout, "coatcheck keys create" in done.stderr) == (0, "", True)


@pytest.mark.parametrize("part", ["id", "whole key"])
def test_a_key_is_revoked_by_its_id_or_itself(keys: Keys, ring: KeyRing, part: str) -> None:
    key, text = ring.make("alice", [Scope.READ])
    done = keys("revoke", key.id if part == "id" else text)
    kept = ring.find(key.id)
    assert (done.exit_code, key.id in done.stdout, text in done.stdout) == (0, True, False)
    assert kept is not None
    assert kept.revoked is not None


def test_revoking_what_is_not_there_is_one_line(keys: Keys) -> None:
    done = keys("revoke", "nosuchkey123")
    wanted = "coatcheck keys: there is no key of this id; `coatcheck keys list` lists them\n"
    assert (done.exit_code, done.stderr) == (1, wanted)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "anonymous"), "'anonymous' is no name"),
        (("--name", "A B"), "'A B' is no name"),
        (("--name", "alice", "--scopes", "read,write"), "'write' is no scope; there are submit, read, admin"),
        (("--name", "alice", "--scopes", ","), "a key without scopes"),
    ],
)
def test_what_no_key_can_have_is_one_line(keys: Keys, ring: KeyRing, arguments: tuple[str, ...], said: str) -> None:
    done = keys("create", *arguments)
    assert (done.exit_code, done.stderr.count("\n"), said in done.stderr) == (1, 1, True)
    assert ring.all() == []


def test_a_redis_that_is_away_is_one_line_without_its_password(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL", NOWHERE)
    done = keys("list")
    assert (done.exit_code, done.stderr.count("\n"), "hunter2" in done.stderr) == (1, 1, False)
    assert done.stderr.startswith("coatcheck keys: Redis at redis://:***@127.0.0.1:1/0 can't be used")


def test_a_wrong_setting_is_one_line(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL", "http://example.org")
    done = keys("list")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


def test_the_redis_of_the_running_stack_is_found_by_its_data_dir(
    keys: Keys, ring: KeyRing, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL", NOWHERE)
    with telling_redis(DataDir(tmp_path), settings.redis_url):
        done = keys("create", "--name", "alice", "--data-dir", str(tmp_path))
    assert (done.exit_code, [key.name for key in ring.all()]) == (0, ["alice"])


def test_the_redis_of_the_running_stack_here_is_found_without_a_word(
    keys: Keys, ring: KeyRing, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COATCHECK_REDIS_URL")
    with telling_redis(DataDir(tmp_path), settings.redis_url):
        keys("create", "--name", "alice")
    assert [key.name for key in ring.all()] == ["alice"]


def test_a_data_dir_on_which_nothing_runs_is_one_line(keys: Keys, settings: Settings, tmp_path: Path) -> None:
    with telling_redis(DataDir(tmp_path), settings.redis_url):
        pass
    done = keys("list", "--data-dir", str(tmp_path))
    wanted = f"coatcheck keys: no `coatcheck up` with a Redis of its own runs on {tmp_path}\n"
    assert (done.exit_code, done.stderr) == (1, wanted)
