"""`explain`: its looks against scikit-learn and against what is known by arithmetic, and everything that it refuses."""

from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import builtin, penguins

from tasks import AnalysisError
from tasks.explain.axes import labels
from tasks.explain.interactions import Additivity, pairs_of
from tasks.explain.params import explain
from tasks.explain.prediction import Predictor
from tasks.explain.single_rows import follow_rows
from tasks.explain.surface import surface_of
from tasks.train.dependence import Dependence

pytestmark = pytest.mark.usefixtures("small_forests")

SEED = 7


class Formula(BaseEstimator):
    """A model that is known: a formula of the columns."""

    def __init__(self, formula: str = "a") -> None:
        self.formula = formula

    def predict(self, table: DataFrame) -> NDArray[np.float64]:
        values: NDArray[np.float64] = table.eval(self.formula).to_numpy()
        return values


def explained(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict[str, Any]:
    result = explain.run(data, job or RecordingJob(seed=SEED), explain.load({"target": "target", **params}))
    loaded: dict[str, Any] = orjson.loads(orjson.dumps(result))
    return loaded


def grid_of(name: str, values: list[float]) -> Dependence:
    return Dependence(feature=name, kind="numeric", grid=values, means=np.zeros((len(values), 1)))


def wine_forest() -> tuple[DataFrame, RandomForestClassifier]:
    bunch = datasets.load_wine(as_frame=True)
    return bunch.data, RandomForestClassifier(n_estimators=10, random_state=SEED).fit(bunch.data, bunch.target)


def test_a_surface_equals_scikit_learns_partial_dependence() -> None:
    table, forest = wine_forest()
    grids = {"alcohol": [11.5, 12.5, 13.5], "hue": [0.6, 1.2]}
    direct = partial_dependence(
        forest, table, ["alcohol", "hue"], custom_values={name: np.array(grid) for name, grid in grids.items()}
    )
    columns = (grid_of("alcohol", grids["alcohol"]), grid_of("hue", grids["hue"]))
    for of_class in range(3):
        surface = surface_of(Predictor(model=forest, of_class=of_class), table, columns=columns)
        np.testing.assert_allclose(surface.means, direct["average"][of_class], rtol=0, atol=1e-12)


def test_single_rows_equal_scikit_learns_individual_expectations() -> None:
    table, forest = wine_forest()
    grid = [11.5, 12.5, 13.5]
    direct = partial_dependence(
        forest, table, ["alcohol"], kind="individual", custom_values={"alcohol": np.array(grid)}
    )
    followed = follow_rows(Predictor(model=forest, of_class=1), table, grid_of("alcohol", grid))
    np.testing.assert_allclose(followed.predictions, direct["individual"][1], rtol=0, atol=1e-12)
    assert followed.rows[:3] == [1, 2, 3]


def test_effects_that_add_up_do_not_interact() -> None:
    chance = np.random.default_rng(SEED)
    table = DataFrame({"a": chance.normal(size=30), "b": chance.normal(size=30)})
    interaction = Additivity(Predictor(model=Formula("3 * a - 2 * b + 5"), of_class=None), table).measure(("a", "b"))
    assert interaction.h == pytest.approx(0.0, abs=1e-12)
    assert interaction.size == pytest.approx(0.0, abs=1e-12)


def test_effects_that_only_work_together_interact_fully() -> None:
    # With both means 0 neither column has an effect of its own, and that of both is their product.
    table = DataFrame({"a": [-1.0, 1.0, -1.0, 1.0], "b": [-2.0, -2.0, 2.0, 2.0]})
    interaction = Additivity(Predictor(model=Formula("a * b"), of_class=None), table).measure(("a", "b"))
    assert interaction.h == pytest.approx(1.0, abs=1e-12)
    assert interaction.size == pytest.approx(2.0, abs=1e-12)


def test_half_of_an_effect_may_work_together() -> None:
    # The variances are 1 for a, 4 for the product: the square of H is the product's share.
    table = DataFrame({"a": [-1.0, 1.0, -1.0, 1.0], "b": [-2.0, -2.0, 2.0, 2.0]})
    interaction = Additivity(Predictor(model=Formula("a + a * b"), of_class=None), table).measure(("a", "b"))
    assert interaction.h**2 == pytest.approx(4 / 5, abs=1e-12)


def test_columns_without_any_effect_do_not_interact() -> None:
    table = DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5.0, 6.0]})
    interaction = Additivity(Predictor(model=Formula("c"), of_class=None), table).measure(("a", "b"))
    assert (interaction.h, interaction.size) == (0.0, 0.0)


