"""JSON Schemas of jobs, what happens to them, and batches of them."""

from app.description.json_schema import (
    COUNT,
    MAYBE_MOMENT,
    MOMENT,
    TEXT,
    URL,
    JsonSchema,
    list_of,
    object_of,
    or_null,
    properties_of,
    said,
)
from jobs.job import Cause, JobStatus, Priority


def job() -> JsonSchema:
    """The job document."""
    schema = object_of(
        id={"type": "string", "format": "uuid", "description": "UUIDv7."},
        analysis=TEXT,
        analysis_version=TEXT,
        status={"type": "string", "enum": [*JobStatus]},
        message=said(TEXT, "The last line that the analysis logged."),
        progress={"type": ["number", "null"], "minimum": 0, "maximum": 100, "description": "Percent."},
        stage=said(TEXT, "What the analysis is doing."),
        queue_position={"type": ["integer", "null"], "minimum": 0, "description": "How many jobs are taken before."},
        eta=said(MAYBE_MOMENT, "When it will be done, as far as one can guess."),
        attempt=COUNT,
        retry_of={"type": ["string", "null"], "format": "uuid", "description": "The job whose input it runs again."},
        batch={"type": ["string", "null"], "format": "uuid", "description": "The batch that it belongs to."},
        dataset={"type": ["string", "null"], "format": "uuid", "description": "The data set that it reads."},
        created=MOMENT,
        started=MAYBE_MOMENT,
        updated=MOMENT,
        finished=MAYBE_MOMENT,
        expires=said(MAYBE_MOMENT, "When its result goes."),
        label=TEXT,
        seed=COUNT,
        priority={"type": "string", "enum": [*Priority]},
        metrics=or_null(_metrics()),
        error=or_null(_failure()),
        figures=list_of(_attachment()),
        files=list_of(_attachment()),
        links=_job_links(),
    )
    return {**schema, "additionalProperties": False}


def _job_links() -> JsonSchema:
    schema = object_of(self=URL, status=URL, result=URL, events=URL, logs=URL)
    more = {"webhook": said(URL, "How its webhook stands, where it has one.")}
    return {**schema, "properties": {**properties_of(schema), **more}}


def _attachment() -> JsonSchema:
    return object_of(
        name=TEXT,
        title=TEXT,
        media_type=TEXT,
        size={"type": "integer", "minimum": 0, "description": "Bytes."},
        links=object_of(self=URL),
    )


def _metrics() -> JsonSchema:
    return object_of(
        wall={"type": "number", "description": "Wall-clock time, seconds."},
        cpu={"type": "number", "description": "CPU time, seconds."},
        peak_memory={"type": "integer", "description": "Highest resident memory of its process, bytes."},
    )


def _failure() -> JsonSchema:
    return object_of(
        code={"type": "string", "enum": ["analysis-rejected-input", "analysis-failed"]},
        message=TEXT,
        cause={"type": "string", "enum": [*Cause]},
    )


def event() -> JsonSchema:
    """One event of a job's stream, as its fields are parsed."""
    return object_of(
        id={"type": "string", "pattern": "^[0-9]+$", "description": "From 1, without a gap."},
        event={"type": "string", "enum": ["status", "progress", "log", "completed"]},
        data={"type": "string", "contentMediaType": "application/json"},
    )


def batch() -> JsonSchema:
    """A batch and its jobs."""
    statuses = [*JobStatus, "gone"]
    return object_of(
        id={"type": "string", "format": "uuid"},
        analysis=TEXT,
        status={"enum": ["active", "ended"], "description": "Whether one of its jobs waits or runs."},
        created=MOMENT,
        counts=object_of(**{str(status): COUNT for status in statuses}),
        jobs=list_of(
            object_of(
                id={"type": "string", "format": "uuid"},
                status={"type": "string", "enum": statuses, "description": "gone: purged, or expired."},
                links=object_of(self=URL),
            )
        ),
        links=object_of(self=URL, jobs=URL),
    )
