"""The headers of the API's answers and of the requests that it heeds, as OpenAPI describes them."""

from collections.abc import Iterable, Mapping

from app.description.json_schema import JsonSchema
from app.submitting.idempotency import IDEMPOTENCY_KEY

#: The headers of answers by name.
ANSWERED: Mapping[str, JsonSchema] = {
    "Location": {"description": "Where to go on, absolute.", "schema": {"type": "string", "format": "uri"}},
    "Operation-Location": {
        "description": "The job's document, absolute; for pollers of long-running operations.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "Preference-Applied": {
        "description": "The wait that was preferred and is heeded (RFC 7240).",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
    "Link": {"description": "Related resources (RFC 8288).", "schema": {"type": "string"}},
    "ETag": {"description": "Strong validator of the result.", "schema": {"type": "string"}},
    "Vary": {"description": "The request headers that the answer depends on.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to send a key (RFC 6750).", "schema": {"type": "string"}},
    "Allow": {"description": "The methods that the URL knows.", "schema": {"type": "string"}},
    "Accept-Post": {"description": "The types of body that are taken.", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "The name of the file.", "schema": {"type": "string"}},
    "Accept-Ranges": {"description": "Whether a part of it can be asked for.", "schema": {"type": "string"}},
    "Content-Range": {"description": "Which part it is (RFC 9110).", "schema": {"type": "string"}},
    "X-Request-ID": {
        "description": "By which the service's log knows the request; the one that was sent, or a fresh one.",
        "schema": {"type": "string"},
    },
}

#: The headers that answers with a type of problem carry.
OF_PROBLEMS: Mapping[str, tuple[str, ...]] = {
    "unauthorized": ("WWW-Authenticate",),
    "forbidden": ("WWW-Authenticate",),
    "result-not-ready": ("Retry-After", "Link"),
    "method-not-allowed": ("Allow",),
    "unsupported-media-type": ("Accept-Post",),
    "rate-limited": ("Retry-After",),
    "too-many-active-jobs": ("Retry-After",),
    "queue-full": ("Retry-After",),
    "store-unavailable": ("Retry-After",),
    "storage-unavailable": ("Retry-After",),
    "storage-full": ("Retry-After",),
    "picture-not-ready": ("Retry-After",),
    "range-not-satisfiable": ("Content-Range",),
    "not-ready": ("Retry-After",),
}

#: The headers of requests by name.
HEEDED: Mapping[str, JsonSchema] = {
    "Idempotency-Key": {
        "description": "Makes it safe to send the request again: the same key and body give the same job, for a day.",
        "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
    },
    "Prefer": {
        "description": "`wait=N`: answer when the job has ended, at most N (up to 30) seconds later (RFC 7240).",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
    "If-None-Match": {
        "description": "An ETag that the client has: 304 where nothing has changed.",
        "schema": {"type": "string"},
    },
    "Last-Event-ID": {
        "description": "The id of the last event that the client has seen; those since are told.",
        "schema": {"type": "string", "pattern": "^[0-9]{0,15}$"},
        "example": "17",
    },
    "Accept": {"description": "The type of answer that is preferred.", "schema": {"type": "string"}},
    "Range": {"description": "The part that is wanted (RFC 9110).", "schema": {"type": "string"}},
}


def answered(names: Iterable[str]) -> dict[str, JsonSchema]:
    """The headers of an answer, by reference; every answer has an ``X-Request-ID``."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys((*names, "X-Request-ID"))}


def heeded(names: Iterable[str]) -> list[JsonSchema]:
    """The headers of a request as parameters."""
    return [{"name": name, "in": "header", **HEEDED[name]} for name in names]
