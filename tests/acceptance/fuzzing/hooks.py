"""What schemathesis has to know that no schema can say; loaded by it, in a process of its own."""

import os
from uuid import uuid4

import schemathesis

#: Longest run of a job that says nothing of it, seconds: streams follow it to its end, and nobody wants its result.
SHORT = 0.2


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Two requests with the same Idempotency-Key are the same request: so each valid one gets a key of its own."""
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if is_valid and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = str(uuid4())
    # A wait is heeded, and a thousand of them would take their time.
    if "wait" in (case.headers or {}).get("Prefer", ""):
        case.headers["Prefer"] = "wait=0"
    for asked in _submissions_in(case):
        asked.setdefault("timeout", SHORT)
    return case


def _submissions_in(case: schemathesis.Case) -> list[dict[str, object]]:
    """What asks for a job in this request, as far as it has the form for it."""
    if not isinstance(case.body, dict):
        return []
    if case.path.endswith("/run"):
        return [case.body]
    items = case.body.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


@schemathesis.auth()
class Key:
    """The key of a caller who may do everything."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return os.environ["FUZZING_API_KEY"]

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"
