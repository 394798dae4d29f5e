"""The internal job that delivers a webhook: one call, its outcome in the delivery log, and when it is tried again."""

import random
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import structlog
from standardwebhooks import Webhook

from jobs.errors import NoSuchJob, StoreUnavailable
from jobs.job import Job
from jobs.webhook_address import EndpointRefused, Reach, read_endpoint
from jobs.webhook_endpoints import Endpoints
from jobs.webhook_log import Call, Delivery, DeliveryLog, DeliveryState
from jobs.webhook_message import message_of
from jobs.webhook_secrets import Secret, Secrets
from tasks import analysis
from tasks.errors import RetryLater
from worker.internal.handle import InternalJob
from worker.internal.webhook_call import Answer, call

log = structlog.get_logger(__name__)

#: Statuses whose ``Retry-After`` is heeded.
_BUSY = (429, 503)

#: Longest wait that an endpoint may ask for, seconds; the schedule's own waits may be longer.
LONGEST_ASKED = 6 * 3600.0

#: By how much a wait is prolonged at most, by chance, so that what failed together doesn't come back together.
JITTER = 0.1


@analysis(retry_on=(StoreUnavailable,), example={"job_id": "01890a5d-ac96-774b-bcce-b302099a8057"})
def deliver_webhook(job: InternalJob, *, job_id: str) -> dict[str, str]:
    """Tell the end of a job to its webhook.

    Parameters
    ----------
    job_id
        The job that has ended.

    """
    try:
        ended = job.store.find(job_id)
    except NoSuchJob:
        return {"state": "expired"}
    delivery = DeliveryLog(job.store).find(ended)
    if delivery.id != job.claim.job.id:
        return {"state": "overtaken"}
    run = _Run(job=job, ended=ended, delivery=delivery)
    return {"state": run.deliver()}


class _Run:
    """One run of one delivery."""

    def __init__(self, *, job: InternalJob, ended: Job, delivery: Delivery) -> None:
        self._job = job
        self._ended = ended
        self._delivery = delivery
        self._endpoints = Endpoints(job.store)

    def deliver(self) -> DeliveryState:
        """How the webhook stands after this run.

        Raises:
            RetryLater: it was not taken, and it is tried again.

        """
        caller, url = self._ended.caller, self._ended.webhook
        if not self._delivery.again and self._endpoints.is_disabled(caller, url):
            return self._noted(DeliveryState.DISABLED)
        answer = self._called()
        status = answer.call.status
        log.info("webhook.called", job=self._ended.id, status=status, ms=answer.call.ms, error=answer.call.error)
        if status is not None and 200 <= status < 300:
            if self._delivery.again:
                self._endpoints.enable(caller, url)
            return self._noted(DeliveryState.DELIVERED, answer.call)
        if status == 410:
            self._endpoints.disable(caller, url)
            return self._noted(DeliveryState.DISABLED, answer.call)
        return self._put_off(answer)

    def _called(self) -> Answer:
        settings = self._job.settings
        content = message_of(self._ended)
        secret = Secrets(self._job.store).find(self._ended.caller)
        try:
            endpoint = read_endpoint(self._ended.webhook)
        except EndpointRefused as refused:
            return Answer(call=Call(status=None, ms=0, error=str(refused)))
        headers = headers_of(self._ended.webhook_delivery, content, secret=secret, at=datetime.now(UTC))
        return call(endpoint, content, headers, reach=Reach(settings.webhook_allow), within=settings.webhook_timeout)

    def _put_off(self, answer: Answer) -> DeliveryState:
        failed = _in_words(answer.call)
        schedule = self._job.settings.webhook_retries
        if self._delivery.tries >= len(schedule):
            return self._noted(DeliveryState.FAILED, failed)
        delay = delay_until_next(float(schedule[self._delivery.tries]), answer)
        self._noted(DeliveryState.PENDING, failed, next_in=delay)
        raise RetryLater(failed.error, delay=delay)

    def _noted(self, state: DeliveryState, made: Call | None = None, *, next_in: float | None = None) -> DeliveryState:
        tries = self._delivery.tries + (made is not None)
        written = DeliveryLog(self._job.store).note(
            self._ended, state, by=self._job.claim, tries=tries, call=made, next_in=next_in
        )
        if not written:
            log.warning("webhook.not_noted", job=self._ended.id, state=state)
        return state


def headers_of(message_id: str, content: bytes, *, secret: Secret, at: datetime) -> list[tuple[str, str]]:
    """The headers of an attempt at this moment, signed with every secret that is good now.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    good = [secret.text, secret.previous] if secret.previous else [secret.text]
    signatures = [Webhook(each).sign(message_id, at, content.decode()) for each in good]
    return [
        ("Content-Type", "application/json"),
        ("User-Agent", f"Coatcheck/{_version()}"),
        ("webhook-id", message_id),
        ("webhook-timestamp", str(int(at.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
    ]


def delay_until_next(scheduled: float, answer: Answer) -> float:
    """Seconds until the next attempt: what the schedule says, or longer where the endpoint asks for it."""
    asked = answer.retry_after if answer.call.status in _BUSY else None
    delay = max(scheduled, min(asked or 0.0, LONGEST_ASKED))
    return delay * (1 + JITTER * random.SystemRandom().random())


def _in_words(made: Call) -> Call:
    """The same with a sentence for an answer that is none of success."""
    if made.status is None:
        return made
    redirect = " A redirect is not followed; name the URL where it leads." if 300 <= made.status < 400 else ""
    return Call(status=made.status, ms=made.ms, error=f"The endpoint answered {made.status}.{redirect}")


def _version() -> str:
    try:
        return version("coatcheck-service")
    except PackageNotFoundError:
        return "0"
