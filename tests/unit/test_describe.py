"""`describe`: kinds of columns, figures against pandas and scipy, and tables with nothing ordinary in them."""

import math
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from recording_job import RecordingJob
from scipy.stats import chi2_contingency, f_oneway

from tasks import AnalysisError
from tasks.data.frame import read_frame
from tasks.data.source import Source, load_source
from tasks.describe import associations
from tasks.describe.params import describe

PENGUINS = Path(__file__).parents[1] / "data" / "penguins_like.csv"


def described(data: pd.DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    result = describe.run(data, job or RecordingJob(), describe.load(params))
    return orjson.loads(orjson.dumps(result))


@pytest.fixture(scope="module")
def penguins() -> pd.DataFrame:
    return read_frame(Source.csv(PENGUINS.read_bytes()))


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
        "unique_share": alcohol.nunique() / len(alcohol),
        "singletons": int((alcohol.value_counts() == 1).sum()),
        "infinite": 0,
        "zeros": 0,
        "negative": 0,
        "mean": alcohol.mean(),
        "std": alcohol.std(),
        "min": alcohol.min(),
        "max": alcohol.max(),
        "skew": alcohol.skew(),
        "kurtosis": alcohol.kurt(),
        "quantiles": [
            {"quantile": 0.1, "value": alcohol.quantile(0.1)},
            {"quantile": 0.9, "value": alcohol.quantile(0.9)},
        ],
        "outliers": {
            "below": 0,
            "above": 0,
            "far": 0,
            "lower_fence": pytest.approx(2.5 * alcohol.quantile(0.25) - 1.5 * alcohol.quantile(0.75)),
            "upper_fence": pytest.approx(2.5 * alcohol.quantile(0.75) - 1.5 * alcohol.quantile(0.25)),
        },
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
    stages = [stage for _, stage in job.reports]
    assert stages == ["column 1 of 2", "column 2 of 2", "relations", "figures", "done"]
    assert [fraction for fraction, _ in job.reports] == [0.3, 0.6, 0.6, 0.9, 1.0]


def test_asked_to_finish_it_returns_the_columns_so_far() -> None:
    result = described(pd.DataFrame({"a": [1], "b": [2]}), RecordingJob(finish_after=1))
    assert result["partial"] is True
    assert [one["column"] for one in result["profiles"]] == ["a"]
    assert math.isclose(result["missing_share"], 0.0)


def test_outliers_lie_outside_tukeys_fences() -> None:
    outliers = profile([*range(1, 10), -100, 14, 1000])["outliers"]
    assert {name: outliers[name] for name in ("below", "above", "far")} == {"below": 1, "above": 1, "far": 2}
    lower, upper = np.quantile([*range(1, 10), -100, 14, 1000], [0.25, 0.75])
    assert outliers["upper_fence"] == pytest.approx(upper + 1.5 * (upper - lower))


def test_outliers_of_numbers_that_overflow_are_undefined() -> None:
    assert profile([1.7e308, -1.7e308, 1.6e308, -1.6e308])["outliers"] is None


def test_dates_tell_their_span_their_gaps_and_their_weekdays() -> None:
    result = profile(["2026-01-05", "2026-01-06", "2026-01-06", "2026-01-19", None])
    assert (result["span_days"], result["days"], result["longest_gap_days"]) == (14.0, 3, 13.0)
    assert (result["weekdays"], result["has_times"]) == ([2, 2, 0, 0, 0, 0, 0], False)


def test_dates_at_the_ends_of_the_calendar_are_described() -> None:
    assert profile(["0001-01-01", "9999-12-31"])["span_days"] == 3652058.0


def test_texts_tell_their_lengths_and_their_spaces() -> None:
    result = profile(["a", " bb ", "", "dddd e"])
    assert (result["shortest"], result["longest"], result["mean_length"]) == (0, 6, 2.75)
    assert (result["blank"], result["padded"]) == (1, 1)


def test_equal_rows_are_listed_with_their_numbers() -> None:
    frame = pd.DataFrame({"a": [1, 2, 1, 3, 2, 1], "b": ["x", "y", "x", "z", "y", "x"]})
    result = described(frame)
    assert result["duplicate_rows"] == 3
    assert result["duplicates"] == [{"count": 3, "rows": [1, 3, 6]}, {"count": 2, "rows": [2, 5]}]


MANY = range(40)
SUSPICIOUS = {
    "no_values": ({"x": [None] * 40}, None),
    "mixed": ({"x": [*range(39), "?"]}, None),
    "constant": ({"x": [3] * 40}, None),
    "nearly_constant": ({"x": [0] * 999 + [1]}, None),
    "mostly_missing": ({"x": [1, 2, 2] + [None] * 37}, None),
    "numbers_as_text": ({"x": [f"{at % 7},5" for at in MANY]}, None),
    "identifier": ({"user_id": [*MANY]}, None),
    "same_as": ({"y": [at % 3 for at in MANY], "x": [at % 3 for at in MANY]}, "y"),
    "renames": ({"y": [at % 3 for at in MANY], "x": ["abc"[at % 3] for at in MANY]}, "y"),
    "moves_with": ({"y": [*MANY], "x": [2.0 * at + 0.001 * (at % 2) for at in MANY]}, "y"),
}


@pytest.mark.parametrize("reason", SUSPICIOUS)
def test_a_suspicious_column_is_pointed_out(reason: str) -> None:
    columns, other = SUSPICIOUS[reason]
    found = described(read_frame(load_source({"columns": columns})))["suspicious"]
    assert [(one["column"], one["reason"], one["other"]) for one in found] == [([*columns][-1], reason, other)]
    assert [*columns][-1] in found[0]["words"]


def test_infinite_numbers_are_suspicious() -> None:
    found = described(read_frame(Source.csv(b"a,b\n1,2\n1e999,3\n3,3\n")))["suspicious"]
    assert [(one["column"], one["reason"]) for one in found] == [("a", "infinite")]


def test_an_ordinary_table_has_nothing_suspicious() -> None:
    frame = pd.DataFrame({"a": np.arange(40) ** 2 % 17, "b": ["u", "v", "v", "w", "u"] * 8, "c": np.sin(np.arange(40))})
    assert described(frame)["suspicious"] == []


def test_cramers_v_is_that_of_bergsma() -> None:
    rng = np.random.default_rng(5)
    first = rng.integers(0, 4, 300)
    second = np.where(rng.random(300) < 0.5, first, rng.integers(0, 3, 300))
    frame = pd.DataFrame({"a": [f"a{code}" for code in first], "b": [f"b{code}" for code in second]})
    counts = pd.crosstab(first, second).to_numpy()
    rows, columns = counts.shape
    squared = chi2_contingency(counts, correction=False).statistic / 300
    corrected = max(0, squared - (rows - 1) * (columns - 1) / 299)
    smaller = min(rows - (rows - 1) ** 2 / 299, columns - (columns - 1) ** 2 / 299) - 1
    found = described(frame)["associations"]["categorical"]
    assert found["columns"] == ["a", "b"]
    assert found["matrix"][0][1] == found["matrix"][1][0] == pytest.approx(math.sqrt(corrected / smaller), rel=1e-12)


def test_categories_that_have_nothing_to_do_with_each_other_have_no_association() -> None:
    frame = pd.DataFrame({"a": ["x", "y"] * 200, "b": ["u", "u", "v", "v"] * 100})
    assert described(frame)["associations"]["categorical"]["matrix"][0][1] == 0.0


def test_the_correlation_ratio_is_that_of_an_analysis_of_variance() -> None:
    frame = read_frame(load_source({"builtin": "wine"}))
    found = described(frame)["associations"]["mixed"]
    groups = [part["proline"].to_numpy() for _, part in frame.groupby("target")]
    ratio = f_oneway(*groups).statistic * 2 / (f_oneway(*groups).statistic * 2 + len(frame) - 3)
    assert found["categories"] == ["target"]
    at = found["numbers"].index("proline")
    assert found["matrix"][0][at] == pytest.approx(math.sqrt(ratio), rel=1e-12)


def test_associations_of_a_long_table_rest_on_a_sample_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(associations, "MOST_ROWS", 50)
    result = described(read_frame(load_source({"builtin": "iris"})))
    assert result["associations"]["rows"] == 50
    assert result["notes"] == ["Associations rest on a random sample of 50 of 150 rows."]


def test_associations_are_bounded_and_say_so() -> None:
    frame = pd.DataFrame({f"c{at}": ["a", "b"] * 4 for at in range(41)} | {f"n{at}": range(8) for at in range(61)})
    notes = described(frame)["notes"]
    assert "Associations cover the first 40 of 41 columns of categories." in notes
    assert "Associations cover the first 60 of 61 numeric columns." in notes


def test_the_strongest_relations_come_first() -> None:
    relations = described(read_frame(load_source({"builtin": "iris"})))["relations"]
    assert relations[0]["columns"] == ["target", "petal length (cm)"]
    strongest = next(one for one in relations if one["measure"] == "pearson")
    assert strongest["columns"] == ["petal length (cm)", "petal width (cm)"]
    assert strongest["value"] == pytest.approx(0.9628654314)
    assert {one["measure"] for one in relations} == {"pearson", "correlation_ratio"}
    assert [abs(one["value"]) for one in relations] == sorted((abs(one["value"]) for one in relations), reverse=True)


def test_the_summary_says_the_most_important(penguins: pd.DataFrame) -> None:
    summary = described(pd.concat([penguins.assign(zero=0), penguins.iloc[:1].assign(zero=0)]))["summary"]
    assert summary.startswith("345 rows and 9 columns. 2.3% of the cells are missing, most in date_egg (8.4%)")
    assert "Rows that repeat an earlier one: 1. Look at zero first." in summary
    assert summary.endswith("The strongest relation is that of species and body_mass_g (0.87).")


def test_a_table_has_the_figures_that_there_is_something_to_show_for(penguins: pd.DataFrame) -> None:
    job = RecordingJob()
    described(penguins, job)
    assert list(job.figures) == ["missing", "distributions", "correlations", "associations"]
    job = RecordingJob()
    described(pd.DataFrame({"x": ["one", "two", "three"]}), job)
    assert job.figures == {}


def test_the_bars_of_a_distribution_count_every_row() -> None:
    job = RecordingJob()
    frame = read_frame(load_source({"builtin": "wine"}))
    described(frame[["alcohol", "target"]], job)
    data = [*job.figures["distributions"]["datasets"].values()]
    assert [sum(row["rows"] for row in rows) for rows in data] == [178, 178]


AWKWARD = {
    "constant": [1.0, 1.0],
    "huge": [1.7e308, -1.7e308],
    "tiny": [0.0, 5e-324],
    "near": [1e16, 1e16 + 2],
    "infinite": [np.inf, 1.0],
    "flags": [True, False],
    "days": ["0001-01-01", "9999-12-31"],
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_columns_are_drawn_without_harm(name: str) -> None:
    job = RecordingJob()
    described(pd.DataFrame({'a.b[0]: "it\'s"': AWKWARD[name], "x": [0.5, 2.5]}), job)
    assert "distributions" in job.figures


def test_large_tables_have_small_figures() -> None:
    rng = np.random.default_rng(3)
    job = RecordingJob()
    numbers = {f"n{at}": rng.normal(size=20_000) for at in range(30)}
    described(pd.DataFrame(numbers | {"c": rng.choice([*"abcdefghijklmnop"], 20_000)}), job)
    assert max(len(orjson.dumps(figure)) for figure in job.figures.values()) < 300_000


def test_asked_to_finish_it_keeps_what_a_column_says_alone(penguins: pd.DataFrame) -> None:
    job = RecordingJob(finish_after=4)
    result = described(penguins.assign(zero=0)[["zero", *penguins.columns]], job)
    assert [one["reason"] for one in result["suspicious"]] == ["constant"]
    assert (result["relations"], list(job.figures)) == ([], ["missing"])


def test_the_same_table_is_described_the_same_again(penguins: pd.DataFrame) -> None:
    assert described(penguins) == described(penguins)
