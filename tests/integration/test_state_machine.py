"""Random histories of jobs on the real scripts, each step held against a model of what should become of them.

``make test`` runs the same short histories each time. ``STATE_MACHINE_EXAMPLES=5000 pytest -k random_histories`` runs
that many new and longer ones, and remembers those that fail.
"""

import os
import sys
from itertools import count

from expected_job import CALLERS, DELAY, EXPIRES_IN, INLINE_LIMIT, TIMEOUT, settings_of
from history import CheckedHistory
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule, run_state_machine_as_test
from submissions import NOTHING

from jobs.claims import Claim, Held, Progress, Release
from jobs.job import Cause, Failure, JobStatus, Priority
from jobs.leases import Leases
from jobs.queues import whole_message
from jobs.sweep import _recover, sweep
from stack.redis_server import EmbeddedRedis

LONG = os.environ.get("STATE_MACHINE_EXAMPLES")
#: The short run is the same each time. No deadline, for what a step takes says nothing on a busy machine.
PROFILE = (
    profile(max_examples=int(LONG), stateful_step_count=80, deadline=None, report_multiple_bugs=False)
    if LONG
    else profile(max_examples=200, stateful_step_count=40, deadline=None, derandomize=True, database=None)
)

WORKERS = st.sampled_from(["worker-1", "worker-2"])
REASONS = st.sampled_from(["worker_lost", "out_of_memory", "timeout", "handed_back"])
FAILURE = Failure(cause=Cause.CRASHED, message="It crashed.")
SMALL, LARGE = b'"small"', b'"' + b"x" * INLINE_LIMIT + b'"'