def test_the_model_is_fitted_and_judged_as_scikit_learn_does() -> None:
    table, target = datasets.load_diabetes(return_X_y=True, as_frame=True)
    learned, held_out = train_test_split(np.arange(442), test_size=0.25, random_state=SEED)
    learned, held_out = np.sort(learned), np.sort(held_out)
    model = make_pipeline(StandardScaler(), Ridge()).fit(table.iloc[learned], target.iloc[learned])
    result = explained(builtin("diabetes"), estimator="ridge", interactions=False)
    score = r2_score(target.iloc[held_out], model.predict(table.iloc[held_out]))
    assert result["metrics"]["r2"] == pytest.approx(score, abs=1e-12)
    direct = permutation_importance(
        model, table.iloc[held_out], target.iloc[held_out], n_repeats=10, random_state=SEED, scoring="r2"
    )
    measured = {each["feature"]: each["mean"] for each in result["importance"]}
    for name, mean in zip(table.columns, direct.importances_mean, strict=True):
        assert measured[name] == pytest.approx(mean, abs=1e-12)


def test_a_linear_model_has_straight_curves_and_no_interactions() -> None:
    result = explained(builtin("diabetes"), estimator="ridge", ice=True)
    for dependence in result["partial_dependence"]:
        (curve,) = dependence["curves"]
        if dependence["kind"] == "numeric" and len(dependence["values"]) > 2:
            slopes = np.diff(curve["mean"]) / np.diff(dependence["values"])
            np.testing.assert_allclose(slopes, slopes[0], rtol=1e-6)
            assert dependence["range"] == pytest.approx(abs(curve["mean"][-1] - curve["mean"][0]))
    assert all(interaction["h"] < 1e-9 for interaction in result["interactions"])
    (followed, *_) = result["ice"]
    lines = np.array(followed["predictions"])
    np.testing.assert_allclose(lines - lines[:, :1], np.broadcast_to((lines - lines[:, :1])[0], lines.shape), atol=1e-9)


def test_two_columns_that_work_together_are_found() -> None:
    chance = np.random.default_rng(SEED)
    table = DataFrame(chance.uniform(-1, 1, size=(400, 4)), columns=["a", "b", "c", "d"])
    table["target"] = 4 * table["a"] * table["b"] + table["c"]
    result = explained(table, estimator="hist_gradient_boosting")
    strongest, second, *_ = result["interactions"]
    assert sorted(strongest["columns"]) == ["a", "b"]
    assert strongest["size"] > 3 * second["size"]
    assert sorted(result["pair"]["columns"]) == ["a", "b"]
    assert result["importance"][-1]["feature"] == "d"


def test_a_pair_that_is_named_is_looked_into() -> None:
    result = explained(builtin("iris"), pair=["sepal width (cm)", "petal width (cm)"], columns=["petal length (cm)"])
    assert result["pair"]["columns"] == ["sepal width (cm)", "petal width (cm)"]
    assert np.shape(result["pair"]["means"]) == tuple(len(values) for values in result["pair"]["values"])
    assert [each["column"] for each in result["partial_dependence"]] == ["petal length (cm)"]


def test_only_five_columns_are_compared_with_each_other() -> None:
    assert len(pairs_of(list("abcdefgh"))) == 10
    assert pairs_of(["a"]) == []


@pytest.mark.parametrize("target", ["species", "body_mass_g"])
def test_a_table_with_gaps_text_and_dates_is_explained(target: str) -> None:
    job = RecordingJob(seed=SEED)
    columns = ["island", "flipper_length_mm", "date_egg", "sex"]
    result = explained(penguins(), job, target=target, columns=columns, ice=True)
    assert result["beats_baseline"] is True
    assert [each["kind"] for each in result["partial_dependence"]] == ["categorical", "numeric", "date", "categorical"]
    assert set(job.figures) == {"importance", "partial_dependence", "ice", "interactions", "pair"}
    assert all(len(orjson.dumps(figure)) < 300_000 for figure in job.figures.values())


def test_rows_are_named_as_they_were_sent() -> None:
    table = penguins().iloc[:60]
    table.loc[table.index[:10], "species"] = None
    result = explained(table, target="species", columns=["bill_length_mm"], ice=True, estimator="linear")
    (followed,) = result["ice"]
    assert len(followed["rows"]) == 30
    assert min(followed["rows"]) > 10
    assert max(followed["rows"]) <= 60


CLASSES = [
    ("iris", None, "setosa"),
    ("iris", "virginica", "virginica"),
    ("breast_cancer", None, "malignant"),
    ("breast_cancer", "benign", "benign"),
]


@pytest.mark.parametrize(("name", "asked", "shown"), CLASSES)
def test_one_class_is_in_question(name: str, asked: str | None, shown: str) -> None:
    columns = list(builtin(name).columns[:2])
    result = explained(builtin(name), of_class=asked, columns=columns, interactions=False, estimator="linear")
    assert result["of_class"] == shown


