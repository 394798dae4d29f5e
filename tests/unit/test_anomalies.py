"""`anomalies`: scores against scikit-learn called directly, planted odd rows, and what makes them odd."""

import numpy as np
import orjson
import pytest
from pandas import DataFrame, Series
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler
from tables import penguins

from tasks import AnalysisError
from tasks.anomalies import detectors, encoding, figures, scores
from tasks.anomalies.params import anomalies
from tasks.data.frame import read_frame
from tasks.data.source import load_source
from tasks.reduce.scatter import MOST_POINTS

SEED = 7


def cancer() -> tuple[DataFrame, np.ndarray]:
    """The numbers of breast_cancer, and the same scaled."""
    table = read_frame(load_source({"builtin": "breast_cancer"})).drop(columns="target")
    return table, StandardScaler().fit_transform(datasets.load_breast_cancer(return_X_y=True)[0])


def searched(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    result = anomalies.run(data, job or RecordingJob(seed=SEED), anomalies.load(params))
    return orjson.loads(orjson.dumps(result))


def points_of(job: RecordingJob) -> list[dict]:
    return max(job.figures["map"]["datasets"].values(), key=len)


def test_the_forest_equals_scikit_learn_called_directly() -> None:
    table, matrix = cancer()
    model = IsolationForest(n_estimators=200, random_state=SEED).fit(matrix)
    result = searched(table, method="isolation_forest")
    np.testing.assert_allclose(result["scores"], -model.score_samples(matrix), rtol=0, atol=1e-12)
    assert result["flagged"] == int((model.predict(matrix) == -1).sum())
    assert (result["cut"], result["neighbours"]) == (0.5, None)


def test_the_factor_equals_scikit_learn_called_directly() -> None:
    table, matrix = cancer()
    model = LocalOutlierFactor(n_neighbors=15)
    flagged = model.fit_predict(matrix) == -1
    result = searched(table, method="local_outlier_factor", neighbours=15)
    np.testing.assert_allclose(result["scores"], -model.negative_outlier_factor_, rtol=0, atol=1e-9)
    assert (result["flagged"], result["cut"], result["neighbours"]) == (int(flagged.sum()), 1.5, 15)


def test_both_methods_together_order_by_the_mean_of_their_ranks() -> None:
    table, matrix = cancer()
    forest = -IsolationForest(n_estimators=200, random_state=SEED).fit(matrix).score_samples(matrix)
    factor = -LocalOutlierFactor(n_neighbors=20).fit(matrix).negative_outlier_factor_
    expected = (Series(forest).rank() + Series(factor).rank()) / 2 / len(table)
    result = searched(table)
    np.testing.assert_allclose(result["scores"], expected, rtol=0, atol=1e-12)
    assert result["ranked"][0]["row"] == expected.idxmax() + 1
    assert result["flagged"] == int(((forest >= 0.5) & (factor >= 1.5)).sum())
    assert result["cut"] is None


@pytest.mark.parametrize("method", ["both", "isolation_forest", "local_outlier_factor"])
def test_as_many_rows_are_flagged_as_asked_for(method: str) -> None:
    table, _ = cancer()
    result = searched(table, method=method, contamination=0.05)
    assert result["flagged"] == round(0.05 * len(table))
    assert result["flagged_share"] == result["flagged"] / len(table)
    assert sum(score >= result["cut"] for score in result["scores"]) == result["flagged"]


def test_at_least_one_row_is_flagged_if_a_share_is_asked_for() -> None:
    assert searched(cancer()[0].head(50), contamination=0.001)["flagged"] == 1


PLANTED = {
    "a number": ("body_mass_g", 12_000.0, "body_mass_g is 12000, the highest value (typical: 4075)."),
    "a date": ("date_egg", "1999-01-01", "date_egg is 1999-01-01, the lowest value (typical: 2008-11-16)."),
}


@pytest.mark.parametrize("method", ["both", "isolation_forest", "local_outlier_factor"])
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_cell_is_found_and_named(planted: str, method: str) -> None:
    column, value, words = PLANTED[planted]
    table = penguins()
    table.loc[10, column] = value
    listed = {one["row"]: one for one in searched(table, method=method)["ranked"]}
    reason = listed[11]["reasons"][0]
    assert (reason["column"], reason["value"], reason["words"]) == (column, value, words)
    assert reason["contribution"] > 0.3
    assert reason["below"] in (0.0, 343 / 344)


def test_a_category_that_only_one_row_has_is_found_and_named() -> None:
    table = penguins()
    table.loc[20, "island"] = "Elba"
    listed = {one["row"]: one for one in searched(table, method="isolation_forest")["ranked"]}
    reason = listed[21]["reasons"][0]
    assert (reason["column"], reason["value"], reason["typical"]) == ("island", "Elba", "Biscoe")
    assert reason["share"] == 1 / 344
    assert reason["words"] == "island is Elba, as in 0.3% of the rows."


def test_contributions_are_shares() -> None:
    for row in searched(cancer()[0], top=40)["ranked"]:
        shares = [reason["contribution"] for reason in row["reasons"]]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-9


def test_drivers_are_the_columns_that_the_flagged_rows_are_odd_by() -> None:
    table = DataFrame(np.random.default_rng(0).normal(size=(200, 4)), columns=[*"abcd"])
    table.loc[:4, "c"] += 30 + 7 * np.arange(5)
    result = searched(table, contamination=0.025)
    assert result["drivers"][0]["column"] == "c"
    assert result["drivers"][0]["contribution"] > 0.7


def test_the_same_seed_gives_the_same_result() -> None:
    first, second = RecordingJob(seed=SEED), RecordingJob(seed=SEED)
    assert searched(penguins(), first) == searched(penguins(), second)
    assert first.figures == second.figures


def test_columns_are_told_by_kind_and_what_is_left_out() -> None:
    table = penguins().assign(id=range(344), note=[f"n{at}" for at in range(344)], one=1, none=None)
    result = searched(table.assign(heavy=table["body_mass_g"] > 4_000))
    assert result["column_kinds"] == {
        "numeric": ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"],
        "datetime": ["date_egg"],
        "boolean": ["heavy"],
        "categorical": ["species", "island", "sex"],
    }
    assert {one["column"]: one["reason"] for one in result["dropped"]} == {
        "id": "identifies the row",
        "note": "is an identifier or free text: most of its values are different",
        "one": "is constant",
        "none": "has no values",
    }
    assert result["imputed"]["date_egg"] == 29
    assert "Missing values were replaced by the column's median or most frequent value." in result["notes"]


def test_a_column_asked_for_by_name_is_taken_for_no_identifier() -> None:
    table = penguins().assign(note=[f"n{at}" for at in range(344)])
    assert searched(table, columns=["note", "bill_length_mm"])["columns"] == ["note", "bill_length_mm"]


def test_nothing_odd_is_said_to_be() -> None:
    table = DataFrame({"x": np.arange(12.0)})
    result = searched(table)
    assert result["flagged"] == 0
    assert result["notes"][0] == "No row is flagged; give a contamination to flag the oddest ones nevertheless."
    assert result["drivers"] == []


def test_fewer_rows_than_neighbours_are_told() -> None:
    result = searched(DataFrame({"x": np.arange(12.0)}))
    assert result["neighbours"] == 11
    assert result["notes"][-1] == "Rows were compared with 11 neighbours, as there are no more."


def test_more_equal_rows_than_neighbours_are_told() -> None:
    table = DataFrame({"x": [0.0] * 40 + [1.0, 2.0, 3.0, 50.0]})
    result = searched(table, neighbours=5)
    assert any("distorts the local outlier factor" in note for note in result["notes"])
    assert result["ranked"][0]["row"] == 44


def test_neighbours_in_a_large_table_are_a_sample_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "MOST_REFERENCE", 150)
    table = DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=[*"abc"])
    table.loc[[7, 311], "b"] = [40.0, -40.0]
    result = searched(table, method="local_outlier_factor")
    assert {row["row"] for row in result["ranked"][:2]} == {8, 312}
    assert {row["reasons"][0]["column"] for row in result["ranked"][:2]} == {"b"}
    assert result["notes"] == ["Neighbours were looked for among a random sample of 150 of 400 rows."]


