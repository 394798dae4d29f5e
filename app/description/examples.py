"""Examples of what the API answers; a test holds them against the schemas."""

from collections.abc import Mapping

from app.problems import PROBLEM_TYPES

_SERVICE = "https://coatcheck.example.com"
_JOB = "01997c3e-5f0a-7c21-9d5e-3b1f6a0c7d42"
_BATCH = "01997c3e-61b2-7a40-8c11-0f2e4d6b8a90"

#: An example of each of these component schemas.
EXAMPLES: Mapping[str, object] = {
    "Job": {
        "id": _JOB,
        "analysis": "train",
        "analysis_version": "1",
        "status": "running",
        "message": "",
        "progress": 40.0,
        "stage": "fold 2 of 5",
        "queue_position": None,
        "eta": "2026-11-21T12:00:09.300Z",
        "attempt": 1,
        "retry_of": None,
        "batch": None,
        "dataset": None,
        "created": "2026-11-21T12:00:00.120Z",
        "started": "2026-11-21T12:00:00.180Z",
        "updated": "2026-11-21T12:00:03.800Z",
        "finished": None,
        "expires": None,
        "label": "penguins",
        "seed": 0,
        "priority": "normal",
        "metrics": None,
        "error": None,
        "figures": [],
        "files": [],
        "links": {
            "self": f"{_SERVICE}/jobs/{_JOB}",
            "status": f"{_SERVICE}/queuedResource/{_JOB}/status",
            "result": f"{_SERVICE}/resource/{_JOB}/result",
            "events": f"{_SERVICE}/jobs/{_JOB}/events",
            "logs": f"{_SERVICE}/jobs/{_JOB}/logs",
        },
    },
    "Batch": {
        "id": _BATCH,
        "analysis": "train",
        "status": "active",
        "created": "2026-11-21T12:00:00.000Z",
        "counts": {
            "queued": 1,
            "running": 0,
            "canceling": 0,
            "succeeded": 0,
            "failed": 0,
            "canceled": 0,
            "gone": 0,
        },
        "jobs": [{"id": _JOB, "status": "queued", "links": {"self": f"{_SERVICE}/jobs/{_JOB}"}}],
        "links": {"self": f"{_SERVICE}/batches/{_BATCH}", "jobs": f"{_SERVICE}/jobs?batch={_BATCH}"},
    },
    "Logs": {"logs": [{"at": "2026-11-21T12:00:03.800Z", "message": "3 columns were dropped."}]},
}

#: Members of some types of problem beside those that all have.
_MEMBERS: Mapping[str, Mapping[str, object]] = {
    "invalid-request": {"errors": [{"path": "/params/folds", "message": "Must be at most 20."}]},
    "invalid-query": {"errors": [{"parameter": "limit", "message": "Must be at most 200."}]},
    "analysis-failed": {"cause": "timeout", "job": f"{_SERVICE}/jobs/{_JOB}"},
    "analysis-rejected-input": {"cause": "rejected", "job": f"{_SERVICE}/jobs/{_JOB}"},
    "result-expired": {"expired_at": "2026-11-22T12:00:00.000Z", "job": f"{_SERVICE}/jobs/{_JOB}"},
}


def problem_example(slug: str) -> dict[str, object]:
    """A problem of this type."""
    known = PROBLEM_TYPES[slug]
    return {
        "type": f"{_SERVICE}/problems/{slug}",
        "title": known.title,
        "status": known.status,
        "detail": f"{known.title}.",
        **_MEMBERS.get(slug, {}),
    }
