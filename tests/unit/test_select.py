"""`select`: each look against scikit-learn called directly, tables with text and gaps, and what it suggests."""

from typing import Any

import numpy as np
import orjson
import pytest
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.feature_selection import RFECV, f_classif, f_regression, mutual_info_classif, mutual_info_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import builtin, penguins

from tasks import AnalysisError
from tasks.select import elimination
from tasks.select.eliminations import Eliminations
from tasks.select.params import select

pytestmark = pytest.mark.usefixtures("small_forests")

SEED = 7


def selected(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict[str, Any]:
    defaults = {"target": "target", "folds": 3, "shuffles": 5}
    result = select.run(data, job or RecordingJob(seed=SEED), select.load({**defaults, **params}))
    loaded: dict[str, Any] = orjson.loads(orjson.dumps(result))
    return loaded


def by_column(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {column["column"]: column for column in result["columns"]}


def directly(model: BaseEstimator, cv: BaseEstimator, *, scoring: str, getter: str = "auto") -> RFECV:
    return RFECV(model, step=1, cv=cv, scoring=scoring, importance_getter=getter)


def same_elimination(result: dict[str, Any], names: list[str], direct: RFECV) -> None:
    scores = result["elimination"]["scores"]
    assert [score["columns"] for score in scores] == direct.cv_results_["n_features"].tolist()
    np.testing.assert_allclose(
        [score["mean"] for score in scores], direct.cv_results_["mean_test_score"], rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        [score["std"] for score in scores], direct.cv_results_["std_test_score"], rtol=0, atol=1e-12
    )
    assert set(result["best"]["columns"]) == {name for name, kept in zip(names, direct.support_, strict=True) if kept}


def test_elimination_with_a_forest_equals_scikit_learns() -> None:
    bunch = datasets.load_wine()
    direct = directly(
        RandomForestClassifier(n_estimators=10, random_state=SEED),
        StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring="balanced_accuracy",
    ).fit(bunch.data[:, :7], bunch.target)
    table = builtin("wine")[[*bunch.feature_names[:7], "target"]]
    same_elimination(selected(table), bunch.feature_names[:7], direct)


def test_elimination_with_a_linear_model_equals_scikit_learns() -> None:
    bunch = datasets.load_wine()
    direct = directly(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=5_000)),
        StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring="balanced_accuracy",
        getter="named_steps.logisticregression.coef_",
    ).fit(bunch.data, bunch.target)
    same_elimination(selected(builtin("wine"), estimator="linear"), bunch.feature_names, direct)


def test_elimination_for_a_number_equals_scikit_learns() -> None:
    bunch = datasets.load_diabetes()
    direct = directly(
        ExtraTreesRegressor(n_estimators=10, random_state=SEED),
        KFold(3, shuffle=True, random_state=SEED),
        scoring="r2",
    ).fit(bunch.data, bunch.target)
    same_elimination(selected(builtin("diabetes"), estimator="extra_trees"), bunch.feature_names, direct)


def test_several_columns_go_at_once_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elimination, "MOST_ROUNDS", 4)
    bunch = datasets.load_wine()
    direct = RFECV(
        RandomForestClassifier(n_estimators=10, random_state=SEED),
        step=3,
        cv=StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring="balanced_accuracy",
    ).fit(bunch.data, bunch.target)
    same_elimination(selected(builtin("wine")), bunch.feature_names, direct)


def test_looks_at_single_columns_equal_scikit_learns_for_classes() -> None:
    bunch = datasets.load_wine()
    columns = by_column(selected(builtin("wine"), estimator="linear"))
    information = mutual_info_classif(bunch.data, bunch.target, random_state=SEED)
    statistics, p_values = f_classif(bunch.data, bunch.target)
    for name, value, statistic, p in zip(bunch.feature_names, information, statistics, p_values, strict=True):
        assert columns[name]["mutual_information"]["value"] == pytest.approx(value, abs=1e-12)
        assert columns[name]["test"]["statistic"] == pytest.approx(statistic, rel=1e-12)
        assert columns[name]["test"]["p"] == pytest.approx(p, rel=1e-9)


