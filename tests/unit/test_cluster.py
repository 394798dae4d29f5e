"""`cluster`: groups against scikit-learn called directly, and the tables that can't be grouped."""

import numpy as np
import orjson
import pytest
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from tasks import AnalysisError
from tasks.cluster import silhouette
from tasks.cluster.params import cluster
from tasks.data.frame import read_frame
from tasks.data.source import load_source

SEED = 7


def builtin(name: str) -> DataFrame:
    return read_frame(load_source({"builtin": name}))


def clustered(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    result = cluster.run(data, job or RecordingJob(seed=SEED), cluster.load(params))
    return orjson.loads(orjson.dumps(result))


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_groups_equal_scikit_learn_called_directly(name: str, scale: bool) -> None:
    matrix = getattr(datasets, f"load_{name}")(return_X_y=True)[0]
    matrix = StandardScaler().fit_transform(matrix) if scale else matrix
    model = KMeans(3, n_init=10, random_state=SEED).fit(matrix)
    result = clustered(builtin(name), scale=scale)
    assert result["labels"] == model.labels_.tolist()
    assert result["inertia"] == pytest.approx(model.inertia_, rel=1e-12)
    assert result["silhouette"] == pytest.approx(silhouette_score(matrix, model.labels_), abs=1e-12)


def test_a_centre_is_the_mean_of_its_rows_in_the_columns_units() -> None:
    table = builtin("wine")
    result = clustered(table)
    means = table.drop(columns="target").groupby(result["labels"]).mean()
    for group in result["clusters"]:
        np.testing.assert_allclose([*group["centre"].values()], means.loc[group["cluster"]], rtol=1e-9)


def test_a_profile_tells_how_far_a_centre_lies_from_the_mean() -> None:
    table = DataFrame({"x": [0.0, 0.2, 10.0, 10.2]})
    groups = clustered(table, clusters=2)["clusters"]
    away = 5 / np.std(table["x"])
    assert sorted(group["profile"]["x"] for group in groups) == pytest.approx([-away, away])


def test_sizes_and_shares_are_those_of_the_labels() -> None:
    result = clustered(builtin("iris"))
    sizes = np.bincount(result["labels"]).tolist()
    assert [group["size"] for group in result["clusters"]] == sizes
    assert sum(group["share"] for group in result["clusters"]) == pytest.approx(1)


def test_a_column_that_is_no_number_is_dropped_with_a_reason() -> None:
    result = clustered(builtin("iris"))
    assert result["dropped"] == [{"column": "target", "reason": "holds text"}]


def test_gaps_are_filled_with_the_median_and_counted() -> None:
    table = DataFrame({"x": [0.0, 1.0, 10.0, None], "y": [0.0, 1.0, 10.0, 1.0]})
    result = clustered(table, clusters=2)
    assert result["imputed"] == {"x": 1}
    assert len({result["labels"][row] for row in (0, 1, 3)}) == 1
    assert result["notes"] == ["Missing values were replaced by the column's median."]


def test_only_the_columns_asked_for_count() -> None:
    assert clustered(builtin("iris"), columns=["petal width (cm)"])["columns"] == ["petal width (cm)"]


def test_excluded_columns_do_not_count() -> None:
    assert "target" not in clustered(builtin("diabetes"), exclude=["target"])["columns"]


def test_the_silhouette_of_a_large_table_rests_on_a_sample_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silhouette, "LARGEST_SAMPLE", 50)
    result = clustered(builtin("iris"))
    assert result["silhouette_rows"] == 50
    assert result["notes"] == ["The silhouette rests on a random sample of 50 rows."]


def test_the_silhouette_of_a_sample_from_one_group_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silhouette, "LARGEST_SAMPLE", 1)
    assert clustered(builtin("iris"))["silhouette"] is None


def test_the_same_seed_gives_the_same_result() -> None:
    assert clustered(builtin("wine"), clusters=8) == clustered(builtin("wine"), clusters=8)


def test_progress_ends_at_one() -> None:
    job = RecordingJob()
    clustered(builtin("iris"), job)
    assert [stage for _, stage in job.reports] == ["prepare", "k-means", "silhouette", "done"]
    assert job.reports[-1][0] == 1.0


def test_asked_to_finish_it_leaves_the_silhouette_out() -> None:
    result = clustered(builtin("iris"), RecordingJob(finish_after=1))
    assert (result["partial"], result["silhouette"]) == (True, None)
    assert len(result["labels"]) == 150


def test_numbers_that_lie_closer_than_arithmetic_can_tell_do_no_harm() -> None:
    result = clustered(DataFrame({"x": [0.0, 1e-200, 2e-200, 3e-200]}), clusters=3)
    assert sum(group["size"] for group in result["clusters"]) == 4


REFUSED = {
    "one row": ({"x": [1]}, {}, "No numeric column that varies is left to group by ('x' is constant)"),
    "clusters as rows": ({"x": [1, 2, 3]}, {}, "3 clusters need more than 3 rows, the table has 3"),
    "repeated rows": ({"x": [1, 1, 2, 2, 2]}, {}, "3 clusters need as many different rows, the table has 2"),
    "all text": ({"x": ["a", "b", "a", "b"]}, {}, "('x' holds text)"),
    "all booleans": ({"x": [True, False, True, False]}, {}, "('x' holds true and false)"),
    "all dates": ({"x": ["2026-01-01", "2026-01-02"] * 2}, {}, "('x' holds dates)"),
    "all missing": ({"x": [None] * 5}, {}, "('x' has no values)"),
    "all constant": ({"x": [1] * 5}, {}, "('x' is constant)"),
    "all excluded": ({"x": [1, 2, 3, 4]}, {"exclude": ["x"]}, "(none was given)"),
    "unknown column": ({"x": [1, 2, 3, 4]}, {"columns": ["z"]}, "no column 'z'. Available: 'x'"),
    "unknown exclusion": ({"x": [1, 2, 3, 4]}, {"exclude": ["z"]}, "no column 'z'"),
    "text by name": (
        {"x": [1, 2, 3, 4], "w": ["a", "b"] * 2},
        {"columns": ["x", "w"]},
        "Column 'w' holds text, so rows can't be grouped by it. Numeric columns: 'x'.",
    ),
    "mixed column": ({"x": [1, 2, 3, "?"]}, {}, "row 4 holds the text '?', row 1 holds the number 1"),
    "huge number": ({"x": [1, 2, 3, -1e300]}, {}, "Column 'x' is -1e+300, too large to compute with in row 4"),
}


@pytest.mark.parametrize(("columns", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_grouped_is_refused_with_what_to_do(
    columns: dict[str, list[object]], params: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        clustered(read_frame(load_source({"columns": columns})), **params)
    assert message in str(refused.value)
