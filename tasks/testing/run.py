"""One run of an analysis in a test: its input is judged, it computes, and its result goes through JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from tasks.data.source import Source, load_source
from tasks.framework.declaration import Analysis
from tasks.testing.outcome import Outcome, Report
from tasks.testing.recorder import Recorder

if TYPE_CHECKING:
    from pandas import DataFrame


def run(
    analysis: Analysis,
    *,
    data: DataFrame | Sequence[Mapping[str, object]] | Mapping[str, object] | str | Path | None = None,
    params: Mapping[str, object] | None = None,
    seed: int = 0,
    finish_after: int | None = None,
) -> Outcome:
    """Run an analysis as a worker does, without HTTP, Redis and processes, and return all that it gave.

    `data` is a table, the `data` of a request (`{"columns": {"x": [1, 2]}}`), a list of records, the name of a built-in
    set (`"iris"`) or the path of a CSV. `params` are what a client would send; the analysis' schema loads them.
    `seed` is the job's, and from `finish_after` progress reports on the job asks to finish early.

    Raises marshmallow.ValidationError, keyed by path below `data` and `params`, for what the service answers with 422
    before a job exists; tasks.AnalysisError for what the analysis refuses, also a CSV that can't be read;
    tasks.framework.result.ResultInvalid for a result that JSON can't hold; and whatever else the analysis raises.
    """
    if not isinstance(analysis, Analysis):
        raise TypeError(f"run() takes an analysis, not {analysis!r}; is @analysis missing?")
    loaded = _load(analysis, params=params or {}, has_data=data is not None)
    job = Recorder(seed=seed, finish_after=finish_after)
    result = _through_json(analysis.run(_table(data), job, loaded))
    told = zip(job.reports, job.scores, strict=True)
    return Outcome(
        result=result,
        progress=tuple(Report(fraction=fraction, stage=stage, scores=scores) for (fraction, stage), scores in told),
        log=tuple(job.lines),
        figures=job.figures,
        files=job.files,
    )


def _load(analysis: Analysis, *, params: Mapping[str, object], has_data: bool) -> dict[str, Any]:
    errors: dict[str, object] = {}
    if has_data and not analysis.takes_data:
        errors["data"] = ["This analysis takes no data."]
    if analysis.takes_data and not has_data:
        errors["data"] = ["Missing; this analysis takes a table."]
    try:
        loaded = analysis.load(_sent(params))
    except ValidationError as error:
        errors["params"] = error.messages
    if errors:
        raise ValidationError(errors)
    return loaded


def _sent(params: Mapping[str, object]) -> dict[str, object]:
    """The params as they arrive over HTTP, where a tuple is a list and a date is a text."""
    import orjson

    sent: dict[str, object] = orjson.loads(orjson.dumps(dict(params)))
    return sent


def _table(data: object) -> DataFrame | None:
    from pandas import DataFrame

    from tasks.data.frame import read_frame

    if data is None:
        return None
    if isinstance(data, DataFrame):
        # The analysis may change its table; the test's own stays as it is.
        return data.copy()
    return read_frame(_source(data))


def _source(data: object) -> Source:
    if isinstance(data, Path):
        return Source.file(data.read_bytes(), data.name)
    member = {"builtin": data} if isinstance(data, str) else data
    try:
        return load_source(member if isinstance(member, Mapping) else {"records": member})
    except ValidationError as error:
        raise ValidationError({"data": error.messages}) from None


def _through_json(result: object) -> Any:
    import orjson

    from tasks.framework.result import to_json

    return orjson.loads(to_json(result))
