"""The analyses: what there is, and handing in a job for one."""

from flask import Blueprint, Response, request

from app.access.callers import caller
from app.answers import as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import analysis_document, analysis_summary
from app.intake import ENDED_IN_TIME, HANDING_IN, hand_in, replay
from app.submitting.bodies import read_body
from app.submitting.idempotency import idempotency_of
from jobs.api_keys import Scope

blueprint = Blueprint("analyses", __name__)


@blueprint.get("/analysis")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="Every analysis of the catalog.", schema="Analyses")},
    )
)
def catalog() -> Response:
    """List the analyses."""
    return as_json({"analyses": [analysis_summary(analysis) for analysis in desk().catalog.values()]})


@blueprint.get("/analysis/<name>")
@documented(
    Operation(
        scope=Scope.READ,
        answers={200: Answer(description="The analysis and the JSON Schema of its params.", schema="Analysis")},
        problems=("no-such-analysis",),
    )
)
def show(name: str) -> Response:
    """Show an analysis, its params and an example."""
    analysis = desk().analysis(name)
    return as_json(analysis_document(analysis, usual=desk().pace.usual(analysis.name)))


@blueprint.post("/analysis/<name>/run")
@documented(
    Operation(
        scope=Scope.SUBMIT,
        answers={
            202: Answer(
                description="Accepted; poll the Location.",
                schema="Job",
                headers=("Location", "Operation-Location", "Retry-After"),
            ),
            303: ENDED_IN_TIME,
        },
        problems=(
            "no-such-analysis",
            "malformed-body",
            "request-timeout",
            "body-too-large",
            "unsupported-media-type",
            "invalid-request",
            *HANDING_IN,
        ),
        heeds=("Idempotency-Key", "Prefer"),
    )
)
def run(name: str) -> Response:
    """Hand in a job."""
    at = desk()
    judge = at.judge(name)
    body = read_body(request)
    idempotency = idempotency_of(request, caller=caller(), body=body)
    return replay(idempotency) or hand_in(judge.accept(body), idempotency=idempotency)
