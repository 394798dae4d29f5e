"""The webhooks of a service as the API and the workers see them: from the outbox to an internal job, and once more."""

from typing import cast

import structlog

from jobs.connection import reaching_redis
from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.internal import internal_settings, internal_submission
from jobs.job import Job, new_id
from jobs.roster import Role, Roster
from jobs.store import Store
from jobs.webhook_endpoints import Endpoints
from jobs.webhook_log import Delivery, DeliveryLog, DeliveryState
from jobs.webhook_secrets import Secrets

log = structlog.get_logger(__name__)

#: The internal job that delivers a webhook.
DELIVER = "deliver_webhook"

#: How many jobs of the outbox one look takes on; the next one takes the rest.
MOST = 200

#: Attempts that a delivery has beside those of its schedule, for internal workers that die.
SPARE_ATTEMPTS = 5


class Webhooks:
    """The webhooks of the jobs of one store.

    A job that has ended and has a webhook is put into the outbox by the move that ended it, so none is forgotten. Here
    it becomes an internal job of an id that was fixed before; whoever looks at the outbox twice, or dies in between,
    makes no second one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.log = DeliveryLog(store)
        self.secrets = Secrets(store)
        self.endpoints = Endpoints(store)
        self._roster = Roster(store)
        #: Where the internal jobs are.
        self.internal = Store(internal_settings(store.settings))

    def dispatch(self) -> int:
        """Hands over what the outbox holds, the oldest first; returns how many jobs it took on.

        As long as no internal worker lives they wait in the outbox, each at most as long as its record is kept.

        Raises:
            StoreUnavailable: Redis is away; the next look finds the rest.

        """
        with reaching_redis():
            found = self._store.redis.zrange(self._store.keys.outbox, 0, MOST - 1, withscores=True)
        if not found:
            return 0
        if not self._somebody_delivers():
            self._forget()
            return 0
        for job_id, due in cast("list[tuple[bytes, float]]", found):
            self._hand_over(job_id.decode(), due=due)
        return len(found)

    def dispatch_soon(self, job: Job) -> None:
        """Hands this job over at once if the outbox has it, so that its webhook need not wait for the next look."""
        if not job.webhook:
            return
        try:
            with reaching_redis():
                due = self._store.redis.zscore(self._store.keys.outbox, job.id)
            if due is not None and self._somebody_delivers():
                self._hand_over(job.id, due=due)
        except StoreUnavailable as error:
            log.info("webhook.not_dispatched_yet", job=job.id, error=str(error))

    def delivery_of(self, job: Job) -> Delivery:
        """How the job's webhook stands. A delivery whose internal job has ended without a word has failed.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        delivery = self.log.find(job)
        if not job.is_final or not self._is_abandoned(delivery):
            return delivery
        # It may have said its word, or another may have begun, between the two looks.
        again = self.log.find(job)
        if again.id == delivery.id and self._is_abandoned(again):
            return again.given_up()
        return again

    def redeliver(self, job: Job) -> bool:
        """Delivers the webhook of a job that has ended once more; returns False where a delivery is pending.

        Raises:
            StoreUnavailable: Redis can't note it now.

        """
        delivery = self.delivery_of(job)
        if delivery.state is DeliveryState.PENDING:
            return False
        if not self.log.begin_again(job, after=delivery.id, delivery=new_id()):
            return False
        self.dispatch_soon(job)
        return True

    def _somebody_delivers(self) -> bool:
        return bool(self._roster.members(Role.INTERNAL))

    def _forget(self) -> None:
        """Drops from the outbox the jobs whose records have gone, which nobody can tell any more."""
        with reaching_redis():
            seconds, _ = self._store.redis.time()
            gone = seconds * 1000 - sum(self._store.retention)
            self._store.redis.zremrangebyscore(self._store.keys.outbox, "-inf", gone)

    def _hand_over(self, job_id: str, *, due: float) -> None:
        try:
            job = self._store.find(job_id)
        except NoSuchJob:
            log.info("webhook.dropped", job=job_id)
        else:
            self._submit(job, self.log.find(job))
        self._store.scripts.run("dispatched", [self._store.keys.outbox], [job_id, f"{due:.0f}"])

    def _submit(self, job: Job, delivery: Delivery) -> None:
        submission = internal_submission(
            DELIVER,
            {"job_id": job.id},
            job_id=delivery.id,
            # Each caller's deliveries take their turn beside other callers'.
            caller=job.caller,
            max_attempts=len(self._store.settings.webhook_retries) + 1 + SPARE_ATTEMPTS,
            request_id=job.request_id,
            trace=job.trace,
        )
        self.internal.submit(submission)

    def _is_abandoned(self, delivery: Delivery) -> bool:
        if delivery.state is not DeliveryState.PENDING or delivery.waiting:
            return False
        try:
            return self.internal.find(delivery.id).is_final
        except NoSuchJob:
            return True