def test_scores_of_a_long_table_are_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "MOST_INLINE", 343)
    job = RecordingJob()
    result = searched(penguins(), job)
    assert (result["scores"], result["scores_file"]) == (None, "scores.csv")
    lines = job.files["scores.csv"].decode().split()
    assert lines[0] == "row,score,isolation_forest,local_outlier_factor,flagged"
    oddest = result["ranked"][0]
    cells = lines[oddest["row"]].split(",")
    assert [float(cell) for cell in cells[1:4]] == pytest.approx(
        [oddest["score"], oddest["isolation_forest"], oddest["local_outlier_factor"]]
    )


def test_asked_to_finish_it_leaves_out_what_makes_rows_odd() -> None:
    result = searched(penguins(), RecordingJob(finish_after=2))
    assert result["partial"] is True
    assert all(row["reasons"] == [] for row in result["ranked"])
    assert len(result["scores"]) == 344
    assert "What makes rows odd is told for the first 0 only" in result["notes"][-1]


def test_the_figures_show_what_is_flagged() -> None:
    job = RecordingJob(seed=SEED)
    result = searched(cancer()[0], job, contamination=0.05)
    assert [*job.figures] == ["scores", "map"]
    points = points_of(job)
    assert sum(point["colour"] == "flagged" for point in points) == result["flagged"]
    assert {point["row"] for point in points[-result["flagged"] :]} >= {row["row"] for row in result["ranked"]}
    bars = [row for rows in job.figures["scores"]["datasets"].values() for row in rows if "rows" in row]
    assert sum(bar["rows"] for bar in bars) == 2 * 569