@pytest.mark.parametrize("ice", [True, False])
def test_the_same_seed_gives_the_same_result(ice: bool) -> None:
    once, again = (RecordingJob(seed=SEED) for _ in range(2))
    params = {"ice": ice, "columns": ["hue", "proline", "alcohol"]}
    assert explained(builtin("wine"), once, **params) == explained(builtin("wine"), again, **params)
    assert once.figures == again.figures


def test_columns_that_move_together_are_pointed_out() -> None:
    table = builtin("iris").assign(twin=lambda iris: -2 * iris["petal width (cm)"])
    (note,) = explained(table, estimator="linear", columns=["petal width (cm)", "twin", "sepal width (cm)"])["notes"]
    assert note.startswith("'petal width (cm)' and 'twin' move together (rank correlation -1.00): each may stand in")


def test_a_model_that_has_learned_nothing_is_not_explained_without_a_word() -> None:
    chance = np.random.default_rng(SEED)
    table = DataFrame({"a": chance.normal(size=80), "b": chance.normal(size=80), "target": chance.normal(size=80)})
    result = explained(table)
    assert result["beats_baseline"] is False
    assert any("there is nothing to explain" in note for note in result["notes"])


def test_each_look_is_reported() -> None:
    job = RecordingJob(seed=SEED)
    explained(builtin("iris"), job, columns=["sepal width (cm)", "petal width (cm)"], estimator="linear")
    assert [stage for _, stage in job.reports] == [
        "fit the model",
        "importance",
        "partial dependence",
        "partial dependence on sepal width (cm)",
        "partial dependence on petal width (cm)",
        "sepal width (cm) with petal width (cm)",
        "two columns together",
        "done",
    ]
    shares = [share for share, _ in job.reports]
    assert shares == sorted(shares)


def test_asked_to_finish_it_leaves_out_what_is_not_done() -> None:
    job = RecordingJob(seed=SEED, finish_after=5)
    result = explained(builtin("iris"), job, estimator="linear", ice=True)
    assert result["partial"] is True
    assert len(result["partial_dependence"]) == len(result["ice"]) == 1
    assert (result["interactions"], result["pair"]) == ([], None)
    assert set(job.figures) == {"importance", "partial_dependence", "ice"}


def test_what_is_not_asked_for_is_null() -> None:
    result = explained(builtin("iris"), columns=["petal width (cm)"], interactions=False, estimator="linear")
    assert (result["ice"], result["interactions"], result["pair"]) == (None, None, None)
    assert result["partial"] is False


def test_columns_with_awkward_names_are_explained() -> None:
    names = {"sepal width (cm)": "a.b[0]", "petal width (cm)": 'it\'s: "x"'}
    table = builtin("iris").rename(columns=names)
    job = RecordingJob(seed=SEED)
    result = explained(table, job, columns=list(names.values()), ice=True, estimator="linear")
    assert result["pair"]["columns"] == list(names.values())
    assert len(job.figures["ice"]["concat"]) == 2


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ([1.0, 2.5], ["1", "2.5"]),
        ([1000.1, 1000.2], ["1000.1", "1000.2"]),
        ([1.0, 1.0 + 1e-13], ["1.0", "1.0000000000001"]),
    ],
)
def test_values_are_labelled_with_as_few_digits_as_tell_them_apart(grid: list[float], expected: list[str]) -> None:
    assert labels(grid_of("a", grid)) == expected


REFUSED = {
    "an unknown column": ({"columns": ["petal widht (cm)"]}, "Did you mean 'petal width (cm)'"),
    "an excluded column": (
        {"columns": ["petal width (cm)"], "exclude": ["petal width (cm)"]},
        "does not learn from column 'petal width (cm)': it is the target or excluded",
    ),
    "the target": ({"pair": ["target", "petal width (cm)"]}, "does not learn from column 'target'"),
    "a pair of one": ({"pair": ["petal width (cm)", "petal width (cm)"]}, "A column is named twice"),
    "an unknown class": ({"of_class": "tulip"}, "'target' has no class 'tulip'. It has 'setosa', 'versicolor'"),
    "an estimator of the other problem": ({"estimator": "ridge"}, "'ridge' predicts numbers"),
}


@pytest.mark.parametrize(("params", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_explained_is_refused(params: dict[str, object], reason: str) -> None:
    with pytest.raises(AnalysisError) as refused:
        explained(builtin("iris"), **params)
    assert reason in str(refused.value)


def test_a_class_of_a_regression_is_refused() -> None:
    with pytest.raises(AnalysisError, match="leave it out of a regression"):
        explained(builtin("diabetes"), of_class="high", estimator="ridge")


def test_a_column_that_was_dropped_is_refused_with_the_reason() -> None:
    table = builtin("iris").assign(planet="Earth")
    with pytest.raises(AnalysisError, match="does not learn from column 'planet': it is constant"):
        explained(table, columns=["planet"])
