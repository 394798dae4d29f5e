"""A submission: the body of a request, judged against an analysis and made ready for the store."""

from typing import TypedDict, cast

import orjson
from marshmallow import Schema, ValidationError

from app.catalog import Analysis, Source, load_source
from app.submitting.bodies import FILE_FIELD, Body
from app.submitting.pointers import refuse_fields
from jobs.input import Input, pack
from jobs.job import Priority, new_id
from jobs.record import Submission
from jobs.settings import Settings

#: What is wrong, keyed by path as marshmallow nests it.
Errors = dict[str, object]


class _Options(TypedDict, total=False):
    """The options as their schema loads them."""

    label: str
    seed: int
    priority: str
    timeout: float
    expires_in: float


def judge(body: Body, *, analysis: Analysis, options: Schema, settings: Settings, caller: str) -> Submission:
    """The job that the body asks for.

    Raises:
        Problem: fields of it are not valid; every one of them is named.

    """
    members = {name: value for name, value in body.members.items() if name not in body.errors}
    errors = dict(body.errors)
    source = _source(members, body=body, analysis=analysis, errors=errors)
    params = _params(members, analysis=analysis, errors=errors)
    chosen = _options(members, options=options, errors=errors)
    if errors:
        raise refuse_fields(errors)
    timeout = chosen.get("timeout", analysis.timeout)
    return Submission(
        id=new_id(),
        analysis=analysis.name,
        analysis_version=analysis.version,
        input=_packed(params, source),
        caller=caller,
        priority=Priority(chosen["priority"]),
        label=chosen["label"],
        seed=chosen["seed"],
        timeout=settings.timeout if timeout is None else timeout,
        expires_in=chosen.get("expires_in"),
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
        errors[FILE_FIELD] = ['Missing; send {"builtin": …}, {"records": …} or {"columns": …}, or a CSV file.']
        return None
    if body.upload is not None:
        return Source.csv(body.upload.content, body.upload.name)
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
    try:
        return cast("_Options", options.load(members))
    except ValidationError as error:
        errors.update(error.messages_dict)
        return {}


def _packed(params: dict[str, object], source: Source | None) -> bytes:
    described = None if source is None else {"kind": source.kind, "name": source.name}
    payload = b"" if source is None else source.payload or b""
    try:
        return pack(Input(params=params, source=described, payload=payload))
    except orjson.JSONEncodeError:
        # Only a hand-written schema lets through what nests deeper than the writer goes.
        raise refuse_fields({"params": ["Nested too deeply."]}) from None
