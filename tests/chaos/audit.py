"""The audit: what the customer was told, held against the ledger, the diary of runs and the plan."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaos.customer import Ticket
from chaos.ledger import History
from chaos.plan import Order
from chaos.runs import Run
from jobs.job import FINAL, Cause, JobStatus

#: How a result is answered, by how its job ended; a refused input is the exception.
_ANSWERS: Mapping[JobStatus, int] = {JobStatus.SUCCEEDED: 200, JobStatus.FAILED: 424, JobStatus.CANCELED: 410}
_REJECTED = 422
#: Answers to a cancel after which nothing but "canceled" may be seen.
_CANCELED = (200, 202)
#: What an analysis that goes wrong by plan ends with.
_FAILURES: Mapping[str, Cause] = {
    "die": Cause.WORKER_LOST,
    "refuse": Cause.REJECTED,
    "crash": Cause.CRASHED,
}
#: Attempts after which a job may have failed because its workers died.
_ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is known after a run."""

    orders: Sequence[Order]
    tickets: Sequence[Ticket]
    histories: Mapping[str, History]
    runs: Sequence[Run]
    #: How often each job's success was told by a worker's log.
    told: Counter[str]


@dataclass(kw_only=True)
class Audit:
    """What was found wrong, each by a line that begins with the job's id where it is about one."""

    #: Accepted, but without a trace in the ledger, or unknown to the API while it should be known.
    lost: list[str] = field(default_factory=list)
    #: Made final more than once, or with more than one result.
    twice: list[str] = field(default_factory=list)
    #: Not final in the end.
    stuck: list[str] = field(default_factory=list)
    #: Anything else that is not as it should be.
    wrong: list[str] = field(default_factory=list)
    #: How many jobs ended how: a status, with the cause of a failure.
    endings: Counter[str] = field(default_factory=Counter)
    #: Jobs that were created by requests without an answer.
    unannounced: int = 0

    @property
    def is_passed(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.twice or self.stuck or self.wrong)


def audit(evidence: Evidence) -> Audit:
    """Looks at every job that was accepted and at every one that was created."""
    found = Audit()
    accepted = {ticket.job for ticket in evidence.tickets}
    returned = {(run.job, run.token) for run in evidence.runs if run.ended is not None}
    for ticket in evidence.tickets:
        history = evidence.histories.get(ticket.job)
        if history is None or ticket.is_unknown:
            found.lost.append(ticket.job)
        elif history.last.status in FINAL:
            found.wrong += [f"{ticket.job} {fault}" for fault in _faults_of(ticket, history, returned=returned)]
    for job, history in evidence.histories.items():
        _look_at(job, history, evidence=evidence, found=found)
    found.unannounced = len(evidence.histories.keys() - accepted)
    return found


def _look_at(job: str, history: History, *, evidence: Evidence, found: Audit) -> None:
    if history.endings > 1 or history.results > 1 or evidence.told[job] > 1:
        found.twice.append(f"{job}: {history}")
    if history.last.status not in FINAL:
        found.stuck.append(f"{job}: {history}")
    else:
        found.endings[_ending(history)] += 1
    if (history.results == 1) is not (history.last.status is JobStatus.SUCCEEDED):
        found.wrong.append(f"{job} is {history.last.status} and has {history.results} results")
    if evidence.told[job] and history.last.status is not JobStatus.SUCCEEDED:
        found.wrong.append(f"{job} is {history.last.status}, but a worker's log says that it succeeded")
    found.wrong += [f"{job} went {move}" for move in history.illegal]


def _faults_of(ticket: Ticket, history: History, *, returned: set[tuple[str, str]]) -> list[str]:
    """What is wrong with how a job ended, and with what its customer was told."""
    if ticket.ended is None:
        return ["ended, but its customer did not see it"]
    faults = []
    ending, last = _ending(history), history.last
    if ending not in _expected(ticket, history):
        faults.append(f"({ticket.order.analysis}) ended as {ending}; its cancel was answered {ticket.cancel_status}")
    if ticket.ended["status"] != last.status:
        faults.append(f"was said to be {ticket.ended['status']}, but is {last.status}")
    answer = _REJECTED if last.cause == Cause.REJECTED else _ANSWERS[last.status]
    if ticket.result_status != answer:
        faults.append(f"is {ending}, but its result was answered {ticket.result_status}: {ticket.result}")
    elif last.status is JobStatus.SUCCEEDED and not _is_right(ticket, returned):
        faults.append(f"has a wrong result: {ticket.result}")
    return faults


def _expected(ticket: Ticket, history: History) -> set[str]:
    """The endings that the job may have."""
    order = ticket.order
    if ticket.cancel_status in _CANCELED:
        return {JobStatus.CANCELED}
    expected = {_planned(order)}
    if order.cancel_after is not None and not ticket.cancel_status:
        expected.add(JobStatus.CANCELED)  # Its cancel got no answer.
    if "expires_in" in order.options:
        expected.add(_failed(Cause.EXPIRED))
    if len(history.claims) >= _ATTEMPTS:
        expected |= {_failed(Cause.WORKER_LOST), _failed(Cause.OUT_OF_MEMORY)}
    return expected


def _planned(order: Order) -> str:
    if "timeout" in order.options:
        return _failed(Cause.TIMEOUT)
    cause = _FAILURES.get(order.analysis)
    return JobStatus.SUCCEEDED if cause is None else _failed(cause)


def _is_right(ticket: Ticket, returned: set[tuple[str, str]]) -> bool:
    """Whether the result is what this job computes, and was returned by a run of this job."""
    number, result = ticket.order.number, ticket.result
    padding = ticket.order.params.get("padding", 0)
    values = (result.get("number"), result.get("square"), len(str(result.get("padding"))))
    return values == (number, number**2, padding) and (ticket.job, str(result.get("run"))) in returned


def _ending(history: History) -> str:
    return _failed(history.last.cause) if history.last.cause else history.last.status


def _failed(cause: str) -> str:
    return f"failed: {cause}"
