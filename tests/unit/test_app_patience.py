"""How long a slow client is waited for, and how many clients a process takes."""

import subprocess
import sys

import pytest

from app.serving.patience import Limits, Patience

LIMITS = Limits(head=1, stall=30, speed=1000)


def test_patience_begins_with_the_longest_pause() -> None:
    assert Patience(LIMITS).left == 30


def test_waiting_uses_patience_up() -> None:
    patience = Patience(LIMITS)
    patience.spend(20, moved=0)
    assert patience.left == 10


def test_bytes_give_patience_back() -> None:
    patience = Patience(LIMITS)
    patience.spend(20, moved=5000)
    assert patience.left == 15


def test_patience_never_exceeds_the_longest_pause() -> None:
    patience = Patience(LIMITS)
    patience.spend(0, moved=10**9)
    assert patience.left == 30


def test_whoever_keeps_the_least_speed_is_waited_for_without_end() -> None:
    patience = Patience(LIMITS)
    for _ in range(1000):
        patience.spend(10, moved=10_000)
    assert patience.left == 30


def test_whoever_stays_below_it_is_not() -> None:
    patience = Patience(LIMITS)
    for _ in range(70):
        patience.spend(1, moved=500)
    assert patience.left < 1


def test_patience_that_is_used_up_is_not_none() -> None:
    patience = Patience(LIMITS)
    patience.spend(100, moved=0)
    assert 0 < patience.left < 0.1


def test_the_next_request_has_all_of_it() -> None:
    patience = Patience(LIMITS)
    patience.spend(100, moved=0)
    patience.renew()
    assert patience.left == 30


@pytest.mark.parametrize(
    ("soft", "hard", "takes"), [(256, 20_000, 10_000), (1024, 1024, 768)], ids=["raised", "can't be raised"]
)
def test_a_process_takes_as_many_connections_as_it_may_open_files(soft: int, hard: int, takes: int) -> None:
    code = (
        "import resource; from app.serving.descriptors import most_connections; "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard})); print(most_connections())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == str(takes)
    assert ("api.few_open_files" in said.stdout + said.stderr) == (takes < 10_000)
