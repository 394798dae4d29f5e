"""Whether this process lives, and whether the service can take work."""

from typing import cast

from flask import Blueprint, Flask, Response, current_app

from app.answers import NO_STORE, as_json
from app.description.operations import Answer, Operation, documented
from app.desk import Desk, desk
from app.problems import Problem
from app.signals.readiness import StorageWatch
from jobs.errors import StoreUnavailable
from jobs.roster import Role, Roster

blueprint = Blueprint("health", __name__)

_EXTENSION = "coatcheck-storage-watch"

#: What is said where everything is as it should be.
_OK = "ok"


def register_health(app: Flask, desk: Desk) -> None:
    """Adds the routes, and what they look at."""
    app.extensions[_EXTENSION] = StorageWatch(desk.store.blobs)
    app.register_blueprint(blueprint)


@blueprint.get("/livez")
@documented(Operation(scope=None, answers={200: Answer(description="This process answers.", schema="Alive")}))
def livez() -> Response:
    """Tell that this process lives; asks nobody else."""
    return as_json({"status": "alive"}, headers=[NO_STORE])


@blueprint.get("/readyz")
@documented(
    Operation(
        scope=None,
        answers={
            200: Answer(
                description="Jobs are taken. Workers is how many live; warnings say what is not as it should be.",
                schema="Ready",
            )
        },
        problems=("not-ready",),
    )
)
def readyz() -> Response:
    """Tell whether the service can take jobs."""
    try:
        workers = len(Roster(desk().store).members(Role.WORKER))
    except StoreUnavailable as error:
        checks = {"redis": str(error)}
        raise Problem(
            "not-ready", "Redis can't be used now.", members={"checks": checks}, headers={"Retry-After": "1"}
        ) from None
    fault = cast("StorageWatch", current_app.extensions[_EXTENSION]).fault()
    checks = {"redis": _OK, "storage": fault or _OK}
    document = {"status": "ready", "checks": checks, "workers": workers, "warnings": _warnings(fault, workers)}
    return as_json(document, headers=[NO_STORE])


def _warnings(fault: str, workers: int) -> list[str]:
    """What keeps some jobs from their end, but not the service from taking, polling and answering the others."""
    warnings = []
    if fault:
        warnings.append(f"The file storage can't be used: {fault}; inputs and results that are large are refused.")
    if not workers:
        warnings.append("No worker lives; jobs wait until one does.")
    return warnings
