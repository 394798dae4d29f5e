"""The description of the API (OpenAPI 3.1), made from the routes, what views note, and the analyses' own schemas."""

import re
from importlib.metadata import PackageNotFoundError, version

from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from app.answers import as_json
from app.catalog import source_json_schema
from app.description.openapi_parts import parameters, responses, run_operation, run_params
from app.description.operations import Answer, Operation, documented, operation_of
from app.description.schemas import component_schemas
from app.desk import Desk, desk
from app.urls import absolute, run_path

blueprint = Blueprint("openapi", __name__)

#: The route that is described once for each analysis, because each has params of its own.
RUN = "/analysis/<name>/run"


@blueprint.get("/openapi.json")
@documented(Operation(answers={200: Answer(description="This description.")}))
def description() -> Response:
    """Describe this API."""
    servers = [{"url": absolute("").rstrip("/")}]
    return as_json({**describe(current_app, desk()).to_dict(), "servers": servers})


def describe(app: Flask, at: Desk) -> APISpec:
    """The description of every documented route of this application and every analysis of its catalog."""
    spec = APISpec(title="Coatcheck", version=_version(), openapi_version="3.1.0")
    for name, schema in {**component_schemas(), "Data": source_json_schema()}.items():
        spec.components.schema(name, schema)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        operation = operation_of(view)
        if operation is None:
            continue
        if rule.rule == RUN:
            _add_runs(spec, operation, at=at)
        else:
            _add(spec, rule, operation=operation, summary=_first_line(view.__doc__))
    return spec


def _version() -> str:
    try:
        return version("coatcheck-service")
    except PackageNotFoundError:
        return "0"


def _first_line(docstring: str | None) -> str:
    return (docstring or "").partition("\n")[0].rstrip(".")


def _add(spec: APISpec, rule: Rule, *, operation: Operation, summary: str) -> None:
    path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        said = {
            "operationId": f"{method.lower()}_{re.sub(r'[^A-Za-z]+', '_', path).strip('_') or 'home'}",
            "summary": summary,
            "parameters": parameters(rule.arguments, operation),
            "responses": responses(operation),
        }
        spec.path(path=path, operations={method.lower(): said})


def _add_runs(spec: APISpec, operation: Operation, *, at: Desk) -> None:
    for analysis in at.catalog.values():
        spec.components.schema(f"Params.{analysis.name}", run_params(analysis))
        spec.path(
            path=run_path(analysis.name), operations={"post": run_operation(analysis, operation, options=at.options)}
        )
