"""The front page: where everything is, for programs and for people; and what each type of problem is."""

import orjson
from flask import Blueprint, Response, render_template

from app.access.visitors import wants_page
from app.answers import as_json
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.documents import analysis_summary, example_body
from app.problem_advice import ADVICE
from app.problems import PROBLEM_TYPES, Problem
from app.urls import absolute, problem_path, run_path

blueprint = Blueprint("home", __name__)

#: The page has no scripts and loads nothing; its icon is a data URL.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/")
@documented(
    Operation(
        scope=None,
        answers={
            200: Answer(description="Links to everything; a page for browsers.", schema="Home", headers=("Vary",))
        },
    )
)
def home() -> Response:
    """Find everything."""
    answer = _page() if wants_page() else as_json(_links())
    answer.vary.add("Accept")
    return answer


@blueprint.get("/problems/<slug>")
@documented(
    Operation(
        scope=None,
        answers={
            200: Answer(
                description="What this type of problem is; a page for browsers.",
                schema="ProblemType",
                mimetype="application/json, text/html",
                headers=("Vary",),
            )
        },
        problems=("not-found",),
    )
)
def problem_type(slug: str) -> Response:
    """Explain a type of problem."""
    known = PROBLEM_TYPES.get(slug)
    if known is None:
        raise Problem("not-found", f"There is no type of problem {slug[:64]!r}.")
    about = {"title": known.title, "status": known.status, "advice": ADVICE[slug]}
    if wants_page():
        answer = _as_page(render_template("problem.html", slug=slug, root=absolute("/"), **about))
    else:
        answer = as_json({"type": absolute(problem_path(slug)), **about})
    answer.vary.add("Accept")
    return answer


def _links() -> dict[str, object]:
    return {
        "service": "coatcheck",
        "links": {
            "self": absolute("/"),
            "analyses": absolute("/analysis"),
            "jobs": absolute("/jobs"),
            "datasets": absolute("/datasets"),
            "webhooks": absolute("/webhooks"),
            "openapi": absolute("/openapi.json"),
            "docs": absolute("/docs"),
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
    settings = desk().settings
    return _as_page(
        render_template(
            "home.html",
            analyses=analyses,
            root=absolute("/"),
            is_open=settings.open,
            has_dashboards=settings.engine == "rq" or settings.flower_behind_proxy,
        )
    )


def _as_page(text: str) -> Response:
    page = Response(text, mimetype="text/html")
    page.headers["Content-Security-Policy"] = _PAGE_POLICY
    return page
