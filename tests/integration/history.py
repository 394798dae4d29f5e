"""A history of jobs on the real scripts that is checked after each step; which steps there are is said elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from agreement import assert_agreement, assert_counts_add_up, is_final
from expected_job import Expected
from hypothesis.stateful import RuleBasedStateMachine, invariant
from job_model import Model
from submissions import a_submission
from traces import Clock

from jobs.claims import Claim, Wish
from jobs.errors import ClaimRefused, LeaseLost, NoSuchJob
from jobs.job import MOVES, JobStatus
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store


class CheckedHistory(RuleBasedStateMachine):
    """What is done is done to the scripts and to the model, and they must agree."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.store = Store(settings)
        self.clock = Clock(self.store)
        self.model = Model()
        #: Every job that was ever submitted, with its status when it was looked at last.
        self.statuses: dict[str, JobStatus] = {}
        #: Every right to settle that was ever given, as id and fence.
        self.given: set[tuple[str, int]] = set()
        #: The records of the jobs that were final when they were looked at.
        self.ended: dict[str, dict[str, str]] = {}

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        traces = self.clock.traces(self.statuses)
        for job_id, record in traces.records.items():
            before, status = self.statuses[job_id], JobStatus(record["status"])
            assert status is before or status in MOVES[before], f"{before} → {status}"
            self.statuses[job_id] = status
            assert int(record["attempt"]) <= int(record["max_attempts"])
            if is_final(record):
                assert self.ended.setdefault(job_id, record) == record, "A final record has changed."
        assert_counts_add_up(traces, len(self.statuses), len(self.model.forgotten))
        assert_agreement(traces, self.model)

    def submitted(self, caller: str, **options: object) -> str:
        """The id of a job that the store has accepted."""
        submission = replace(a_submission(params={}, **options), caller=caller)  # type: ignore[arg-type]
        job = self.store.submit(submission)
        expected = self.model.submit(submission)
        assert (job.step, job.queue_position) == (expected.step, self.model.position(expected))
        self.statuses[job.id] = job.status
        return job.id

    def popped(self) -> str:
        """The job of the next message, as kombu takes it: at the right, from the first step that has one."""
        for step, expected in self.model.queues.items():
            message = self.store.redis.rpop(self.store.queue.key(step))
            if message is not None:
                job_id = self.store.queue.job_id(message)
                assert job_id == expected.pop()
                return job_id
        return ""

    def claimed(self, job_id: str, worker: str) -> list[Claim]:
        """The claim, if there should be one."""
        leases, verdict = Leases(self.store, worker=worker), self.model.claim(job_id, worker)
        if verdict == "again":
            assert leases.claim(job_id).job.fence == self.model.jobs[job_id].fence
            return []
        if verdict != "claimed":
            with pytest.raises(ClaimRefused) as refused:
                leases.claim(job_id)
            assert refused.value.reason == verdict
            return []
        claim = leases.claim(job_id)
        assert (job_id, claim.job.fence) not in self.given
        self.given.add((job_id, claim.job.fence))
        assert leases.input_of(claim) == self.model.jobs[job_id].submission.input
        return [claim]

    def as_holder(
        self,
        claim: Claim,
        act: Callable[[Leases], JobStatus | Wish],
        expect: Callable[[Expected], JobStatus | Wish],
    ) -> None:
        """What a run does with its claim; it is refused if the job is not its own any more."""
        leases = Leases(self.store, worker=claim.job.worker)
        why_not = self.model.why_not_held(claim.job.id, claim.job.fence)
        if why_not:
            with pytest.raises(LeaseLost) as lost:
                act(leases)
            assert lost.value.reason == why_not
        else:
            assert act(leases) is expect(self.model.jobs[claim.job.id])

    def on_record(self, job_id: str, act: Callable[[str], JobStatus], expect: Callable[[Expected], JobStatus]) -> None:
        """What anybody may do to a job that there is a record of."""
        if self.model.is_there(job_id):
            assert act(job_id) is expect(self.model.jobs[job_id])
        else:
            with pytest.raises(NoSuchJob):
                act(job_id)
