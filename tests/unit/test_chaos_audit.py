"""The audit of a chaos run finds what it is there to find: each case doctors the evidence of a sound job."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from chaos.audit import Audit, Evidence, audit
from chaos.customer import Ticket
from chaos.ledger import History, Move, commands_in
from chaos.plan import Order, make_plan
from chaos.runs import Run

from jobs.job import JobStatus

ORDER = Order(number=7, at=0, analysis="work", params={"number": 7, "seconds": 0}, options={}, cancel_after=None)
RESULT: dict[str, object] = {"number": 7, "square": 49, "run": "token", "padding": ""}


def moved(*statuses: str) -> History:
    """A history of these statuses, one a second."""
    moves = [
        Move(status=JobStatus(status), at=1000 * at, worker="host:1:a" if status == "running" else "", cause="")
        for at, status in enumerate(statuses)
    ]
    return History(label="7", moves=moves, results=statuses.count("succeeded"))


def sound() -> Evidence:
    """A job that was accepted, ran once, and whose customer got its result."""
    ticket = Ticket(order=ORDER, job="a", ended={"status": "succeeded"}, result_status=200, result=dict(RESULT))
    return Evidence(
        orders=[ORDER],
        tickets=[ticket],
        histories={"a": moved("queued", "running", "succeeded")},
        runs=[Run(job="a", token="token", process=1, began=0, ended=1)],
        told=Counter(a=1),
    )


def test_a_sound_job_is_left_alone() -> None:
    found = audit(sound())
    assert found.is_passed
    assert found.endings == {"succeeded": 1}


@pytest.mark.parametrize(
    ("history", "verdict"),
    [
        (moved("queued", "running", "succeeded", "succeeded"), lambda found: found.twice),
        (moved("queued", "running", "failed", "succeeded"), lambda found: found.twice),
        (moved("queued", "running"), lambda found: found.stuck),
        (moved("queued", "running", "queued"), lambda found: found.stuck),
        (moved("queued", "running", "running", "succeeded"), lambda found: found.wrong),
        (moved("queued", "running", "canceled"), lambda found: found.wrong),
        (replace(moved("queued", "running", "succeeded"), results=0), lambda found: found.wrong),
        (replace(moved("queued", "running", "succeeded"), results=2), lambda found: found.twice),
    ],
)
def test_a_history_that_must_not_be_is_found(history: History, verdict: Callable[[Audit], list[str]]) -> None:
    found = audit(replace(sound(), histories={"a": history}))
    assert verdict(found)
    assert not found.is_passed


def test_a_job_without_a_trace_is_lost() -> None:
    assert audit(replace(sound(), histories={})).lost == ["a"]


def test_a_job_that_the_api_does_not_know_is_lost() -> None:
    assert audit(replace(sound(), tickets=[Ticket(order=ORDER, job="a", is_unknown=True)])).lost == ["a"]


def test_a_success_that_was_logged_twice_is_found() -> None:
    assert audit(replace(sound(), told=Counter(a=2))).twice


def test_a_job_that_nobody_was_told_of_must_end_too() -> None:
    found = audit(replace(sound(), histories={**sound().histories, "ghost": moved("queued")}))
    assert (found.unannounced, found.stuck) == (1, ["ghost: queued +0"])


@pytest.mark.parametrize(
    "told",
    [
        {"ended": None},
        {"ended": {"status": "failed"}},
        {"result_status": 410},
        {"result": {**RESULT, "square": 50}},
        {"result": {**RESULT, "run": "another's"}},
        {"cancel_status": 202},
    ],
)
def test_a_customer_who_was_told_something_else_is_heard(told: dict[str, object]) -> None:
    ticket = replace(sound().tickets[0], **told)  # type: ignore[arg-type]
    assert audit(replace(sound(), tickets=[ticket])).wrong


def test_a_result_of_a_run_that_never_returned_is_wrong() -> None:
    runs = [replace(sound().runs[0], ended=None)]
    assert audit(replace(sound(), runs=runs)).wrong


def test_the_same_seed_makes_the_same_plan() -> None:
    assert make_plan(3, jobs=50, rate=10, pause=1) == make_plan(3, jobs=50, rate=10, pause=1)
    assert make_plan(3, jobs=50, rate=10, pause=1) != make_plan(4, jobs=50, rate=10, pause=1)


def test_an_append_only_file_is_read_as_its_commands() -> None:
    file = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n#TS:1\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n*1\r\n"
    assert list(commands_in(file)) == [[b"SELECT", b"0"], [b"SET", b"k", b"\r\n*1"]]
