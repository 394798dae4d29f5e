"""The description of the API for people: Swagger UI, served from the package that bundles it; nothing is loaded from
elsewhere.

Source: https://swagger.io/tools/swagger-ui/
"""

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, render_template, request, send_from_directory

from app.conditions import answer_by_condition
from app.description.operations import Answer, Operation, documented
from app.problems import Problem

blueprint = Blueprint("docs", __name__)

#: The parts of Swagger UI that the page needs.
ASSETS = ("start.js", "swagger-ui.css", "swagger-ui-bundle.js")

#: Nothing but this service's own files; Swagger UI styles its elements itself, and its icons are data URLs.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: How long a browser keeps the parts of the page, seconds.
_KEPT = 24 * 3600


@blueprint.get("/docs")
@documented(Operation(scope=None, answers={200: Answer(description="A page for browsers.", mimetype="text/html")}))
def page() -> Response:
    """Read and try the API in a browser."""
    answer = Response(render_template("docs.html"), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _PAGE_POLICY
    return answer


@blueprint.get("/docs/<asset>")
@documented(
    Operation(
        scope=None,
        answers={
            200: Answer(
                description="A part of the page.",
                mimetype="text/css, text/javascript",
                headers=("ETag",),
            ),
            304: Answer(description="The browser has it already.", mimetype="", headers=("ETag",)),
        },
        problems=("not-found",),
    )
)
def part(asset: str) -> Response:
    """Get a part of the page."""
    if asset == "start.js":
        answer = Response(render_template("docs.js"), mimetype="text/javascript")
    elif asset in ASSETS:
        answer = send_from_directory(_folder(), asset, max_age=_KEPT, conditional=False)
        answer = answer_by_condition(answer, request)
    else:
        raise Problem("not-found", "The page has no such part.")
    return answer


def _folder() -> Path:
    found = find_spec("flask_swagger_ui")
    if found is None or found.origin is None:
        raise Problem("not-found", "The page's viewer is not installed.")
    return Path(found.origin).parent / "dist"
