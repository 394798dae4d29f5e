"""What a proxy asks before it lets somebody in to what it guards, such as Flower (Caddy's ``forward_auth``).

Source: https://caddyserver.com/docs/caddyfile/directives/forward_auth
"""

from flask import Blueprint, Response, request
from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from app.access.callers import current_caller
from app.answers import NO_STORE
from app.dashboards.own_pages import comes_from_own_page
from app.description.operations import Answer, Operation, documented
from app.problems import Problem
from app.queries import read_query
from jobs.api_keys import Scope

blueprint = Blueprint("gate", __name__)

#: What a browser may ask of what is guarded wherever the reader comes from: it changes nothing.
_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})


class _Asked(Schema):
    scope = fields.String(
        validate=OneOf([Scope.ADMIN.value]),
        metadata={
            "description": "What whoever wants in must be allowed to do.",
            "schema": {"type": "string", "enum": [Scope.ADMIN.value]},
        },
    )


_ASKED = _Asked()


@blueprint.get("/authorize")
@documented(
    Operation(
        scope=Scope.ADMIN,
        by_session=True,
        answers={
            204: Answer(description="Let them in.", mimetype=""),
            303: Answer(
                description="A browser that has not signed in: the page to do so.", mimetype="", headers=("Location",)
            ),
        },
        query=_ASKED,
        problems=("invalid-query",),
    )
)
def authorize() -> Response:
    """Tell a proxy whether to let somebody in."""
    read_query(request, _ASKED, dict[str, object])
    _check_change()
    answer = Response(status=204, headers=[NO_STORE])
    # It has no body, so it is of no type.
    answer.headers.pop("Content-Type")
    return answer


def _check_change() -> None:
    """Refuses what another page has a browser change behind the proxy, which asks here by a GET whatever it is asked.

    Raises:
        Problem: it is such a request.

    """
    has_key = current_caller().key_id and "Authorization" in request.headers
    if request.headers.get("X-Forwarded-Method", "GET") in _LOOKING or has_key or comes_from_own_page():
        return
    raise Problem("cross-site-request", "Only pages of this host may change something here.")
