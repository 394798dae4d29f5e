"""`cluster`: groups against scikit-learn called directly, what sets them apart, and tables that can't be grouped."""

import numpy as np
import orjson
import pytest
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import (
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_samples,
    silhouette_score,
)
from sklearn.preprocessing import StandardScaler
from tables import builtin

from tasks import AnalysisError
from tasks.cluster import grouping, labels, silhouette, stability
from tasks.cluster.params import cluster
from tasks.data.frame import read_frame
from tasks.data.source import load_source

SEED = 7


def clustered(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    """The result, as JSON has it; without stability, which takes ten fits more, unless asked for."""
    result = cluster.run(data, job or RecordingJob(seed=SEED), cluster.load({"stability": False} | params))
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
    assert result["davies_bouldin"] == pytest.approx(davies_bouldin_score(matrix, model.labels_), rel=1e-12)
    assert result["calinski_harabasz"] == pytest.approx(calinski_harabasz_score(matrix, model.labels_), rel=1e-12)
    each = silhouette_samples(matrix, model.labels_)
    means = [each[model.labels_ == at].mean() for at in range(3)]
    assert [group["silhouette"] for group in result["clusters"]] == pytest.approx(means, abs=1e-12)


def test_the_inertia_of_iris_is_the_one_in_the_books() -> None:
    assert clustered(builtin("iris"), scale=False)["inertia"] == pytest.approx(78.851441, abs=1e-6)


@pytest.mark.parametrize("linkage", ["ward", "average", "complete", "single"])
def test_merged_groups_equal_scikit_learn_called_directly(linkage: str) -> None:
    matrix = StandardScaler().fit_transform(datasets.load_wine(return_X_y=True)[0])
    expected = AgglomerativeClustering(4, linkage=linkage).fit_predict(matrix)
    result = clustered(builtin("wine"), method="agglomerative", linkage=linkage, clusters=4)
    assert result["labels"] == expected.tolist()
    assert (result["inertia"], result["iterations"]) == (None, None)


def test_dense_groups_equal_scikit_learn_called_directly() -> None:
    matrix = StandardScaler().fit_transform(datasets.load_iris(return_X_y=True)[0])
    expected = HDBSCAN(min_cluster_size=8, copy=True).fit_predict(matrix)
    result = clustered(builtin("iris"), method="hdbscan", min_cluster_size=8)
    assert result["labels"] == expected.tolist()
    noise = int((expected == -1).sum())
    assert result["noise"] == {"size": noise, "share": noise / 150}
    inside = expected != -1
    assert result["silhouette"] == pytest.approx(silhouette_score(matrix[inside], expected[inside]), abs=1e-12)
    assert result["silhouette_rows"] == inside.sum()


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
    assert [stage for _, stage in job.reports] == ["prepare", "k_means", "silhouette", "figures", "done"]
    assert job.reports[-1][0] == 1.0


def test_asked_to_finish_it_leaves_the_silhouette_out() -> None:
    result = clustered(builtin("iris"), RecordingJob(finish_after=1))
    assert (result["partial"], result["silhouette"]) == (True, None)
    assert len(result["labels"]) == 150


def test_numbers_that_lie_closer_than_arithmetic_can_tell_do_no_harm() -> None:
    result = clustered(DataFrame({"x": [0.0, 1e-200, 2e-200, 3e-200]}), clusters=3)
    assert sum(group["size"] for group in result["clusters"]) == 4


def blobs(*, rows: int = 30, seed: int = 1) -> DataFrame:
    """Three groups far apart, each with a category and a flag of its own, nearly."""
    rng = np.random.default_rng(seed)
    group = np.repeat([0, 1, 2], rows)
    return DataFrame(
        {
            "x": rng.normal(size=3 * rows) + 20 * group,
            "y": rng.normal(size=3 * rows) + 20 * (group == 1),
            "kind": np.where(np.arange(3 * rows) % 10, np.array(["a", "b", "c"])[group], "a"),
            "odd": group == 1,
        }
    )


def test_the_number_of_groups_is_that_with_the_highest_silhouette() -> None:
    job = RecordingJob(seed=SEED)
    result = clustered(blobs(), job, clusters=None, most=6)
    matrix = StandardScaler().fit_transform(blobs()[["x", "y"]])
    fits = {number: KMeans(number, n_init=10, random_state=SEED).fit(matrix) for number in range(2, 7)}
    expected = {number: silhouette_score(matrix, fit.labels_) for number, fit in fits.items()}
    assert [one["clusters"] for one in result["choice"]] == [2, 3, 4, 5, 6]
    assert [one["silhouette"] for one in result["choice"]] == pytest.approx([*expected.values()], abs=1e-12)
    assert [one["inertia"] for one in result["choice"]] == pytest.approx([fit.inertia_ for fit in fits.values()])
    best = max(expected, key=expected.__getitem__)
    assert [one["clusters"] for one in result["choice"] if one["chosen"]] == [best] == [len(result["clusters"])]
    assert result["labels"] == fits[best].labels_.tolist()
    assert result["silhouette"] == max(one["silhouette"] for one in result["choice"])
    assert next(scores for scores in job.scores if scores) == {"silhouette": pytest.approx(expected[2])}


def test_only_numbers_of_groups_that_the_rows_allow_are_tried() -> None:
    table = DataFrame({"x": [1.0, 1.0, 2.0, 2.0, 9.0, 9.0]})
    assert [one["clusters"] for one in clustered(table, clusters=None)["choice"]] == [2, 3]


def test_asked_to_finish_it_keeps_the_best_number_so_far() -> None:
    result = clustered(blobs(), RecordingJob(finish_after=3), clusters=None, stability=True)
    assert [one["clusters"] for one in result["choice"]] == [2, 3]
    assert (result["partial"], result["stability"]) == (True, None)
    assert result["silhouette"] == max(one["silhouette"] for one in result["choice"])
    assert result["notes"] == ["The groups' stability was left out, because the job was asked to finish."]


def test_groups_that_are_there_come_back() -> None:
    result = clustered(blobs(), stability=True)
    assert result["stability"] == {"adjusted_rand": 1.0, "least": 1.0, "runs": 10, "rows": 72}
    assert [group["stability"] for group in result["clusters"]] == [1.0, 1.0, 1.0]
    assert result["notes"] == []


@pytest.mark.parametrize("method", ["agglomerative", "hdbscan"])
def test_groups_of_every_method_come_back(method: str) -> None:
    assert clustered(blobs(), method=method, stability=True)["stability"]["adjusted_rand"] > 0.9


def test_groups_that_are_chance_are_said_to_be() -> None:
    rng = np.random.default_rng(0)
    result = clustered(DataFrame(rng.uniform(size=(300, 6)), columns=[*"abcdef"]), clusters=9, stability=True)
    assert result["stability"]["adjusted_rand"] < stability.SHAKY
    assert "few of these can be relied on" in result["notes"][0]


def test_stability_of_so_few_rows_is_not_told() -> None:
    assert clustered(DataFrame({"x": [1.0, 2.0, 3.0]}), clusters=2, stability=True)["stability"] is None


def test_asked_to_finish_it_keeps_the_parts_grouped_so_far() -> None:
    result = clustered(blobs(), RecordingJob(finish_after=6), stability=True)
    assert (result["stability"]["runs"], result["partial"]) == (3, True)
    assert result["notes"] == ["The stability rests on 3 of 10 parts."]


def test_a_trait_of_numbers_is_cohens_d() -> None:
    table = blobs()
    result = clustered(table)
    own = np.array(result["labels"]) == 0
    trait = next(one for one in result["clusters"][0]["traits"] if one["column"] == "x")
    pooled = np.sqrt((table["x"][own].var() * 29 + table["x"][~own].var() * 59) / 88)
    assert trait["effect"] == pytest.approx((table["x"][own].mean() - table["x"][~own].mean()) / pooled)
    assert (trait["mean"], trait["mean_of_others"]) == pytest.approx((table["x"][own].mean(), table["x"][~own].mean()))


def test_a_trait_of_categories_is_a_lift_with_cohens_h() -> None:
    table = blobs()
    result = clustered(table)
    number = result["labels"][30]
    traits = {(one["column"], one.get("value")): one for one in result["clusters"][number]["traits"]}
    kind = traits["kind", "b"]
    assert (kind["share"], kind["share_of_all"], kind["lift"]) == pytest.approx((0.9, 0.3, 3.0))
    assert kind["effect"] == pytest.approx(2 * np.arcsin(np.sqrt(0.9)) - 2 * np.arcsin(0))
    assert traits["odd", True]["share"] == 1.0
    assert "kind is b (90%, of all rows 30%)" in result["clusters"][number]["summary"]


def test_numbers_that_differ_without_spread_come_first() -> None:
    group = clustered(DataFrame({"x": [1.0, 1.0, 5.0, 5.0], "y": [0.0, 0.2, 0.3, 0.1]}), clusters=2)["clusters"][0]
    assert (group["traits"][0]["column"], group["traits"][0]["effect"]) == ("x", None)


def test_excluded_columns_describe_no_group() -> None:
    groups = clustered(blobs(), exclude=["kind"])["clusters"]
    assert {trait["column"] for group in groups for trait in group["traits"]} == {"x", "y", "odd"}


def test_labels_of_a_long_table_are_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "MOST_INLINE", 149)
    short, job = clustered(builtin("wine").head(149)), RecordingJob(seed=SEED)
    result = clustered(builtin("iris"), job)
    assert (result["labels"], result["labels_file"]) == (None, "labels.csv")
    lines = job.files["labels.csv"].decode().split()
    assert (lines[0], len(lines), lines[1].split(",")[0]) == ("row,cluster", 151, "1")
    assert (len(short["labels"]), short["labels_file"]) == (149, None)


