"""What a proxy asks before it lets somebody in to what it guards, such as Flower (Caddy's ``forward_auth``).

Source: https://caddyserver.com/docs/caddyfile/directives/forward_auth
"""

from flask import Blueprint, Response, request
from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from app.answers import NO_STORE
from app.description.operations import Answer, Operation, documented
from app.queries import read_query
from jobs.api_keys import Scope

blueprint = Blueprint("gate", __name__)


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
    answer = Response(status=204, headers=[NO_STORE])
    # It has no body, so it is of no type.
    answer.headers.pop("Content-Type")
    return answer
