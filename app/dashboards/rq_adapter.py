"""What rq-dashboard is to use instead of its own: this service's connection to Redis, and JSON where RQ would unpickle.

It makes a connection for each request, without time-outs, from a URL that it also shows; and it reads some records with
RQ's default, pickle, by which whoever can write to Redis could run code here.
"""

from functools import partial
from typing import cast

from flask import Flask, current_app, url_for
from redis import Redis
from rq import Worker, requeue_job
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker
from rq_dashboard import web  # type: ignore[import-untyped]
from werkzeug.routing import BuildError


class JsonJob(Job):
    """A job of RQ's whose record is JSON, whatever is asked for."""

    def __init__(self, id: str | None = None, connection: Redis | None = None, serializer: object = None) -> None:  # noqa: A002
        super().__init__(id, connection, JSONSerializer)


class JsonWorkers:
    """RQ's workers, whose jobs are read as JSON."""

    @staticmethod
    def all(connection: Redis) -> list[BaseWorker]:
        """Every worker that RQ knows in this Redis."""
        return Worker.all(connection, job_class=JsonJob, serializer=JSONSerializer)


def adapt(app: Flask, redis: Redis, *, label: str) -> None:
    """Has the blueprint of rq-dashboard serve this application from this connection, which the pages call ``label``."""
    app.redis_conn = redis  # type: ignore[attr-defined]
    app.config["RQ_DASHBOARD_REDIS_URL"] = (label,)
    web.config.serializer = JSONSerializer
    web.from_url = _connection
    web.Job = JsonJob
    web.Worker = JsonWorkers
    web.requeue_job = partial(requeue_job, serializer=JSONSerializer)
    app.url_build_error_handlers.append(_url_of_static)


def _connection(*_url: object, **_options: object) -> tuple[None, Redis]:
    """Stands for the function that makes a connection: the second of a pair, the first is a Sentinel's."""
    return None, cast("Redis", current_app.redis_conn)  # type: ignore[attr-defined]


def _url_of_static(error: Exception, endpoint: str, values: dict[str, object]) -> str:
    """Its pages look for their icon in the application's static folder; this one has none."""
    if endpoint == "static" and isinstance(error, BuildError):
        return url_for("rq_dashboard.static", filename=str(values.get("filename", "")))
    raise error
