"""One run, claimed, computed and settled in this process over a real store."""

import pytest
from submissions import submitted

from jobs.claims import Claim
from jobs.errors import StoreUnavailable
from jobs.job import JobStatus
from jobs.leases import Leases
from jobs.store import Store
from tasks import load_catalog
from worker.interrupt import Interrupt
from worker.run import Runner


class LossyLeases(Leases):
    """The first reply to a claim is lost on its way."""

    lost = 0

    def claim(self, job_id: str) -> Claim:
        claim = super().claim(job_id)
        if not self.lost:
            self.lost += 1
            raise StoreUnavailable("the reply was lost")
        return claim


def runner(store: Store, leases: Leases) -> Runner:
    catalog = load_catalog(["samples"])
    return Runner(settings=store.settings, catalog=catalog, leases=leases, interrupt=Interrupt())


def test_a_job_is_claimed_computed_and_settled(store: Store) -> None:
    job_id = submitted(store, params={"number": 4}).id
    runner(store, Leases(store, worker="worker-1/1")).run(job_id)
    assert store.find_with_result(job_id)[1] == b'{"doubled":8}'


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_a_claim_whose_reply_was_lost_costs_no_attempt(store: Store, max_attempts: int) -> None:
    job_id = submitted(store, max_attempts=max_attempts).id
    leases = LossyLeases(store, worker="worker-1/1")
    runner(store, leases).run(job_id)
    job = store.find(job_id)
    assert (leases.lost, job.status, job.attempt, job.fence) == (1, JobStatus.SUCCEEDED, 1, 1)
