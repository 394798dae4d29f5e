"""What is read ahead: it is for the next request alone, for the job that it is of, and for a moment."""

from dataclasses import replace

import pytest
from accepted_job import accepted_job
from standing_clock import Clock

from app.read_ahead import FRESH, ReadAhead, Seen
from jobs.job import Attachment, Job, JobStatus

#: A moment, seconds; far shorter than anything is kept.
MOMENT = FRESH / 10


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that everything read ahead goes by."""
    stood = Clock()
    monkeypatch.setattr("app.read_ahead.monotonic", stood)
    return stood


@pytest.fixture
def ahead(clock: Clock) -> ReadAhead:
    """What is kept with a connection whose first request has read a result ahead."""
    kept = ReadAhead()
    kept.turn()
    kept.keep(Seen(succeeded("mine"), b"{}", clock()))
    return kept


def succeeded(job_id: str) -> Job:
    return replace(accepted_job(job_id), status=JobStatus.SUCCEEDED, queue_position=None)


def found(ahead: ReadAhead, job_id: str = "mine") -> bytes | None:
    """The result that is at hand."""
    known = ahead.result_of(job_id)
    return None if known is None else known[1]


def test_the_next_request_has_the_job_and_its_result(ahead: ReadAhead, clock: Clock) -> None:
    ahead.turn()
    assert ahead.result_of("mine") == Seen(succeeded("mine"), b"{}", clock())


def test_a_job_without_a_result_at_hand_is_not_kept(ahead: ReadAhead, clock: Clock) -> None:
    ahead.turn()
    ahead.keep(Seen(succeeded("mine"), None, clock()))
    ahead.turn()
    assert found(ahead) is None


def test_the_request_that_reads_it_is_not_the_next_one(ahead: ReadAhead) -> None:
    assert found(ahead) is None


def test_the_request_after_the_next_does_not_have_it(ahead: ReadAhead) -> None:
    ahead.turn()
    ahead.turn()
    assert found(ahead) is None


def test_a_request_that_reads_nothing_ahead_leaves_nothing(ahead: ReadAhead) -> None:
    ahead.turn()
    assert found(ahead) == b"{}"
    ahead.turn()
    assert found(ahead) is None


def test_another_job_has_another_result(ahead: ReadAhead) -> None:
    ahead.turn()
    assert found(ahead, "another") is None


def test_what_was_read_last_counts(ahead: ReadAhead, clock: Clock) -> None:
    ahead.turn()
    ahead.keep(Seen(succeeded("another"), b"[]", clock()))
    ahead.turn()
    assert found(ahead, "another") == b"[]"


def test_it_is_kept_for_a_moment(ahead: ReadAhead, clock: Clock) -> None:
    clock.now += FRESH - MOMENT
    ahead.turn()
    assert found(ahead) == b"{}"


def test_it_is_not_kept_for_longer(ahead: ReadAhead, clock: Clock) -> None:
    clock.now += FRESH + MOMENT
    ahead.turn()
    assert found(ahead) is None


def test_the_next_request_does_not_make_it_fresh(ahead: ReadAhead, clock: Clock) -> None:
    ahead.turn()
    clock.now += FRESH + MOMENT
    assert found(ahead) is None


def test_it_goes_within_20_ms() -> None:
    """Who deletes a job over another connection is promised as much."""
    assert FRESH <= 0.02


def test_a_result_is_handed_out_once(ahead: ReadAhead) -> None:
    ahead.turn()
    assert found(ahead) == b"{}"
    assert found(ahead) is None


def test_nothing_is_kept_of_a_job_with_files(clock: Clock) -> None:
    attached = Attachment(kind="file", name="a", title="A", media_type="text/plain", size=1, blob="attached/a")
    ahead = ReadAhead()
    ahead.keep(Seen(replace(succeeded("mine"), attached=(attached,)), b"{}", clock()))
    ahead.turn()
    assert found(ahead) is None
