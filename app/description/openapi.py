"""The description of the API (OpenAPI 3.1), made from the routes, what views note, and the analyses' own schemas.

Source: https://spec.openapis.org/oas/v3.1.0
"""

import re
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version

from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from app.answers import as_json
from app.catalog import Analysis, source_json_schema
from app.description.headers import ANSWERED, heeded
from app.description.json_schema import without_nul
from app.description.operations import Answer, Operation, documented, operation_of
from app.description.parameters import in_path, in_query
from app.description.responses import responses
from app.description.schemas import component_schemas
from app.description.submitting import batch_body, job_schema, params_schema, run_body
from app.desk import Desk, desk
from app.urls import absolute

blueprint = Blueprint("openapi", __name__)

#: The routes that are described for each analysis, because each has params of its own; and what makes their bodies.
OF_ANALYSES: Mapping[str, tuple[str, Callable[[Analysis, Operation], dict[str, object]]]] = {
    "/analysis/<name>/run": ("run", run_body),
    "/analysis/<name>/batch": ("batch", batch_body),
}

#: What the operations are about, by the blueprint that has them.
TAGS: Mapping[str, str] = {
    "analyses": "The catalog, and handing in jobs.",
    "queued": "Polling a job.",
    "results": "The outcome of a job.",
    "jobs": "Single jobs.",
    "lists": "Lists of jobs.",
    "batches": "Many jobs at once.",
    "events": "What happens to a job.",
    "datasets": "Tables that are kept.",
    "attachments": "Figures and files of a result.",
    "webhooks": "Being told.",
    "sign_in": "Getting into the dashboards by a browser.",
    "gate": "Guarding what is beside this service.",
    "health": "Whether the service works.",
    "metrics": "What to watch.",
    "home": "Finding the way.",
    "openapi": "This description.",
    "docs": "This description for people.",
}

_EXTENSION = "coatcheck-description"

#: The name of the scheme by which keys are sent.
KEY_SCHEME = "ApiKey"

#: How keys are sent (RFC 6750).
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, `ck_…`; its scopes are submit, read and admin. An open service takes none, too.",
}


@blueprint.get("/openapi.json")
@documented(Operation(scope=None, answers={200: Answer(description="This description.")}))
def description() -> Response:
    """Describe this API."""
    said = current_app.extensions.get(_EXTENSION)
    if said is None:
        # It takes a tenth of a second to make, and stays the same for as long as the process lives.
        said = current_app.extensions[_EXTENSION] = describe(current_app, desk()).to_dict()
    return as_json({**said, "servers": [{"url": absolute("/").rstrip("/")}]})


def describe(app: Flask, at: Desk) -> APISpec:
    """The description of every documented route of this application and every analysis of its catalog."""
    used = {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules()}
    spec = APISpec(
        title="Coatcheck",
        version=_version(),
        openapi_version="3.1.0",
        info={"description": "Hand in the work, get a ticket, pick up the result."},
        tags=[{"name": name, "description": text} for name, text in TAGS.items() if name in used],
    )
    _add_components(spec, at)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is None or not operation.described:
            continue
        if rule.rule in OF_ANALYSES:
            _add_for_each_analysis(spec, rule, operation, at=at)
        else:
            summary = _first_line(app.view_functions[rule.endpoint].__doc__)
            _add(spec, rule, {"summary": summary, **_said(rule, operation, at=at)})
    return spec


def _version() -> str:
    try:
        return version("coatcheck-service")
    except PackageNotFoundError:
        return "0"


def _first_line(docstring: str | None) -> str:
    return (docstring or "").partition("\n")[0].rstrip(".")


def _add_components(spec: APISpec, at: Desk) -> None:
    for name, schema in {**component_schemas(), "Data": without_nul(source_json_schema())}.items():
        spec.components.schema(name, schema)
    for analysis in at.catalog.values():
        spec.components.schema(f"Params.{analysis.name}", without_nul(params_schema(analysis)))
        spec.components.schema(f"Submission.{analysis.name}", without_nul(job_schema(analysis, at.options)))
    for name, header in ANSWERED.items():
        spec.components.header(name, dict(header))
    spec.components.security_scheme(KEY_SCHEME, dict(_SCHEME))


def _add(spec: APISpec, rule: Rule, said: dict[str, object]) -> None:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        name = f"{method.lower()}_{re.sub(r'[^A-Za-z]+', '_', path).strip('_') or 'home'}"
        spec.path(path=path, operations={method.lower(): {"operationId": name, **said}})


def _add_for_each_analysis(spec: APISpec, rule: Rule, operation: Operation, *, at: Desk) -> None:
    verb, body_of = OF_ANALYSES[rule.rule]
    for analysis in at.catalog.values():
        said = {
            "operationId": f"{verb}_{analysis.name}",
            "summary": analysis.summary if verb == "run" else f"Many at once: {analysis.summary}",
            "description": analysis.description,
            **_said(rule, operation, at=at),
            "parameters": heeded(operation.heeds),
            "requestBody": body_of(analysis, operation),
        }
        spec.path(path=rule.rule.replace("<name>", analysis.name), operations={"post": said})


def _said(rule: Rule, operation: Operation, *, at: Desk) -> dict[str, object]:
    """What is said alike of every operation."""
    said: dict[str, object] = {
        "tags": [rule.endpoint.partition(".")[0]],
        "security": _security(operation, is_open=at.settings.open),
        "parameters": [*in_path(sorted(rule.arguments)), *in_query(operation.query), *heeded(operation.heeds)],
        "responses": responses(operation),
    }
    return {**said, "requestBody": operation.body} if operation.body else said


def _security(operation: Operation, *, is_open: bool) -> list[dict[str, list[str]]]:
    """A key with the operation's scope; or nothing, where it is public or the service open."""
    if operation.scope is None:
        return []
    keyed: list[dict[str, list[str]]] = [{KEY_SCHEME: [operation.scope]}]
    return [{}, *keyed] if is_open else keyed
