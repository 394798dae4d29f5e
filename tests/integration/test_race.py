"""Two workers after the same jobs."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from submissions import submitted

from jobs.errors import ClaimRefused
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store


def claims(settings: Settings, *, worker: str, job_ids: list[str]) -> list[str]:
    """The jobs that this worker got of all that it tried, each over a connection of its own."""
    leases, got = Leases(Store(settings), worker=worker), []
    for job_id in job_ids:
        try:
            got.append(leases.claim(job_id).job.id)
        except ClaimRefused:
            continue
    return got


def test_two_workers_that_race_for_300_jobs_claim_each_exactly_once(store: Store, settings: Settings) -> None:
    job_ids = [submitted(store).id for _ in range(300)]
    with ThreadPoolExecutor(2) as pool:
        racers = [pool.submit(claims, settings, worker=f"worker-{n}", job_ids=job_ids) for n in range(2)]
        got = [job_id for racer in racers for job_id in racer.result()]
    assert Counter(got) == Counter(job_ids)
