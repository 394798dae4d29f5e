"""What schemathesis has to know that no schema can say; loaded by it, in a process of its own."""

import atexit
import json
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import schemathesis

#: Longest run of a job that says nothing of it, seconds: nobody wants its result.
LONGEST_RUN = 0.2

#: How long such a job may wait, seconds: a thousand at once must not keep those behind them from their turn.
LONGEST_WAIT = 2.0

#: Where webhooks go: to a name that no resolver knows (RFC 6761).
NOWHERE = "https://webhook.invalid"

#: Scheme and host of a URL, as far as nothing is wrong with them: what is wrong with it has to stay.
_HOST = re.compile(r"\A[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9.-]+")

#: A longer URL is refused, and has to stay as long.
_LONGEST_URL = 2048

#: How long the service may take to cancel a job on the busiest of machines, seconds.
PATIENCE = 60.0

#: How often each status was answered.
_answers: Counter[int] = Counter()


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, object]) -> None:
    """A text that fits a pattern and breaks a format is sought for ten seconds an operation, most often in vain."""
    _simplify(raw_schema)


def _simplify(part: object) -> None:
    if isinstance(part, dict):
        if "pattern" in part and isinstance(part.get("format"), str):
            del part["format"]
        if part.get("title") == "Webhook":
            part["examples"] = [NOWHERE]
        for each in part.values():
            _simplify(each)
    elif isinstance(part, list):
        for each in part:
            _simplify(each)


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Whatever is asked for is over soon, and nobody outside hears of it."""
    for asked in _submissions_in(case):
        asked.setdefault("timeout", LONGEST_RUN)
        asked.setdefault("expires_in", LONGEST_WAIT)
        url = asked.get("webhook")
        if isinstance(url, str) and len(url) <= _LONGEST_URL:
            asked["webhook"] = NOWHERE if _is_valid(case) else re.sub(_HOST, NOWHERE, url)
    return case


# It sees examples too; yet a body that is changed here is judged anew by schemathesis, which can't judge a form.
@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, object]) -> None:
    """No request waits for a job, and each that is valid is a request of its own."""
    headers = case.headers or {}
    if _is_valid(case) and "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid4())
    if "wait" in headers.get("Prefer", ""):
        headers["Prefer"] = "wait=0"
    if case.path.endswith("/events"):
        _end(str((case.path_parameters or {}).get("job_id")))


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Counts the answers, for a service that refuses everything contradicts nothing."""
    _answers[response.status_code] += 1


@atexit.register
def tell_answers() -> None:
    """Writes how often each status was answered."""
    Path(os.environ["FUZZING_ANSWERS"]).write_text(json.dumps(dict(sorted(_answers.items()))))


def _is_valid(case: schemathesis.Case) -> bool:
    """Whether the request is meant to fit the description."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def _submissions_in(case: schemathesis.Case) -> list[dict[str, Any]]:
    """What asks for a job in this request, as far as it has the form for it."""
    if not isinstance(case.body, dict):
        return []
    if case.path.endswith("/run"):
        return [case.body]
    items = case.body.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _end(job_id: str) -> None:
    """Cancels a job that is about to be followed: its stream lasts until it ends, and many may wait before it."""
    with suppress(ValueError):
        key = {"Authorization": f"Bearer {os.environ['FUZZING_API_KEY']}"}
        httpx.delete(f"{os.environ['FUZZING_URL']}/jobs/{UUID(job_id)}", headers=key, timeout=PATIENCE)


@schemathesis.auth()
class Key:
    """The key of a caller who may do everything."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return os.environ["FUZZING_API_KEY"]

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
