"""Whether this process lives, and whether the service can take work."""

from flask import Blueprint, Response

from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.problems import Problem
from jobs.errors import StoreUnavailable

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
@documented(Operation(scope=None, answers={200: Answer(description="This process answers.", schema="Alive")}))
def livez() -> Response:
    """Tell that this process lives; asks nobody else."""
    return as_json({"status": "alive"}, headers=[NO_STORE])


@blueprint.get("/readyz")
@documented(
    Operation(
        scope=None,
        answers={200: Answer(description="Jobs are taken; workers is how many live.", schema="Ready")},
        problems=("not-ready",),
    )
)
def readyz() -> Response:
    """Tell whether the service can take jobs."""
    try:
        workers = desk().store.live_workers()
    except StoreUnavailable as error:
        checks = {"redis": str(error)}
        raise Problem(
            "not-ready", "Redis can't be used now.", members={"checks": checks}, headers={"Retry-After": "1"}
        ) from None
    return as_json({"status": "ready", "checks": {"redis": "ok"}, "workers": workers}, headers=[NO_STORE])
