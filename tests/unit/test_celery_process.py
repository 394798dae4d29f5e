"""What a process of a Celery worker's pool says to its parent: how a job ended, and nothing that the parent knows."""

import os
from contextlib import suppress
from types import SimpleNamespace

import pytest
from billiard.pool import ACK, EX_RECYCLE, READY
from celery.concurrency import asynpool

from worker.celery_process import PromptProcess

#: The end of a job as Celery's process says it: its number, a place in a list of many, the result, the pipe it reads.
END = (1, None, (True, "result"), 9)


#: What the parent gets of the end of a process' last job: no pipe that is free.
LAST = (*END[:-1], None)


def told_by(process: PromptProcess, *said: tuple[int, tuple[object, ...]]) -> list[tuple[int, tuple[object, ...]]]:
    """What reaches the parent of all that the process says once its loop has begun, until it ends."""
    heard: list[tuple[int, tuple[object, ...]]] = []
    process.outq = SimpleNamespace(put=heard.append)
    process.on_loop_start(os.getpid())
    with suppress(SystemExit):
        for message in said:
            process.outq.put(message)
    [up, *rest] = heard
    assert up == (asynpool.WORKER_UP, (os.getpid(),))
    return rest


def process_of(*, maxtasks: int | None = None, max_memory: int | None = None) -> PromptProcess:
    process = PromptProcess.__new__(PromptProcess)
    process.maxtasks, process.max_memory_per_child, process.on_ready_counter = maxtasks, max_memory, None
    return process


def test_that_a_job_is_accepted_is_not_said() -> None:
    heard = told_by(process_of(), (ACK, (1, None, 0.0, 77, None)), (READY, END))
    assert heard == [(READY, END)]


@pytest.mark.parametrize("limits", [{"maxtasks": 2}, {"maxtasks": None, "max_memory": 10**9}])
def test_the_pipe_of_a_process_that_goes_on_is_free_again(limits: dict[str, int]) -> None:
    assert told_by(process_of(**limits), (READY, END)) == [(READY, END)]


def test_after_its_last_job_no_other_is_given_to_a_process() -> None:
    heard = told_by(process_of(maxtasks=2), (READY, END), (READY, END), (READY, END))
    assert heard == [(READY, END), (READY, LAST)]


def test_a_process_that_has_come_to_much_memory_is_given_no_other_job() -> None:
    assert told_by(process_of(max_memory=1), (READY, END), (READY, END)) == [(READY, LAST)]


def test_a_process_that_is_replaced_ends_by_itself_and_as_one_that_shall_be_replaced() -> None:
    process = process_of(maxtasks=1)
    process.outq = SimpleNamespace(put=lambda _message: None)
    process.on_loop_start(os.getpid())
    # Celery's loop, which decides by these, goes on.
    assert (process.maxtasks, process.max_memory_per_child) == (None, None)
    with pytest.raises(SystemExit) as ended:
        process.outq.put((READY, END))
    assert ended.value.code == EX_RECYCLE


def test_an_end_that_could_not_be_said_does_not_count() -> None:
    process = process_of(maxtasks=2)
    heard: list[object] = []

    def put(message: tuple[int, tuple[object, ...]]) -> None:
        if message[1][0] == "unsendable":
            raise TypeError("It can't be pickled.")
        heard.append(message)

    process.outq = SimpleNamespace(put=put)
    process.on_loop_start(os.getpid())
    with pytest.raises(TypeError):
        process.outq.put((READY, ("unsendable", *END[1:])))
    process.outq.put((READY, END))
    assert heard[1:] == [(READY, END)]