def test_looks_at_single_columns_equal_scikit_learns_for_numbers() -> None:
    bunch = datasets.load_diabetes()
    columns = by_column(selected(builtin("diabetes"), estimator="linear"))
    information = mutual_info_regression(bunch.data, bunch.target, discrete_features=False, random_state=SEED)
    statistics, _ = f_regression(bunch.data, bunch.target)
    for name, value, statistic in zip(bunch.feature_names, information, statistics, strict=True):
        assert columns[name]["mutual_information"]["value"] == pytest.approx(value, abs=1e-12)
        assert columns[name]["test"]["statistic"] == pytest.approx(statistic, rel=1e-12)


def noisy(rows: int = 200) -> DataFrame:
    """Return a table in which two columns and a category make the target, and three columns are noise."""
    chance = np.random.default_rng(SEED)
    place = chance.choice(["coast", "valley", "summit"], size=rows)
    table = DataFrame({f"noise {number}": chance.normal(size=rows) for number in range(3)})
    table["rain"], table["sun"], table["place"] = chance.normal(size=rows), chance.normal(size=rows), place
    table["yield"] = 3 * table["rain"] - 2 * table["sun"] + np.where(place == "summit", 4.0, 0.0)
    table.loc[::17, "sun"] = np.nan
    return table


def test_what_makes_the_target_is_told_from_noise() -> None:
    result = selected(noisy(), target="yield", estimator="linear")
    assert {column["column"] for column in result["columns"][:3]} == {"rain", "sun", "place"}
    assert set(result["suggestion"]["columns"]) == {"rain", "sun", "place"}
    columns = by_column(result)
    assert columns["rain"]["mutual_information"]["above_noise"] is True
    assert columns["place"]["test"]["name"] == "f_categories"
    assert columns["place"]["test"]["p_adjusted"] < 1e-5


def test_what_a_category_is_encoded_to_goes_together() -> None:
    result = selected(noisy(), target="yield", estimator="linear")
    assert [score["columns"] for score in result["elimination"]["scores"]] == [1, 2, 3, 4, 5, 6]
    assert sorted(column["elimination_rank"] for column in result["columns"]) == [1, 2, 3, 4, 5, 6]


def test_a_column_says_why_it_stands_where_it_stands() -> None:
    columns = by_column(selected(noisy(), target="yield", estimator="linear"))
    told, tested, kept = columns["rain"]["reasons"]
    assert told.startswith("Tells ")
    assert tested.startswith("Related to the target: F is ")
    assert kept == "Needed by the model: place 2 of 6 in the elimination, and part of the suggestion."
    assert "no more about the target than chance" in columns["noise 1"]["reasons"][0]


def test_the_suggestion_is_the_fewest_columns_within_one_standard_error() -> None:
    result = selected(builtin("wine"))
    scores = result["elimination"]["scores"]
    best = max(scores, key=lambda score: score["mean"])
    assert result["best"]["score"] == best["mean"]
    error = np.std(best["folds"], ddof=1) / np.sqrt(3)
    assert result["elimination"]["standard_error"] == pytest.approx(error, abs=1e-15)
    enough = next(score for score in scores if score["mean"] >= best["mean"] - error)
    assert len(result["suggestion"]["columns"]) == enough["columns"]
    assert set(result["suggestion"]["columns"]) <= set(result["best"]["columns"])


def test_of_equal_scores_the_fewest_columns_are_the_best() -> None:
    eliminations = Eliminations(sizes=(4, 3, 2, 1), folds=[[0.5, 0.75, 0.75, 0.25], [0.75, 1.0, 1.0, 0.5]])
    assert eliminations.sizes[eliminations.best()] == 2


def test_columns_that_were_dropped_together_share_a_rank() -> None:
    left = [np.array([0, 1, 2, 3, 4]), np.array([0, 2, 4]), np.array([2])]
    assert Eliminations(sizes=(5, 3, 1), left=left).ranks() == {2: 1, 0: 2, 4: 2, 1: 3, 3: 3}


@pytest.mark.parametrize("target", ["species", "body_mass_g"])
def test_a_table_with_gaps_text_and_dates_is_looked_at(target: str) -> None:
    table = penguins()
    result = selected(table, target=target)
    columns = by_column(result)
    assert len(columns) + len(result["dropped"]) == table.shape[1] - 1
    assert columns["island"]["kind"] == "categorical"
    assert columns["flipper_length_mm"]["mutual_information"]["above_noise"] is True
    assert result["suggestion"]["columns"]