@pytest.mark.parametrize("method", ["agglomerative", "hdbscan"])
def test_too_many_rows_for_a_method_are_refused(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(grouping.MOST_ROWS, method, 100)
    with pytest.raises(AnalysisError, match=r"takes at most 100 of them, the table has 150\. Use k_means"):
        clustered(builtin("iris"), method=method)


def test_the_figures_show_the_groups() -> None:
    job = RecordingJob(seed=SEED)
    result = clustered(builtin("iris"), job, clusters=None, most=4)
    assert [*job.figures] == ["map", "profile", "silhouette", "k_choice"]
    points = max(job.figures["map"]["datasets"].values(), key=len)
    assert [point["colour"] for point in points] == [str(label) for label in result["labels"]]
    assert [point["row"] for point in points] == [*range(1, 151)]


def test_a_single_column_has_no_map() -> None:
    job = RecordingJob()
    clustered(blobs(), job, columns=["x"])
    assert [*job.figures] == ["profile", "silhouette"]


def test_figures_of_awkward_names_many_groups_and_many_rows_are_sound() -> None:
    rng = np.random.default_rng(2)
    job = RecordingJob()
    names = ["a.b", "c[0]", 'd"e', "f:g", "h\\i"]
    result = clustered(DataFrame(rng.normal(size=(6_000, 5)), columns=names), job, clusters=20)
    assert max(len(orjson.dumps(figure)) for figure in job.figures.values()) < 300_000
    points = max(job.figures["map"]["datasets"].values(), key=len)
    assert len(points) == 4_000
    largest = sorted(result["clusters"], key=lambda group: -group["size"])[:12]
    assert {point["colour"] for point in points} == {"others"} | {str(group["cluster"]) for group in largest}


REFUSED = {
    "one row": ({"x": [1]}, {}, "No numeric column that varies is left to group rows by ('x' is constant)"),
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
        "Column 'w' holds text, which is nothing to group rows by. Numeric columns: 'x'.",
    ),
    "mixed column": ({"x": [1, 2, 3, "?"]}, {}, "row 4 holds the text '?', row 1 holds the number 1"),
    "backwards": (
        {"x": [1, 2, 3, 4]},
        {"clusters": None, "fewest": 5, "most": 4},
        "fewest is 5, above most, which is 4",
    ),
    "none possible": ({"x": [1, 2, 3]}, {"clusters": None, "fewest": 3}, "the table allows 2 at most"),
    "nothing dense": (
        {"x": [0, 1, 2, 3, 5, 8, 13, 21, 34, 55]},
        {"method": "hdbscan", "min_cluster_size": 8},
        "No 8 rows lie so near each other that hdbscan takes them for a group",
    ),
    "dense beyond rows": (
        {"x": [0, 1, 2]},
        {"method": "hdbscan"},
        "A group of at least 5 rows can't be found among 3",
    ),
    "huge number": ({"x": [1, 2, 3, -1e300]}, {}, "Column 'x' is -1e+300, too large to compute with in row 4"),
}


@pytest.mark.parametrize(("columns", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_grouped_is_refused_with_what_to_do(
    columns: dict[str, list[object]], params: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        clustered(read_frame(load_source({"columns": columns})), **params)
    assert message in str(refused.value)
