"""Signing in: a browser shows an API key once and is known by a cookie from then on, at pages and nowhere else."""

from collections.abc import Mapping
from typing import cast

import structlog
from flask import Blueprint, Flask, Response, current_app, request
from marshmallow import Schema, fields

from app.access.authentication import caller_with_key
from app.access.callers import Caller
from app.access.visitors import cookie, drop_cookie, on_this_host, see_other, sessions, set_cookie
from app.dashboards.own_pages import FIELD, sends_own_form
from app.dashboards.sign_in_page import SIGN_IN, SIGN_OUT, show
from app.description.operations import Answer, Operation, documented
from app.problems import Problem
from app.urls import absolute
from jobs.api_keys import Scope
from jobs.failed_sign_ins import FailedSignIns

log = structlog.get_logger(__name__)

blueprint = Blueprint("sign_in", __name__)

_EXTENSION = "coatcheck-failed-sign-ins"

#: Largest form, bytes.
_LARGEST_FORM = 16 * 2**10

#: What is said of a form that another page sent, or that was open for an hour.
_NOT_OURS = "The form was open for too long, or another page sent it. Try again."


class _Wanted(Schema):
    next = fields.String(
        metadata={"description": "Where to go afterwards, a path of this service.", "schema": {"type": "string"}}
    )


def register_sign_in(app: Flask, failed: FailedSignIns) -> None:
    """Lets this application know how often signing in has failed from where."""
    app.extensions[_EXTENSION] = failed


def _page(description: str, *headers: str) -> Answer:
    return Answer(description=description, mimetype="text/html", headers=headers)


def _form(*names: str) -> Mapping[str, object]:
    """A form of these fields as OpenAPI describes it."""
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


@blueprint.get("/sign-in")
@documented(
    Operation(
        scope=None,
        answers={200: _page("A form for an API key; for who has signed in, where to go.")},
        query=_Wanted(),
        problems=("store-unavailable",),
    )
)
def page() -> Response:
    """Show the page to sign in by."""
    return show(next_page=request.args.get("next", ""))


@blueprint.post("/sign-in")
@documented(
    Operation(
        scope=None,
        answers={
            303: _page("Signed in, by a cookie that opens pages only.", "Location"),
            401: _page("The key is not valid; the form again.", "WWW-Authenticate"),
            403: _page("The key is no administrator's, or the form is not from the page; the form again."),
            429: _page("Too many tries from there have failed; the form again.", "Retry-After"),
        },
        body=_form("key", "next", FIELD),
        problems=("body-too-large", "store-unavailable"),
    )
)
def sign_in() -> Response:
    """Sign a browser in by an API key."""
    request.max_content_length = _LARGEST_FORM
    next_page = request.form.get("next", "")
    address = request.remote_addr or ""
    if wait := _failed().wait(address):
        log.warning("sign-in.refused", address=address, wait=wait)
        fault = f"Too many tries have failed. Try again in {wait} seconds."
        return show(fault, status=429, headers={"Retry-After": str(wait)}, next_page=next_page)
    if not sends_own_form(SIGN_IN, cookie("form")):
        return show(_NOT_OURS, status=403, next_page=next_page)
    try:
        caller = caller_with_key(request.form.get("key", "").strip())
    except Problem as refusal:
        _failed().note(address)
        log.warning("sign-in.failed", address=address)
        return show(refusal.detail, status=401, headers=refusal.headers, next_page=next_page)
    if not caller.may(Scope.ADMIN):
        return show("The key is good, but not for this: it lacks the scope admin.", status=403, next_page=next_page)
    return _begin(caller, next_page)


@blueprint.post("/sign-out")
@documented(
    Operation(
        scope=None,
        answers={
            303: _page("Signed out, or not signed in at all.", "Location"),
            403: _page("The form is not from the page; the page again."),
        },
        body=_form(FIELD),
        problems=("body-too-large", "store-unavailable"),
    )
)
def sign_out() -> Response:
    """Sign a browser out."""
    request.max_content_length = _LARGEST_FORM
    session = cookie("session")
    if session and not sends_own_form(SIGN_OUT, session):
        return show(_NOT_OURS, status=403)
    answer = see_other(absolute("/sign-in"))
    if session:
        key_id = sessions().key_id(session)
        sessions().end(session)
        drop_cookie(answer, "session")
        log.info("sign-out", key_id=key_id)
    return answer


def _begin(caller: Caller, next_page: str) -> Response:
    """Begins a session of its own, whatever the browser had before: somebody else may have put that there."""
    if former := cookie("session"):
        sessions().end(former)
    answer = see_other(on_this_host(next_page) or absolute("/sign-in"))
    set_cookie(answer, "session", sessions().begin(caller.key_id))
    drop_cookie(answer, "form")
    log.info("sign-in", caller=caller.name, key_id=caller.key_id)
    return answer


def _failed() -> FailedSignIns:
    return cast("FailedSignIns", current_app.extensions[_EXTENSION])
