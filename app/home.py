"""The front page: where everything is, for programs and for people; and what each type of problem is."""

import orjson
from flask import Blueprint, Response, render_template, request

from app.answers import as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import analysis_summary, example_body
from app.problems import PROBLEM_TYPES, Problem
from app.urls import absolute, problem_path, run_path

blueprint = Blueprint("home", __name__)

#: The page has no scripts and loads nothing.
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


@blueprint.get("/")
@documented(
    Operation(
        answers={200: Answer(description="Links to everything; a page for browsers.", schema="Home", headers=("Vary",))}
    )
)
def home() -> Response:
    """Find everything."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json")
    answer = _page() if wanted == "text/html" else as_json(_links())
    answer.vary.add("Accept")
    return answer


@blueprint.get("/problems/<slug>")
@documented(
    Operation(
        answers={200: Answer(description="What this type of problem is.", schema="ProblemType")},
        problems=("not-found",),
    )
)
def problem_type(slug: str) -> Response:
    """Explain a type of problem."""
    known = PROBLEM_TYPES.get(slug)
    if known is None:
        raise Problem("not-found", f"There is no type of problem {slug[:64]!r}.")
    return as_json({"type": absolute(problem_path(slug)), "title": known.title, "status": known.status})


def _links() -> dict[str, object]:
    return {
        "service": "coatcheck",
        "links": {
            "self": absolute("/"),
            "analyses": absolute("/analysis"),
            "openapi": absolute("/openapi.json"),
            "ready": absolute("/readyz"),
            "alive": absolute("/livez"),
        },
        "analyses": [analysis_summary(analysis) for analysis in desk().catalog.values()],
    }


def _page() -> Response:
    analyses = [
        (
            analysis,
            absolute(run_path(analysis.name)),
            orjson.dumps(example_body(analysis), option=orjson.OPT_INDENT_2).decode(),
        )
        for analysis in desk().catalog.values()
    ]
    page = Response(render_template("home.html", analyses=analyses, root=absolute("/")), mimetype="text/html")
    page.headers["Content-Security-Policy"] = _PAGE_POLICY
    return page
