"""The lines of the log: ours and those of libraries in one format, whatever they hold and wherever they go."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path

import pytest
import structlog

from jobs.logs import configure_logs
from jobs.settings import Settings

#: Sets up the log in a format, from a level on.
SetUp = Callable[..., None]


@dataclass(frozen=True)
class Key:
    """Something whose repr keeps a secret."""

    name: str
    secret: str = field(repr=False)


@pytest.fixture
def set_up(tmp_path: Path) -> Iterator[SetUp]:
    """Sets up the log; it is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = structlog.get_config()
    # What requests of other tests were about.
    structlog.contextvars.clear_contextvars()

    def to(log_format: str, log_level: str = "info") -> None:
        configure_logs(Settings(data_dir=str(tmp_path), log_format=log_format, log_level=log_level))

    yield to
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def test_ours_and_foreign_lines_have_the_same_fields(set_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger().warning("told")
        logging.getLogger("library").warning("%s", "told")
    ours, foreign = map(json.loads, capsys.readouterr().err.splitlines())
    assert ours.keys() == foreign.keys() == {"event", "request_id", "level", "timestamp"}
    assert (ours["event"], ours["level"]) == (foreign["event"], foreign["level"]) == ("told", "warning")


def test_lines_for_people_tell_event_level_and_facts(set_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("console")
    structlog.get_logger().info("request", status=202, caller="alice")
    logging.getLogger("library").info("heard")
    ours, foreign = capsys.readouterr().err.splitlines()
    assert "[info     ] request" in ours
    assert ours.endswith("caller=alice status=202")
    assert "[info     ] heard" in foreign


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_what_is_below_the_level_is_not_told(
    set_up: SetUp, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    set_up(log_format, "warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger().error("loud")
    told = capsys.readouterr().err
    assert "quiet" not in told
    assert "loud" in told


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_variables(set_up: SetUp, capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    set_up(log_format)
    try:
        _fail("".join(["the client's", " data"]))
    except ValueError:
        structlog.get_logger().exception("ours")
        logging.getLogger("library").exception("foreign")
    told = capsys.readouterr().err
    assert told.count("Traceback (most recent call last)") == 2
    assert told.count("ValueError: no good") == 2
    assert "the client's data" not in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2**80, 2**80),
        ("file \udc80", "file \udc80"),
        (Path("/data"), "PosixPath('/data')"),
        (Key("alice", secret="s3cret"), "Key(name='alice')"),
        ({1: "one"}, {"1": "one"}),
    ],
    ids=["long number", "no UTF-8", "path", "secret", "numbers as keys"],
)
def test_every_value_makes_one_line_of_json(
    set_up: SetUp, capsys: pytest.CaptureFixture[str], value: object, told: object
) -> None:
    set_up("json")
    structlog.get_logger().info("value\nof two lines", value=value)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["value"] == told


@pytest.mark.parametrize("is_closed", [False, True], ids=["full disk", "closed"])
def test_a_log_that_can_not_be_written_fails_nothing(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch, *, is_closed: bool
) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stderr", TextIOWrapper(full, line_buffering=True))
        set_up("json")
        if is_closed:
            full.close()
        assert structlog.get_logger().info("told to nobody") is None


def test_lines_of_many_threads_stay_whole(set_up: SetUp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", buffering=1) as log, ThreadPoolExecutor(8) as threads:
        monkeypatch.setattr(sys, "stderr", log)
        set_up("json")
        ours, foreign = structlog.get_logger(), logging.getLogger("library")
        list(threads.map(lambda turn: (ours.info("x" * 20_000, turn=turn), foreign.info("y" * 20_000)), range(300)))
    lines = (tmp_path / "log").read_text().splitlines()
    assert sorted(json.loads(line)["event"][0] for line in lines) == ["x"] * 300 + ["y"] * 300


def _fail(_data: str) -> None:
    raise ValueError("no good")