@pytest.mark.parametrize("estimator", ["linear", "random_forest"])
def test_the_same_seed_gives_the_same_result(estimator: str) -> None:
    once, again = (RecordingJob(seed=SEED) for _ in range(2))
    assert selected(noisy(), once, target="yield", estimator=estimator) == selected(
        noisy(), again, target="yield", estimator=estimator
    )
    assert once.figures == again.figures


def test_large_tables_are_measured_on_a_sample() -> None:
    table = noisy(2_500)
    result = selected(table, target="yield", estimator="linear", folds=2)
    assert "The mutual information rests on 2,000 rows, drawn at random." in result["notes"]


def test_each_round_is_reported_with_its_score() -> None:
    job = RecordingJob(seed=SEED)
    selected(noisy(), job, target="yield", estimator="linear")
    stages = [stage for _, stage in job.reports]
    assert stages[1] == "shuffle 1 of 5"
    assert "all rows, columns left: 6" in stages
    assert "fold 3 of 3, columns left: 1" in stages
    assert job.reports[-1] == (1.0, "done")
    assert [share for share, _ in job.reports] == sorted(share for share, _ in job.reports)
    assert any("score" in scores for scores in job.scores)


def test_asked_to_finish_it_keeps_the_folds_that_are_done() -> None:
    # 1 preparation, 5 shuffles, 6 rounds on all rows, 6 in the first fold, then 2 of the second.
    job = RecordingJob(seed=SEED, finish_after=20)
    result = selected(noisy(), job, target="yield", estimator="linear")
    assert (result["partial"], result["elimination"]["folds_done"]) == (True, 1)
    assert result["elimination"]["standard_error"] == 0.0
    assert result["suggestion"]["columns"] == result["best"]["columns"]


def test_asked_to_finish_at_once_it_still_ranks_the_columns() -> None:
    job = RecordingJob(seed=SEED, finish_after=1)
    result = selected(noisy(), job, target="yield", estimator="linear")
    assert result["partial"] is True
    assert (result["elimination"], result["best"], result["suggestion"]) == (None, None, None)
    assert {column["elimination_rank"] for column in result["columns"]} == {None}
    assert result["columns"][0]["column"] in {"rain", "sun", "place"}
    assert "No fold was done, so no set of columns is suggested." in result["notes"]
    assert set(job.figures) == {"mutual_information"}


def test_figures_are_attached() -> None:
    job = RecordingJob(seed=SEED)
    selected(noisy(), job, target="yield", estimator="linear")
    assert set(job.figures) == {"mutual_information", "elimination"}
    assert job.figures["elimination"]["title"]["text"] == ["3 of 6 columns are enough"]


def test_columns_with_awkward_names_are_drawn() -> None:
    table = noisy().rename(columns={"rain": "a.b[0]", "sun": 'it\'s: "x"'})
    job = RecordingJob(seed=SEED)
    selected(table, job, target="yield", estimator="linear", folds=2)
    (rows,) = job.figures["mutual_information"]["datasets"].values()
    drawn = {row["column"] for row in rows}
    assert {"a.b[0]", 'it\'s: "x"'} <= drawn


def test_a_single_column_is_looked_at_without_an_elimination() -> None:
    result = selected(noisy()[["rain", "yield"]], target="yield", estimator="linear")
    assert result["suggestion"]["columns"] == ["rain"]


def test_a_perfect_relation_has_an_infinite_statistic_told_as_null() -> None:
    table = noisy()[["rain", "sun"]].assign(copy=[0.0, 1.0] * 100, target=["a", "b"] * 100)
    test = by_column(selected(table, estimator="linear"))["copy"]["test"]
    assert (test["name"], test["statistic"], test["p"]) == ("f_classes", None, 0.0)


def test_an_unknown_column_is_refused_with_its_neighbour() -> None:
    with pytest.raises(AnalysisError, match="Did you mean 'rain'"):
        selected(noisy(), target="yield", features=["rains"])