class History(CheckedHistory):
    """One history: jobs, workers that come and go, messages that are lost or doubled, time."""

    jobs = Bundle("jobs")
    claims = Bundle("claims")

    @rule(
        target=jobs,
        number=st.integers(1, 3),
        caller=st.sampled_from(CALLERS),
        priority=st.sampled_from(Priority),
        expires_in=st.sampled_from([None, 60 * EXPIRES_IN]),
        payload=st.sampled_from([b"", LARGE]),
        max_attempts=st.integers(1, 3),
        webhook=st.sampled_from(["", "https://example.com/hook"]),
    )
    def submit(self, number: int, caller: str, **options: object) -> object:
        return multiple(*(self.submitted(caller, timeout=60 * TIMEOUT, **options) for _ in range(number)))

    @rule(job_id=jobs)
    def submit_again(self, job_id: str) -> None:
        """The reply was lost, so the same submission comes twice."""
        expected = self.model.jobs.get(job_id)
        if expected is not None and expected.ended is None:
            assert self.store.submit(expected.submission).step == expected.step

    @rule(target=claims, workers=st.lists(WORKERS, min_size=1, max_size=4))
    def deliver(self, workers: list[str]) -> object:
        """Each worker in turn takes the next message."""
        claims = [claim for worker in workers if (job_id := self.popped()) for claim in self.claimed(job_id, worker)]
        return multiple(*claims)

    @rule(target=claims, job_id=jobs, worker=WORKERS)
    def deliver_anything(self, job_id: str, worker: str) -> object:
        """A message from before arrives late, or twice."""
        return multiple(*self.claimed(job_id, worker))

    @rule()
    def lose_message(self) -> None:
        self.popped()

    @rule(job_id=jobs)
    def double_message(self, job_id: str) -> None:
        if self.model.is_there(job_id):
            job = self.store.find(job_id)
            self.store.redis.lpush(self.store.queue.key(job.step), whole_message(self.store.queue, job))
            self.model.queues[job.step].insert(0, job_id)

    @rule(worker=WORKERS)
    def renew(self, worker: str) -> None:
        expected = {job_id: self.model.verdict(job_id, worker) for job_id in self.statuses}
        held = [Held(job_id, worker) for job_id in self.statuses]
        verdicts = Leases(self.store, worker=worker).renew(held)
        assert {each.job_id: verdict for each, verdict in verdicts.items()} == expected

    @rule(claim=claims)
    def hold_on(self, claim: Claim) -> None:
        """A run takes its time, and its worker renews what it has."""
        self.let_pass(1)
        self.all_is_as_it_should_be()
        self.renew(claim.job.worker)

    @rule(claim=claims, progress=st.sampled_from([None, 0, 50.5]))
    def note(self, claim: Claim, progress: float | None) -> None:
        said = None if progress is None else Progress(share=progress, stage="")
        self.as_holder(claim, lambda leases: leases.note(claim, progress=said, message="half"), self.model.wish)

    @rule(claim=claims, result=st.sampled_from([SMALL, LARGE]))
    def succeed(self, claim: Claim, result: bytes) -> None:
        self.model.write_result(claim.job.id, claim.job.fence, result)
        self.as_holder(
            claim,
            lambda leases: leases.succeed(claim, result, metrics=NOTHING),
            lambda job: self.model.succeed(job, result),
        )

    @rule(claim=claims)
    def fail(self, claim: Claim) -> None:
        self.as_holder(
            claim,
            lambda leases: leases.fail(claim, FAILURE, metrics=NOTHING),
            lambda job: self.model.settle(job, JobStatus.FAILED, cause=FAILURE.cause),
        )

    @rule(claim=claims)
    def put_off(self, claim: Claim) -> None:
        if claim.job.attempt < claim.job.max_attempts:  # A worker doesn't put off the last attempt.
            self.as_holder(
                claim, lambda leases: leases.put_off(claim, delay=60 * DELAY, reason="Later."), self.model.put_off
            )

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        self.on_record(job_id, self.store.cancel, self.model.cancel)

    @rule(claim=claims, then=st.sampled_from(["go on", "succeed", "put off", "give up"]))
    def cancel_run(self, claim: Claim, then: str) -> None:
        """A run is canceled, and may not hear of it in time."""
        self.cancel(claim.job.id)
        self.all_is_as_it_should_be()
        match then:
            case "succeed":
                self.succeed(claim, LARGE)
            case "put off":
                self.put_off(claim)
            case "give up":
                self.give_up(claim, "timeout")

    @rule(claim=claims)
    def finish(self, claim: Claim) -> None:
        self.on_record(claim.job.id, self.store.finish, self.model.finish)

    @rule(claim=claims, why=REASONS)
    def give_up(self, claim: Claim, why: Release) -> None:
        self.give_up_anything(claim.job.id, claim.job.worker, why)

    @rule(target=claims, claim=claims, worker=WORKERS)
    def change_hands(self, claim: Claim, worker: str) -> object:
        """A worker is lost, another one has its job at once; then the first comes back with what it has done."""
        self.give_up(claim, "worker_lost")
        self.all_is_as_it_should_be()
        claims = self.claimed(claim.job.id, worker)
        if self.model.why_not_held(claim.job.id, claim.job.fence):
            self.note(claim, 50.5)
            self.succeed(claim, SMALL)
            self.fail(claim)
            self.put_off(claim)
        return multiple(*claims)

    @rule(job_id=jobs, worker=WORKERS, why=REASONS)
    def give_up_anything(self, job_id: str, worker: str, why: Release) -> None:
        leases = Leases(self.store, worker=worker)
        self.on_record(
            job_id, lambda name: leases.release(name, why=why), lambda job: self.model.release(job, worker, why)
        )

    @rule()
    def sweep(self) -> None:
        neglected = self.model.neglected()
        swept = sweep(self.store)
        assert set(swept.recovered) == neglected
        assert swept.recovered == {job_id: self.model.recover(job_id) for job_id in swept.recovered}
        assert swept.forgotten == self.model.forget()

    @rule(job_id=jobs)
    def mend_anything(self, job_id: str) -> None:
        """Another sweep has found the job a while ago, and only now comes to mend it."""
        assert _recover(self.store, job_id) == self.model.recover(job_id)

    @rule(claim=claims)
    def mend_run(self, claim: Claim) -> None:
        self.mend_anything(claim.job.id)

    @rule(minutes=st.sampled_from([1, 2, 4, 12]))
    def let_pass(self, minutes: int) -> None:
        self.clock.let_pass(minutes, self.statuses, analysis="double")
        self.model.now += minutes

    def teardown(self) -> None:
        """A worker that takes whatever comes ends every job; in the end Redis has forgotten them."""
        if sys.exc_info()[0] is None:  # Else the history has failed already, and that is what is to be told.
            self.come_to_an_end()
            self.be_forgotten()
        self.store.redis.close()

    def come_to_an_end(self) -> None:
        rounds = iter(range(12))
        while any(job.ended is None for job in self.model.jobs.values()):
            assert next(rounds, None) is not None, "There are jobs that do not end."
            while job_id := self.popped():
                claims = self.claimed(job_id, "worker-3")
                self.all_is_as_it_should_be()
                for claim in claims:
                    self.succeed(claim, SMALL)
            self.let_pass(3)
            self.sweep()
            self.all_is_as_it_should_be()

    def be_forgotten(self) -> None:
        while self.popped():
            pass
        self.let_pass(130)
        self.sweep()
        self.all_is_as_it_should_be()
        # Who calls the webhooks empties the outbox; what was counted stays.
        self.store.redis.delete(self.store.keys.outbox, self.store.keys.counts)
        assert self.store.redis.keys(f"{self.store.keys.namespace}*") == []


def test_random_histories_come_to_a_true_end(redis_server: EmbeddedRedis) -> None:
    histories = count()
    run_state_machine_as_test(
        lambda: History(settings_of(redis_server.url, f"history-{next(histories)}")), settings=PROFILE
    )
