"""What a chaos run makes of its wounds: how long they took to heal, and which worker never did."""

from chaos.ledger import History, Move
from chaos.plan import Fault
from chaos.recovery import percentile, recoveries, silent_workers, waits
from chaos.scene import Wound

from jobs.job import JobStatus


def claimed(*claims: tuple[int, str]) -> History:
    """A job that was accepted just before its first claim, and claimed at these milliseconds by these workers."""
    history = History(label="")
    for at, worker in claims:
        history.moves.append(Move(status=JobStatus.QUEUED, at=at - 10, worker="", cause=""))
        history.moves.append(Move(status=JobStatus.RUNNING, at=at, worker=worker, cause=""))
    return history


def test_a_killed_worker_has_recovered_when_its_job_is_claimed_again() -> None:
    wound = Wound(fault=Fault.WORKER_KILLED, at=1500, worker=7)
    histories = {"hit": claimed((1000, "h:7:a"), (4000, "h:8:b")), "spared": claimed((1000, "h:8:b"), (9000, "h:8:b"))}
    assert recoveries([wound], histories) == {Fault.WORKER_KILLED: [2.5]}


def test_redis_has_recovered_when_a_worker_claims_again() -> None:
    wound = Wound(fault=Fault.REDIS_KILLED, at=1500)
    histories = {"a": claimed((1000, "h:7:a")), "b": claimed((3500, "h:7:a"))}
    assert recoveries([wound], histories) == {Fault.REDIS_KILLED: [2.0]}


def outage() -> tuple[Wound, dict[str, History]]:
    """An outage after which one worker claims nothing any more, though another does."""
    histories = {str(at): claimed((at, "h:8:b")) for at in range(0, 60_000, 1000)}
    return Wound(fault=Fault.REDIS_KILLED, at=20_000), {**histories, "last": claimed((19_000, "h:7:a"))}


def test_a_worker_that_claims_nothing_after_an_outage_is_found() -> None:
    wound, histories = outage()
    assert silent_workers([wound], histories) == ["worker h:7:a claimed nothing for 10 s: Redis killed"]


def test_a_worker_that_was_killed_itself_is_not_called_silent() -> None:
    wound, histories = outage()
    assert silent_workers([wound, Wound(fault=Fault.WORKER_KILLED, at=22_000, worker=7)], histories) == []


def test_every_wait_for_a_run_is_counted() -> None:
    assert waits({"a": claimed((1000, "h:7:a"), (4000, "h:8:b"))}) == [0.01, 0.01]


def test_percentiles_go_by_the_nearest_rank() -> None:
    assert [percentile([3, 1, 2, 4], share) for share in (0.5, 0.95, 1.0)] == [2, 4, 4]
