"""RQ's dashboard below ``/rq``: the pages of rq-dashboard, on this service's Redis and behind its sign-in.

By itself rq-dashboard lets everybody do everything, and writes what stands in a URL into a script. So a guard looks at
each request before it does, and each page comes with a policy by which only the scripts run that it was sent with.

Source: https://github.com/Parallels/rq-dashboard
"""

import re
import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from importlib.util import find_spec

import structlog
from flask import Flask, Response, make_response, request

from app.dashboards.own_pages import comes_from_own_page
from app.description.operations import Answer, Operation, documented
from app.desk import Desk
from app.problems import Problem
from jobs.api_keys import Scope
from jobs.connection import reaching_redis

log = structlog.get_logger(__name__)

#: The path below which the pages are.
PREFIX = "/rq"

#: The name of rq-dashboard's blueprint.
_BLUEPRINT = "rq_dashboard"

#: What may stand in each place of its URLs; nothing else is anything that RQ could have here.
_TAKEN: Mapping[str, str] = {
    # There is one Redis.
    "instance_number": "0",
    "queue_name": r"[A-Za-z0-9_.:-]{1,200}",
    "registry_name": "queued|started|finished|failed|deferred|scheduled|canceled",
    "order": "asc|dsc",
    "per_page": r"[1-9]\d{0,2}",
    "page": r"[1-9]\d{0,8}",
    "job_id": r"[A-Za-z0-9_-]{1,100}",
}

#: What changes something by a GET, too.
_REQUEUE_ALL = f"{_BLUEPRINT}.requeue_all"

#: Its library compiles templates, which counts as eval; its styles stand in attributes.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def register_rq_pages(app: Flask, desk: Desk) -> None:
    """Adds the pages where rq-dashboard is installed.

    To be called when authentication is registered already: the guard comes after it.
    """
    if find_spec(_BLUEPRINT) is None:
        log.warning("rq-dashboard.missing", install="coatcheck-service[rq]")
        return
    from rq_dashboard.web import blueprint  # type: ignore[import-untyped]

    from app.dashboards.rq_adapter import adapt

    may_change = desk.settings.rq_dashboard_control
    adapt(app, desk.store.redis, label=desk.settings.namespace)
    app.config["RQ_DASHBOARD_DISABLE_DELETE"] = not may_change
    app.before_request(_Guard(may_change=may_change).check)
    app.register_blueprint(blueprint, url_prefix=PREFIX)
    for name, view in app.view_functions.items():
        if name.startswith(f"{_BLUEPRINT}."):
            app.view_functions[name] = _shown(view)


class _Guard:
    """Who looks at requests for these pages."""

    def __init__(self, *, may_change: bool) -> None:
        self._may_change = may_change

    def check(self) -> None:
        """Refuses what is none of the pages' own, and what changes something unless that is allowed.

        Raises:
            Problem: it is such a request.

        """
        if request.blueprint != _BLUEPRINT:
            return
        for name, value in (request.view_args or {}).items():
            if name in _TAKEN and not re.fullmatch(_TAKEN[name], str(value)):
                raise Problem("not-found", "RQ's dashboard has no such page.")
        if request.method not in ("GET", "HEAD", "OPTIONS") or request.endpoint == _REQUEUE_ALL:
            self._check_change()

    def _check_change(self) -> None:
        if request.method != "POST":
            raise Problem("method-not-allowed", "This changes something; POST it.", headers={"Allow": "POST"})
        if not self._may_change:
            raise Problem(
                "forbidden", "The dashboard only shows; COATCHECK_RQ_DASHBOARD_CONTROL lets it change things."
            )
        if not comes_from_own_page():
            raise Problem("cross-site-request", "Only the dashboard's own pages may change something.")


def _shown(view: Callable[..., object]) -> Callable[..., Response]:
    """The view for administrators, with the errors of this service and the policy of its pages."""
    from rq.exceptions import NoSuchJobError

    @documented(
        Operation(
            scope=Scope.ADMIN,
            by_session=True,
            described=False,
            answers={200: Answer(description="A page, or what it shows.", mimetype="text/html, application/json")},
            problems=("not-found", "cross-site-request"),
        )
    )
    @wraps(view)
    def show(**arguments: object) -> Response:
        try:
            with reaching_redis():
                return _with_policy(make_response(view(**arguments)))
        except NoSuchJobError:
            raise Problem("not-found", "RQ knows no such job, or no longer.") from None

    return show


def _with_policy(answer: Response) -> Response:
    if answer.mimetype == "text/html":
        nonce = secrets.token_urlsafe(16)
        # As it was sent: what its scripts put into the page later has no nonce, and does not run.
        answer.set_data(answer.get_data().replace(b"<script", f'<script nonce="{nonce}"'.encode()))
        answer.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    return answer
