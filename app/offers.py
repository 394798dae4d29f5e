"""What OPTIONS says of a route beside its methods: which bodies it takes, and in which codings."""

from flask import Flask, Response, current_app, request

from app.description.operations import operation_of
from app.submitting.bodies import ACCEPTED
from app.submitting.encodings import ACCEPTED_CODINGS

#: The routes whose bodies are described for each analysis, and what they are.
_OF_ANALYSES = {"/analysis/<name>/run": ACCEPTED, "/analysis/<name>/batch": "application/json"}


def register_offers(app: Flask) -> None:
    """Completes Flask's own answers to OPTIONS."""
    app.after_request(_offer)


def _offer(response: Response) -> Response:
    if request.method != "OPTIONS" or response.status_code != 200:
        return response
    # It has no body, so it is of no type.
    response.headers.pop("Content-Type", None)
    taken = _taken()
    if taken:
        # RFC 7694, section 3, lets an answer say which codings a request may have.
        response.headers.update({"Accept-Post": taken, "Accept-Encoding": ACCEPTED_CODINGS})
    return response


def _taken() -> str:
    """The media types of the bodies that may be posted to this route; "" for none."""
    rule = request.url_rule
    if rule is None or rule.rule in _OF_ANALYSES:
        return _OF_ANALYSES[rule.rule] if rule else ""
    operation = operation_of(current_app.view_functions[rule.endpoint])
    content = operation.body.get("content") if operation and operation.body else None
    return ", ".join(content) if isinstance(content, dict) else ""
