"""A submission: the body of a request, judged against an analysis and made ready for the store."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict, cast

import orjson
from marshmallow import Schema, ValidationError

from app.catalog import MEDIA_TYPES, Analysis, Format, Source, load_source
from app.signals.request_log import current_request_id
from app.submitting.bodies import FILE_FIELD, Body
from app.submitting.payload_log import log_payload
from app.submitting.pointers import refuse_fields
from jobs.datasets import Dataset
from jobs.input import Input, pack
from jobs.job import Priority, new_id
from jobs.record import Submission
from jobs.settings import Settings
from jobs.tracing import traceparent

#: What is wrong, keyed by path as marshmallow nests it.
Errors = dict[str, object]


class _Options(TypedDict, total=False):
    """The options as their schema loads them."""

    label: str
    seed: int
    priority: str
    timeout: float
    expires_in: float
    webhook: str


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What a body is judged by."""

    analysis: Analysis
    #: The schema of the options.
    options: Schema
    settings: Settings
    #: Whose the job will be.
    caller: str
    #: The URL of this service as its client reached it.
    base_url: str
    #: The caller's data set of an id; raises DatasetGone where there is none that can be used.
    dataset: Callable[[str], Dataset]

    def accept(self, body: Body) -> Submission:
        """The job that the body asks for.

        Raises:
            Problem: fields of it are not valid; every one of them is named.
            DatasetGone: it names a data set that is not there.

        """
        judged = self.judge(body)
        if isinstance(judged, Submission):
            return judged
        raise refuse_fields(judged)

    def judge(self, body: Body) -> Submission | Errors:
        """The job that the body asks for, or what is wrong with it.

        Raises:
            DatasetGone: it names a data set that is not there.

        """
        judged = _judged(body, self)
        if self.settings.log_payloads and isinstance(judged, Submission):
            log_payload(judged, body)
        return judged


def _judged(body: Body, by: Judge) -> Submission | Errors:
    analysis, settings = by.analysis, by.settings
    members = {name: value for name, value in body.members.items() if name not in body.errors}
    errors = dict(body.errors)
    source = _source(members, body=body, analysis=analysis, errors=errors)
    params = _params(members, analysis=analysis, errors=errors)
    chosen = _options(members, options=by.options, errors=errors)
    if errors:
        return errors
    timeout = chosen.get("timeout", analysis.timeout)
    return Submission(
        id=new_id(),
        analysis=analysis.name,
        analysis_version=analysis.version,
        input=_packed(params, source, by=by),
        dataset=source.name or "" if source is not None and source.kind == "dataset" else "",
        caller=by.caller,
        base_url=by.base_url,
        request_id=current_request_id(),
        trace=traceparent(),
        priority=Priority(chosen["priority"]),
        label=chosen["label"],
        seed=chosen["seed"],
        timeout=settings.timeout if timeout is None else timeout,
        expires_in=chosen.get("expires_in"),
        webhook=chosen.get("webhook", ""),
        webhook_delivery=new_id() if "webhook" in chosen else "",
        max_attempts=settings.max_attempts if analysis.max_attempts is None else analysis.max_attempts,
    )


def _source(members: dict[str, object], *, body: Body, analysis: Analysis, errors: Errors) -> Source | None:
    given = FILE_FIELD in members or body.upload is not None
    data = members.pop(FILE_FIELD, None)
    if FILE_FIELD in errors:
        return None
    if not analysis.takes_data:
        if given:
            errors[FILE_FIELD] = ["This analysis takes no data."]
        return None
    if not given:
        errors[FILE_FIELD] = [
            'Missing; send {"builtin": …}, {"records": …}, {"columns": …}, {"dataset": …}, or a file.'
        ]
        return None
    if body.upload is not None:
        return Source.file(body.upload.content, body.upload.name, body.upload.media_type)
    try:
        return load_source(data)
    except ValidationError as error:
        errors[FILE_FIELD] = error.messages
        return None


def _params(members: dict[str, object], *, analysis: Analysis, errors: Errors) -> dict[str, object]:
    """The params as they were sent; they are loaded again where the analysis runs, so that defaults are those there."""
    params = members.pop("params", {})
    if "params" in errors:
        return {}
    if not isinstance(params, dict):
        errors["params"] = ["Not an object."]
        return {}
    try:
        analysis.load(params)
    except ValidationError as error:
        errors["params"] = error.messages
    return params


def _options(members: dict[str, object], *, options: Schema, errors: Errors) -> _Options:
    if not members:
        return _defaults(options)
    try:
        return cast("_Options", options.load(members))
    except ValidationError as error:
        errors.update(error.messages_dict)
        return {}


@lru_cache(maxsize=8)
def _defaults(options: Schema) -> _Options:
    """The options of a body that names none."""
    return cast("_Options", options.load({}))


def _packed(params: dict[str, object], source: Source | None, *, by: Judge) -> bytes:
    described = None if source is None else _described(source, by=by)
    payload = b"" if source is None else source.payload or b""
    try:
        return pack(Input(params=params, source=described, payload=payload))
    except orjson.JSONEncodeError:
        # Only a hand-written schema lets through what nests deeper than the writer goes.
        raise refuse_fields({"params": ["Nested too deeply."]}) from None


def _described(source: Source, *, by: Judge) -> dict[str, str | None]:
    """What the worker is told of the data beside their bytes; of a data set all that it needs to read it."""
    if source.kind == "file":
        return {"kind": source.kind, "name": source.name, "media_type": source.media_type}
    if source.kind != "dataset":
        return {"kind": source.kind, "name": source.name}
    dataset = by.dataset(source.name or "")
    media_type = MEDIA_TYPES[Format(dataset.content.format)]
    return {"kind": source.kind, "name": dataset.name, "media_type": media_type, "blob": dataset.content.blob}
