"""`reduce`: components and maps against scikit-learn called directly, and the tables that can't be reduced."""

import numpy as np
import orjson
import pytest
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.preprocessing import StandardScaler
from tables import builtin

from tasks import AnalysisError
from tasks.data.frame import read_frame
from tasks.data.source import load_source
from tasks.reduce import colours, coordinates, neighbours, scatter
from tasks.reduce.params import reduce

SEED = 7


def scaled(name: str) -> np.ndarray:
    return StandardScaler().fit_transform(getattr(datasets, f"load_{name}")(return_X_y=True)[0])


def reduced(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    result = reduce.run(data, job or RecordingJob(seed=SEED), reduce.load(params))
    return orjson.loads(orjson.dumps(result))


def points_of(job: RecordingJob) -> list[dict]:
    return max(job.figures["map"]["datasets"].values(), key=len)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_components_equal_scikit_learn_called_directly(name: str) -> None:
    matrix = scaled(name)
    model = PCA(random_state=SEED).fit(matrix)
    result = reduced(builtin(name), components=3)
    np.testing.assert_allclose(result["coordinates"], model.transform(matrix)[:, :3], rtol=0, atol=1e-12)
    shares = [one["share"] for one in result["explained"]]
    np.testing.assert_allclose(shares, model.explained_variance_ratio_, rtol=0, atol=1e-12)
    assert result["explained"][-1]["cumulative"] == pytest.approx(1)


def test_the_shares_of_iris_and_wine_are_those_in_the_books() -> None:
    iris = reduced(builtin("iris"), scale=False)["explained"]
    assert [one["share"] for one in iris[:2]] == pytest.approx([0.92461872, 0.05306648], abs=1e-8)
    wine = reduced(builtin("wine"))["explained"]
    assert [one["share"] for one in wine[:2]] == pytest.approx([0.361988, 0.192075], abs=1e-6)


@pytest.mark.parametrize("scale", [True, False])
def test_loadings_are_correlations_with_the_components(scale: bool) -> None:
    table = builtin("wine")
    result = reduced(table, components=2, scale=scale)
    points = np.array(result["coordinates"])
    for at, name in enumerate(result["loadings"]["columns"]):
        expected = [np.corrcoef(table[name], points[:, number])[0, 1] for number in range(2)]
        assert result["loadings"]["matrix"][at][:2] == pytest.approx(expected, abs=1e-9)


def test_it_counts_the_components_that_hold_a_share() -> None:
    result = reduced(builtin("wine"))
    sums = np.cumsum([one["share"] for one in result["explained"]])
    for needed in result["needed"]:
        assert sums[needed["components"] - 1] >= needed["share"] > sums[needed["components"] - 2]
    assert [one["share"] for one in result["needed"]] == [0.8, 0.9, 0.95]


def test_a_component_is_told_in_words() -> None:
    summary = reduced(builtin("iris"), scale=False)["explained"][0]["summary"]
    assert summary.startswith("Component 1 (92% of the variance): rises with petal length (cm) (+1.00)")


def test_a_component_of_many_columns_alike_says_so() -> None:
    rng = np.random.default_rng(0)
    summary = reduced(DataFrame(rng.normal(size=(500, 40))).rename(columns=str))["explained"][0]["summary"]
    assert "rises with" in summary or "no column stands out" in summary


def test_neighbours_equal_scikit_learn_called_directly() -> None:
    matrix = scaled("iris")
    model = TSNE(perplexity=20, init="pca", random_state=SEED)
    expected = model.fit_transform(matrix).astype(np.float64)
    result = reduced(builtin("iris"), method="t_sne", perplexity=20)
    np.testing.assert_allclose(result["coordinates"], expected, rtol=0, atol=1e-12)
    assert result["divergence"] == pytest.approx(model.kl_divergence_, abs=1e-12)
    # Iris has equal rows; which of two equally near ones counts as nearer is a matter of the last digit.
    assert result["trustworthiness"] == pytest.approx(trustworthiness(matrix, expected, n_neighbors=10), abs=1e-4)
    assert (result["method"], result["perplexity"], result["coordinate_rows"]) == ("t_sne", 20, None)


@pytest.mark.parametrize("method", ["pca", "t_sne"])
def test_the_same_seed_gives_the_same_result(method: str) -> None:
    first, second = RecordingJob(seed=SEED), RecordingJob(seed=SEED)
    assert reduced(builtin("wine"), first, method=method) == reduced(builtin("wine"), second, method=method)
    assert first.figures == second.figures


def test_the_perplexity_is_at_most_a_third_of_the_rows() -> None:
    result = reduced(builtin("iris").head(31), method="t_sne", perplexity=30)
    assert result["perplexity"] == 10
    assert result["notes"] == ["The perplexity is 10, a third of the rows."]


def test_t_sne_maps_a_sample_of_a_large_table_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_ROWS", 60)
    job = RecordingJob(seed=SEED)
    result = reduced(builtin("iris"), job, method="t_sne", perplexity=5, colour_by="target")
    rows = result["coordinate_rows"]
    assert (len(rows), len(result["coordinates"])) == (60, 60)
    assert rows == sorted(set(rows))
    assert result["notes"] == ["t-SNE mapped a random sample of 60 of 150 rows."]
    targets = builtin("iris")["target"]
    assert [(point["row"], point["colour"]) for point in points_of(job)] == [(row, targets[row - 1]) for row in rows]


def test_t_sne_of_many_columns_sees_their_components(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_COLUMNS", 5)
    seen = PCA(n_components=5, random_state=SEED).fit_transform(scaled("wine"))
    expected = TSNE(perplexity=30, init="pca", random_state=SEED).fit_transform(seen)
    result = reduced(builtin("wine"), method="t_sne")
    np.testing.assert_allclose(result["coordinates"], expected, rtol=0, atol=1e-12)


def test_t_sne_of_one_column_is_mapped() -> None:
    assert len(reduced(builtin("iris"), method="t_sne", columns=["petal width (cm)"])["coordinates"][0]) == 2


def test_asked_to_finish_before_t_sne_it_returns_components() -> None:
    result = reduced(builtin("iris"), RecordingJob(finish_after=1), method="t_sne")
    assert (result["method"], result["partial"], result["perplexity"]) == ("pca", True, None)
    assert result["coordinates"] == reduced(builtin("iris"))["coordinates"]
    assert "t-SNE was left out" in result["notes"][0]


def test_a_table_of_few_columns_has_few_components() -> None:
    job = RecordingJob()
    result = reduced(builtin("iris"), job, columns=["petal width (cm)"])
    assert (result["components"], len(result["coordinates"][0])) == (1, 1)
    assert result["notes"] == ["The table has no more than 1 components."]
    assert [*job.figures] == ["scree", "loadings"]


def test_coordinates_of_a_long_table_are_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinates, "MOST_INLINE", 299)
    job = RecordingJob()
    result = reduced(builtin("iris"), job)
    assert (result["coordinates"], result["coordinates_file"]) == (None, "coordinates.csv")
    lines = job.files["coordinates.csv"].decode().split()
    assert (lines[0], len(lines)) == ("row,component_1,component_2", 151)
    first = [float(cell) for cell in lines[1].split(",")]
    assert first == pytest.approx([1, *PCA(2).fit_transform(scaled("iris"))[0]], abs=1e-9)


COLOURED = {
    "groups": (["a", "b"] * 10, "nominal", {"a", "b"}),
    "flags": ([True, False] * 10, "nominal", {"true", "false"}),
    "gaps": (["a", None, "b", "b"] * 5, "nominal", {"a", "b", "no value"}),
    "amounts": ([1.5, None] * 10, "quantitative", {1.5, None}),
    "mixed": ([1, "x"] * 10, "nominal", {"1", "x"}),
    "dates": (["2026-01-31", None] * 10, "quantitative", {1769817600000.0, None}),
}


@pytest.mark.parametrize("kind", COLOURED)
def test_the_map_is_coloured_by_columns_of_every_kind(kind: str) -> None:
    values, channel, shown = COLOURED[kind]
    job = RecordingJob()
    rng = np.random.default_rng(0)
    reduced(DataFrame({"x": rng.normal(size=20), "y": rng.normal(size=20), "c.d": values}), job, colour_by="c.d")
    assert job.figures["map"]["encoding"]["color"]["type"] == channel
    assert {point["colour"] for point in points_of(job)} == shown


def test_the_colouring_column_is_not_computed_with_unless_asked_for() -> None:
    assert "proline" not in reduced(builtin("wine"), colour_by="proline")["columns"]
    assert reduced(builtin("wine"), colour_by="proline", columns=["hue", "proline"])["columns"] == ["hue", "proline"]


def test_groups_beyond_twelve_share_the_grey() -> None:
    names = [str(at) for at in range(14) for _ in range(14 - at)]
    marks = colours.colour_groups(names, title="group")
    assert marks.groups == (*[str(at) for at in range(12)], "others")
    assert (len(set(zip(marks.palette, marks.shapes, strict=True))), marks.palette[-1]) == (13, "#7A7A7A")


def test_the_figures_of_a_large_table_with_awkward_names_are_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    job = RecordingJob()
    table = DataFrame({f'a.b[{at}]: "it\'s"': rng.normal(size=6_000) for at in range(40)})
    reduced(table, job, components=12)
    assert [*job.figures] == ["map", "scree", "loadings"]
    assert len(points_of(job)) == scatter.MOST_POINTS
    assert "4,000 of 6,000 rows, drawn at random." in job.figures["map"]["title"]["subtitle"][0]
    assert max(len(orjson.dumps(figure)) for figure in job.figures.values()) < 300_000


def test_progress_ends_at_one() -> None:
    job = RecordingJob()
    reduced(builtin("iris"), job)
    assert [stage for _, stage in job.reports] == [
        "prepare",
        "principal components",
        "trustworthiness",
        "figures",
        "done",
    ]
    assert job.reports[-1][0] == 1.0


REFUSED = {
    "all text": ({"x": ["a", "b"] * 6}, {}, "No numeric column that varies is left to reduce ('x' holds text)"),
    "text by name": ({"x": ["a", "b"] * 6}, {"columns": ["x"]}, "Column 'x' holds text, which is nothing to reduce"),
    "unknown column": ({"x": [1, 2]}, {"columns": ["z"]}, "no column 'z'"),
    "unknown colour": ({"mass": [1, 2]}, {"colour_by": "mas"}, "no column 'mas'. Did you mean 'mass'?"),
    "mixed column": ({"x": [1, 2, 3, "?"]}, {}, "row 4 holds the text '?'"),
    "four components": ({"x": [*range(20)]}, {"method": "t_sne", "components": 4}, "t-SNE makes 2 or 3 components"),
    "nine rows": ({"x": [*range(9)]}, {"method": "t_sne"}, "t-SNE needs at least 10 rows, the table has 9"),
    "no spread": ({"x": [0.0, 1e-300, 2e-300]}, {"scale": False}, "so near each other that they have no spread"),
}


@pytest.mark.parametrize(("columns", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_reduced_is_refused_with_what_to_do(
    columns: dict[str, list[object]], params: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        reduced(read_frame(load_source({"columns": columns})), **params)
    assert message in str(refused.value)
