"""The message that the scripts push against the one that the installed Celery publishes."""

from base64 import b64decode

import orjson
import pytest
from celery import Celery
from kombu.transport.redis import Channel

from jobs.job import STEPS, new_id
from jobs.queues.celery import SEPARATOR, CeleryQueue
from jobs.settings import Settings
from jobs.store import Store
from worker.broker import configuration

#: What differs from one process or message to the next; both sides have it, as text of the same kind.
FREE = {("headers", "origin"), ("properties", "delivery_tag"), ("properties", "reply_to")}


def published_by_celery(settings: Settings, store: Store, *, job_id: str, step: int) -> dict[str, object]:
    app = Celery("contract", set_as_current=False)
    app.conf.update(configuration(settings))

    @app.task(name="double")
    def double() -> None: ...

    app.tasks["double"].apply_async(task_id=job_id, priority=step)
    app.close()
    [message] = store.redis.lrange(store.queue.key(step), 0, -1)
    return decoded(message)


def decoded(message: bytes) -> dict[str, object]:
    """The message with its body as the JSON that it is, not as one of its spellings."""
    envelope = orjson.loads(message)
    return {**envelope, "body": orjson.loads(b64decode(envelope["body"]))}


@pytest.mark.parametrize("step", STEPS)
def test_the_message_is_what_celery_publishes_field_by_field(settings: Settings, store: Store, step: int) -> None:
    job_id = new_id()
    theirs = published_by_celery(settings, store, job_id=job_id, step=step)
    before, after = CeleryQueue(settings.namespace).message(job_id, analysis="double")
    ours = decoded(before + str(step).encode() + after)
    assert ours.keys() == theirs.keys()
    for part, value in theirs.items():
        if not isinstance(value, dict):
            assert ours[part] == value, part
            continue
        assert ours[part].keys() == value.keys()
        for field, expected in value.items():
            found = ours[part][field]
            assert type(found) is type(expected) if (part, field) in FREE else found == expected, (part, field)


def test_delivery_tags_are_unique() -> None:
    queue = CeleryQueue("coatcheck")
    messages = [b"0".join(queue.message("a", analysis="double")) for _ in range(100)]
    assert len({orjson.loads(message)["properties"]["delivery_tag"] for message in messages}) == 100


def test_the_separator_is_kombus() -> None:
    assert Channel.sep == SEPARATOR