def test_a_map_of_many_rows_keeps_the_flagged_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_FLAGGED", 5)
    job = RecordingJob()
    rng = np.random.default_rng(4)
    table = DataFrame(rng.normal(size=(6_000, 3)), columns=["a.b", "c[0]", 'd"e: f'])
    searched(table, job, method="isolation_forest", contamination=0.01)
    assert sum(point["colour"] == "flagged" for point in points_of(job)) == 5
    assert len(points_of(job)) == MOST_POINTS
    assert "The 5 oddest rows, and 3,995 of 5,940 others" in job.figures["map"]["title"]["subtitle"][0]
    assert len(orjson.dumps(job.figures["map"])) < 300_000


def test_progress_ends_at_one() -> None:
    job = RecordingJob()
    searched(penguins(), job)
    assert [fraction for fraction, _ in job.reports] == sorted(fraction for fraction, _ in job.reports)
    assert job.reports[-1] == (1.0, "done")


REFUSED = {
    "nine rows": ({"x": [*range(9)]}, {}, "Anomalies need at least 10 rows, the table has 9"),
    "nothing usable": ({"x": [1] * 10}, {}, "No column is left to look for anomalies in ('x' is constant)"),
    "all excluded": ({"x": [*range(10)]}, {"exclude": ["x"]}, "(none was given)"),
    "unknown column": ({"mass": [*range(10)]}, {"columns": ["mas"]}, "Did you mean 'mass'?"),
    "mixed column": ({"x": [*range(10), "?"]}, {}, "row 11 holds the text '?'"),
    "huge number": ({"x": [*range(10), 1e300]}, {}, "Column 'x' is 1e+300, too large to compute with in row 11"),
}


@pytest.mark.parametrize(("columns", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_searched_is_refused_with_what_to_do(
    columns: dict[str, list[object]], params: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        searched(read_frame(load_source({"columns": columns})), **params)
    assert message in str(refused.value)


def test_a_table_that_encodes_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MAX_CELLS", 3_000)
    with pytest.raises(AnalysisError, match="Encoded, the table has 344 rows by 13 columns; at most 3,000 cells"):
        searched(penguins())
