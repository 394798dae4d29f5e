"""`describe`: kinds of columns, figures against pandas, and tables with nothing ordinary in them."""

import math

import numpy as np
import orjson
import pandas as pd
import pytest
from recording_job import RecordingJob

from tasks import AnalysisError
from tasks.data.frame import read_frame
from tasks.data.source import Source, load_source
from tasks.describe.params import describe


def described(data: pd.DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    result = describe.run(data, job or RecordingJob(), describe.load(params))
    return orjson.loads(orjson.dumps(result))


def profile(values: list[object], **params: object) -> dict:
    return described(read_frame(load_source({"columns": {"x": values}})), **params)["profiles"][0]


KINDS = {
    "numeric": [1, 2.5, None],
    "boolean": [True, False, None],
    "datetime": ["2026-01-31", None, "2025-12-01"],
    "categorical": ["a", "b", "a", "b"],
    "text": ["one", "two", "three"],
    "empty": [None, None],
    "mixed": [1, "x", 2],
}


@pytest.mark.parametrize(("kind", "values"), KINDS.items(), ids=KINDS.keys())
def test_the_kind_of_a_column_is_recognised(kind: str, values: list[object]) -> None:
    assert profile(values)["kind"] == kind


TRICKY_KINDS = [
    (["1,5", "2,5", "3,5"], "text"),
    (["2026-13-45", "2026-01-01"], "text"),
    (["2026-01-31T12:00:00Z", "2026-01-31 13:00:00+01:00"], "datetime"),
    (["1", "2", "unknown"], "mixed"),
    ([True, 1, 2], "mixed"),
    (["A/5 21171", "113803", "PC 17599", "373450", "C 1", "D 2"], "text"),
]


@pytest.mark.parametrize(("values", "kind"), TRICKY_KINDS, ids=str)
def test_tricky_columns_have_the_kind_they_should(values: list[object], kind: str) -> None:
    assert profile(values)["kind"] == kind


def test_figures_of_a_numeric_column_are_those_of_pandas() -> None:
    frame = read_frame(load_source({"builtin": "wine"}))
    alcohol = frame["alcohol"]
    result = described(frame, quantiles=[0.1, 0.9])["profiles"][0]
    assert result == {
        "column": "alcohol",
        "kind": "numeric",
        "missing": 0,
        "missing_share": 0.0,
        "unique": alcohol.nunique(),
        "infinite": 0,
        "mean": alcohol.mean(),
        "std": alcohol.std(),
        "min": alcohol.min(),
        "max": alcohol.max(),
        "skew": alcohol.skew(),
        "quantiles": [
            {"quantile": 0.1, "value": alcohol.quantile(0.1)},
            {"quantile": 0.9, "value": alcohol.quantile(0.9)},
        ],
    }


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_are_those_of_pandas(method: str) -> None:
    frame = read_frame(load_source({"builtin": "wine"}))
    result = described(frame, correlation=method)["correlations"]
    numeric = frame.drop(columns="target")
    assert result["columns"] == list(numeric.columns)
    np.testing.assert_allclose(result["matrix"], numeric.corr(method=method).to_numpy(), rtol=0, atol=1e-12)


def test_the_table_as_a_whole_is_described() -> None:
    frame = pd.DataFrame({"a": [1, 1, None], "b": ["x", "x", None]})
    result = described(frame)
    assert {name: result[name] for name in ("rows", "columns", "duplicate_rows", "missing", "partial")} == {
        "rows": 3,
        "columns": 2,
        "duplicate_rows": 1,
        "missing": 2,
        "partial": False,
    }
    assert result["missing_share"] == pytest.approx(1 / 3)
    assert result["memory_bytes"] > 0


def test_top_values_are_counted_among_those_present() -> None:
    assert profile(["a", "b", "a", None], top=1)["top"] == [{"value": "a", "count": 2, "share": 2 / 3}]


def test_dates_are_repeated_as_written() -> None:
    result = profile(["2026-01-31", "2025-12-01", None])
    assert (result["min"], result["max"]) == ("2025-12-01", "2026-01-31")


def test_a_mixture_is_shown_by_two_cells() -> None:
    assert profile([1, 2, "x"])["mixture"] == "row 3 holds the text 'x', row 1 holds the number 1"


def test_numbers_written_as_text_are_pointed_out() -> None:
    assert profile(["1,5", "2,5"])["looks_numeric"] is True


def test_large_integers_stay_exact() -> None:
    assert profile([2**53 + 1, 0])["max"] == 2**53 + 1


def test_infinite_numbers_are_counted_and_left_out_of_the_figures() -> None:
    frame = read_frame(Source.csv(b"a\n1\n1e999\n3\n"))
    result = described(frame)["profiles"][0]
    assert (result["infinite"], result["mean"], result["max"]) == (1, 2.0, 3.0)


def test_undefined_figures_are_null() -> None:
    result = profile([1.5])
    assert (result["std"], result["skew"]) == (None, None)


def test_figures_that_overflow_are_null() -> None:
    assert profile([1.7e308, 1.7e308, -1.7e308])["std"] is None


def test_correlation_with_a_constant_is_null() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 1.0, 1.0]})
    assert described(frame)["correlations"]["matrix"] == [[1.0, None], [None, None]]


def test_correlations_of_a_wide_table_are_bounded_and_say_so() -> None:
    frame = pd.DataFrame(np.arange(303.0).reshape(3, 101), columns=[f"c{i}" for i in range(101)])
    result = described(frame)
    assert len(result["correlations"]["columns"]) == 100
    assert result["notes"] == ["Correlations cover the first 100 of 101 numeric columns."]


def test_only_the_columns_asked_for_are_described() -> None:
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    assert [one["column"] for one in described(frame, columns=["c", "a"])["profiles"]] == ["c", "a"]


def test_an_unknown_column_is_refused_with_the_near_one() -> None:
    with pytest.raises(AnalysisError, match=r"no column 'alcohl'\. Did you mean 'alcohol'\? Available: 'alcohol'"):
        described(read_frame(load_source({"builtin": "wine"})), columns=["alcohl"])


def test_the_names_that_a_refusal_lists_are_bounded() -> None:
    frame = pd.DataFrame([[0] * 50], columns=[f"c{i}" for i in range(50)])
    with pytest.raises(AnalysisError, match="'c9' and 40 more"):
        described(frame, columns=["nothing like it"])


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(AnalysisError, match="The table is empty"):
        described(pd.DataFrame({"a": []}))


def test_progress_is_reported_for_each_column() -> None:
    job = RecordingJob()
    described(pd.DataFrame({"a": [1], "b": [2]}), job)
    assert job.reports == [(0.5, "column 1 of 2"), (1.0, "column 2 of 2")]


def test_asked_to_finish_it_returns_the_columns_so_far() -> None:
    result = described(pd.DataFrame({"a": [1], "b": [2]}), RecordingJob(finish_after=1))
    assert result["partial"] is True
    assert [one["column"] for one in result["profiles"]] == ["a"]
    assert math.isclose(result["missing_share"], 0.0)
