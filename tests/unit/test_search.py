"""`search`: candidates and scores against scikit-learn's own searches, finishing early, and all that it refuses."""

from typing import Any

import numpy as np
import orjson
import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError
from pandas import DataFrame
from recording_job import RecordingJob
from scipy.stats import loguniform, randint, uniform
from sklearn import datasets
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes halving importable
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import builtin, penguins

from tasks import AnalysisError
from tasks.search.default_spaces import default_space
from tasks.search.halving import plan_rungs
from tasks.search.params import search
from tasks.search.space import check_space, draw_candidates, grid_candidates
from tasks.search.trial import Trial, ranked
from tasks.train import estimators
from tasks.train.choices import Estimator, Problem
from tasks.train.estimators import build_estimator

pytestmark = pytest.mark.usefixtures("small_forests")

SEED = 7
REGRESSION_SCORES = {
    "r2": "r2",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "median_ae": "neg_median_absolute_error",
}
ALPHA = {"low": 1e-3, "high": 1e3, "log": True}


def found(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict[str, Any]:
    defaults = {"target": "target", "folds": 3, "n_candidates": 4}
    result = search.run(data, job or RecordingJob(seed=SEED), search.load({**defaults, **params}))
    loaded: dict[str, Any] = orjson.loads(orjson.dumps(result))
    return loaded


def refusal(**params: object) -> str:
    with pytest.raises(AnalysisError) as refused:
        found(builtin("iris"), **params)
    return str(refused.value)


def same_candidates(result: dict[str, Any], direct: Any, *, step: str, scores: dict[str, str]) -> None:
    """Compare every candidate's parameters, mean and spread with those of a search of scikit-learn."""
    candidates = sorted(result["candidates"], key=lambda candidate: int(candidate["number"]))
    for position, (candidate, settings) in enumerate(zip(candidates, direct.cv_results_["params"], strict=True)):
        assert candidate["params"] == {name.removeprefix(f"{step}__"): value for name, value in settings.items()}
        for metric, scorer in scores.items():
            sign = -1 if scorer.startswith("neg_") else 1
            mean = sign * direct.cv_results_[f"mean_test_{metric}"][position]
            assert candidate["metrics"][metric]["mean"] == pytest.approx(mean, rel=1e-12, abs=1e-12)
            std = direct.cv_results_[f"std_test_{metric}"][position]
            assert candidate["metrics"][metric]["std"] == pytest.approx(std, rel=1e-9, abs=1e-12)


def test_a_random_search_equals_scikit_learns() -> None:
    table, target = datasets.load_diabetes(return_X_y=True)
    direct = RandomizedSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": loguniform(1e-3, 1e3), "ridge__fit_intercept": [True, False]},
        n_iter=6,
        cv=KFold(5, shuffle=True, random_state=SEED),
        scoring=REGRESSION_SCORES,
        refit="r2",
        random_state=SEED,
    ).fit(table, target)
    space = {"alpha": ALPHA, "fit_intercept": [True, False]}
    result = found(builtin("diabetes"), estimator="ridge", space=space, n_candidates=6, folds=5)
    same_candidates(result, direct, step="ridge", scores=REGRESSION_SCORES)
    ranks = {candidate["number"]: candidate["rank"] for candidate in result["candidates"]}
    assert [ranks[number] for number in range(1, 7)] == direct.cv_results_["rank_test_r2"].tolist()
    assert result["best"]["params"]["alpha"] == direct.best_params_["ridge__alpha"]
    assert result["best"]["score"] == pytest.approx(direct.best_score_, abs=1e-12)


def test_a_random_search_of_a_forest_equals_scikit_learns() -> None:
    table, classes = datasets.load_wine(return_X_y=True)
    scores = {"balanced_accuracy": "balanced_accuracy", "log_loss": "neg_log_loss"}
    direct = RandomizedSearchCV(
        make_pipeline(RandomForestClassifier(n_estimators=10, random_state=SEED)),
        {
            "randomforestclassifier__max_features": uniform(0.1, 0.9),
            "randomforestclassifier__min_samples_leaf": randint(1, 21),
            "randomforestclassifier__max_depth": [None, 3],
        },
        n_iter=4,
        cv=StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring=scores,
        refit=False,
        random_state=SEED,
    ).fit(table, classes)
    space = {
        "max_depth": [None, 3],
        "max_features": {"low": 0.1, "high": 1.0},
        "min_samples_leaf": {"low": 1, "high": 20, "int": True},
    }
    result = found(builtin("wine"), space=space)
    same_candidates(result, direct, step="randomforestclassifier", scores=scores)


def test_a_grid_search_equals_scikit_learns() -> None:
    table, classes = datasets.load_wine(return_X_y=True)
    scores = {"accuracy": "accuracy", "f1_macro": "f1_macro", "roc_auc": "roc_auc_ovr"}
    direct = GridSearchCV(
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        {"kneighborsclassifier__n_neighbors": [1, 6, 11], "kneighborsclassifier__weights": ["uniform", "distance"]},
        cv=StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring=scores,
        refit="accuracy",
    ).fit(table, classes)
    space = {
        "weights": ["uniform", "distance"],
        "n_neighbors": {"low": 1, "high": 11, "int": True, "steps": 3},
    }
    result = found(builtin("wine"), estimator="k_neighbors", method="grid", space=space, metric="accuracy")
    same_candidates(result, direct, step="kneighborsclassifier", scores=scores)
    assert result["candidates_asked"] == 6


def test_halving_over_rows_equals_scikit_learns() -> None:
    bunch = datasets.load_diabetes()
    rows = builtin("diabetes").iloc[:405]
    direct = HalvingRandomSearchCV(
        make_pipeline(StandardScaler(), Ridge()),
        {"ridge__alpha": loguniform(1e-3, 1e3)},
        n_candidates=9,
        factor=3,
        min_resources="exhaust",
        cv=KFold(5, shuffle=True, random_state=SEED),
        scoring="r2",
        random_state=SEED,
    ).fit(bunch.data[:405], bunch.target[:405])
    result = found(rows, estimator="ridge", method="halving", space={"alpha": ALPHA}, n_candidates=9, folds=5)
    assert [rung["resource"] for rung in result["rungs"]] == direct.n_resources_ == [45, 135, 405]
    assert [rung["done"] for rung in result["rungs"]] == direct.n_candidates_ == [9, 3, 1]
    same_last_trials(result, direct, step="ridge")


def test_halving_over_trees_equals_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimators, "TREES", 45)
    bunch = datasets.load_diabetes()
    direct = HalvingRandomSearchCV(
        ExtraTreesRegressor(random_state=SEED),
        {"ccp_alpha": uniform(0, 500)},
        n_candidates=9,
        factor=3,
        resource="n_estimators",
        min_resources=5,
        max_resources=45,
        cv=KFold(3, shuffle=True, random_state=SEED),
        scoring="r2",
        random_state=SEED,
    ).fit(bunch.data, bunch.target)
    result = found(
        builtin("diabetes"),
        estimator="extra_trees",
        method="halving",
        resource="trees",
        space={"ccp_alpha": {"low": 0, "high": 500}},
        n_candidates=9,
    )
    assert [rung["resource"] for rung in result["rungs"]] == direct.n_resources_ == [5, 15, 45]
    same_last_trials(result, direct, step="")


def same_last_trials(result: dict[str, Any], direct: Any, *, step: str) -> None:
    """Compare each candidate's last score with those that scikit-learn's halving gave it."""
    name = next(iter(result["space"]))
    reached = {}
    for settings, resource, mean in zip(
        direct.cv_results_["params"],
        direct.cv_results_["n_resources"],
        direct.cv_results_["mean_test_score"],
        strict=True,
    ):
        reached[settings[f"{step}__{name}" if step else name]] = (resource, mean)
    assert len(reached) == len(result["candidates"])
    for candidate in result["candidates"]:
        resource, mean = reached[candidate["params"][name]]
        assert candidate["resource"] == resource
        assert candidate["score"] == pytest.approx(mean, abs=1e-12)


def test_rungs_end_with_all_of_the_resource() -> None:
    rungs = plan_rungs(20, smallest=60, largest=1_000, factor=3, parameter=None)
    assert [(rung.candidates, rung.resource) for rung in rungs] == [(20, 111), (7, 333), (3, 1_000)]
    (only,) = plan_rungs(20, smallest=60, largest=150, factor=3, parameter=None)
    assert (only.candidates, only.resource) == (20, 150)


def test_halving_a_small_table_halves_nothing_and_says_so() -> None:
    result = found(builtin("iris"), estimator="k_neighbors", method="halving", n_candidates=3, folds=5)
    assert [rung["resource"] for rung in result["rungs"]] == [150]
    assert any("nothing was halved" in note for note in result["notes"])


def test_halving_draws_classes_in_proportion() -> None:
    job = RecordingJob(seed=SEED)
    table = builtin("digits")
    result = found(
        table, job, estimator="logistic", method="halving", folds=2, n_candidates=3, space={"C": [0.1, 1, 9]}
    )
    assert [rung["resource"] for rung in result["rungs"]] == [599, 1797]
    assert all(candidate["error"] is None for candidate in result["candidates"])
    assert (1.0, "rung 2 of 2, candidate 1 of 1") in job.reports


def test_the_defaults_are_judged_on_the_same_folds() -> None:
    table, classes = datasets.load_wine(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5_000))
    splits = StratifiedKFold(3, shuffle=True, random_state=SEED)
    direct = GridSearchCV(model, {"logisticregression__C": [1.0]}, scoring="neg_log_loss", cv=splits).fit(
        table, classes
    )
    result = found(builtin("wine"), estimator="logistic", metric="log_loss")
    assert result["defaults"]["params"] == {"C": 1.0}
    assert result["defaults"]["score"] == pytest.approx(-direct.best_score_, abs=1e-12)


def test_a_metric_of_which_less_is_better_is_searched_downwards() -> None:
    result = found(builtin("wine"), estimator="logistic", metric="log_loss", n_candidates=6)
    scores = [candidate["score"] for candidate in result["candidates"]]
    assert scores == sorted(scores)
    assert result["higher_is_better"] is False
    assert result["gain"] == pytest.approx(result["defaults"]["score"] - result["best"]["score"])


def test_the_best_candidate_is_judged_on_rows_that_no_candidate_has_seen() -> None:
    table, classes = datasets.load_wine(return_X_y=True)
    result = found(builtin("wine"), estimator="logistic", space={"C": [0.01, 0.1]}, holdout=0.25)
    learned, held_out = train_test_split(np.arange(178), test_size=0.25, stratify=classes, random_state=SEED)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5_000, **result["best"]["params"]))
    model.fit(table[np.sort(learned)], classes[np.sort(learned)])
    expected = balanced_accuracy_score(classes[held_out], model.predict(table[held_out]))
    assert result["holdout"]["rows"] == len(held_out)
    assert result["holdout"]["metrics"]["balanced_accuracy"] == pytest.approx(expected, abs=1e-12)
    assert result["holdout"]["baseline"]["balanced_accuracy"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("estimator", ["linear", "random_forest", "hist_gradient_boosting", "mlp", "svm"])
def test_a_table_with_gaps_and_text_is_searched_over_the_default_space(estimator: str) -> None:
    table = penguins().iloc[:120]
    result = found(table, target="species", estimator=estimator, n_candidates=2, folds=2)
    assert result["best"]["score"] > 0.5
    assert result["best"]["params"].keys() == result["space"].keys()


@pytest.mark.parametrize("problem", ["classification", "regression"])
@pytest.mark.parametrize("estimator", Estimator.__args__)
def test_default_spaces_name_parameters_of_their_estimators(estimator: Estimator, problem: Problem) -> None:
    if (estimator == "logistic" and problem == "regression") or (
        estimator in ("ridge", "lasso") and problem == "classification"
    ):
        return
    space = default_space(estimator, problem=problem)
    check_space(space, build_estimator(estimator, problem=problem, seed=SEED), name=estimator)
    assert search.load({"target": "x", "space": dict(space)})["space"] == space
    assert len(draw_candidates(space, count=5, seed=SEED)) == 5


def test_a_smaller_space_of_lists_is_tried_as_a_whole() -> None:
    drawn = draw_candidates({"a": [1, 2], "b": [None, True]}, count=20, seed=SEED)
    assert len(drawn) == 4
    assert len({tuple(sorted(each.items(), key=str)) for each in drawn}) == 4


def test_logarithmic_integers_stay_within_their_range_and_lean_low() -> None:
    space = {"leaf": {"low": 1, "high": 100, "int": True, "log": True}}
    drawn = [each["leaf"] for each in draw_candidates(space, count=400, seed=SEED)]
    assert {type(value) for value in drawn} == {int}
    assert (min(drawn), max(drawn)) >= (1, 90)
    assert max(drawn) <= 100
    assert 0.4 < np.mean(np.array(drawn) <= 10) < 0.6


def test_a_grid_has_the_ends_of_its_ranges() -> None:
    space = {"C": {"low": 0.001, "high": 1_000, "log": True, "steps": 3}, "n": {"low": 1, "high": 3, "int": True}}
    grid = grid_candidates(space)
    assert sorted({each["C"] for each in grid}) == pytest.approx([0.001, 1.0, 1_000], abs=1e-15)
    assert sorted({each["n"] for each in grid}) == [1, 2, 3]


def test_lists_of_integers_reach_the_estimator_as_tuples() -> None:
    result = found(builtin("iris"), estimator="mlp", space={"hidden_layer_sizes": [[4], [3, 2]]}, folds=2)
    assert sorted(each["params"]["hidden_layer_sizes"] for each in result["candidates"]) == [[3, 2], [4]]
    assert all(candidate["error"] is None for candidate in result["candidates"])


def test_a_candidate_that_cannot_be_fitted_is_kept_with_its_reason() -> None:
    result = found(builtin("iris"), estimator="logistic", space={"C": [1.0, -1.0]})
    best, failed = result["candidates"]
    assert (best["error"], failed["score"], failed["folds"], failed["metrics"]) == (None, None, [], {})
    assert "'C' parameter of LogisticRegression" in failed["error"]
    assert "Candidates that could not be fitted: 1 of 2; `error` says why." in result["notes"]


def test_equal_scores_share_a_rank() -> None:
    trials = [
        Trial(number=n, settings={}, metric="r2", folds=({"r2": r2},)) for n, r2 in ((1, 0.5), (2, 0.9), (3, 0.9))
    ]
    failed = Trial(number=4, settings={}, metric="r2", error="no")
    assert [(rank, trial.number) for rank, trial in ranked([failed, *trials])] == [(1, 2), (1, 3), (3, 1), (4, 4)]


@pytest.mark.parametrize("method", ["random", "halving"])
def test_the_same_seed_gives_the_same_result(method: str) -> None:
    once, again = (RecordingJob(seed=SEED) for _ in range(2))
    params = {"method": method, "n_candidates": 3, "folds": 2}
    assert found(builtin("wine"), once, **params) == found(builtin("wine"), again, **params)
    assert once.figures == again.figures


def test_the_score_curve_is_reported_live() -> None:
    job = RecordingJob(seed=SEED)
    result = found(builtin("wine"), job, estimator="logistic", space={"C": [1e-4, 1e-3, 1.0]}, n_candidates=3)
    told = dict(zip([stage for _, stage in job.reports], job.scores, strict=True))
    assert told["defaults"] == {}
    assert told["candidate 1 of 3"]["last"] == told["candidate 1 of 3"]["best"]
    best = [scores["best"] for scores in job.scores if scores]
    assert best == sorted(best)
    assert best[-1] == result["best"]["score"]
    shares = [share for share, _ in job.reports]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_asked_to_finish_it_drops_the_candidate_at_hand_and_keeps_the_best() -> None:
    # 1 preparation, 3 folds of the defaults, 3 of each of two candidates, then 1 of the third.
    job = RecordingJob(seed=SEED, finish_after=11)
    result = found(builtin("wine"), job, estimator="logistic")
    assert (result["partial"], result["candidates_done"], result["candidates_asked"]) == (True, 2, 4)
    assert result["best"]["score"] == max(candidate["score"] for candidate in result["candidates"])


def test_asked_to_finish_at_once_it_still_judges_one_candidate() -> None:
    result = found(builtin("wine"), RecordingJob(seed=SEED, finish_after=0), estimator="logistic", holdout=0.2)
    assert (result["partial"], result["candidates_done"]) == (True, 1)
    assert result["holdout"]["metrics"]["accuracy"] > 0.5


def test_a_halving_that_is_cut_short_says_so() -> None:
    job = RecordingJob(seed=SEED, finish_after=12)
    rows = builtin("diabetes")
    result = found(rows, job, estimator="ridge", method="halving", n_candidates=9)
    assert result["partial"] is True
    assert any("No candidate got all of the resource yet" in note for note in result["notes"])


def test_figures_show_every_candidate() -> None:
    job = RecordingJob(seed=SEED)
    space = {"max_depth": [None, 3], "min_samples_leaf": {"low": 1, "high": 9, "int": True, "log": True}}
    found(builtin("iris"), job, space=space, n_candidates=5, folds=2)
    assert set(job.figures) == {"score_curve", "params"}
    assert len(job.figures["params"]["concat"]) == 2
    assert all(len(rows) == 5 for rows in job.figures["params"]["datasets"].values())


def test_no_candidate_is_drawn_that_has_no_score() -> None:
    job = RecordingJob(seed=SEED)
    found(builtin("iris"), job, estimator="logistic", space={"C": [1.0, -1.0]})
    (rows,) = job.figures["params"]["datasets"].values()
    assert [row["value"] for row in rows] == ["1.0"]


REFUSED = {
    "an unknown parameter": ({"space": {"max_dept": [1]}}, "no parameter 'max_dept'. Did you mean 'max_depth'"),
    "a parameter of the job": ({"space": {"random_state": [1, 2]}}, "'random_state' is set by the job"),
    "too large a grid": (
        {
            "method": "grid",
            "space": {name: list(range(1, 11)) for name in ("max_depth", "max_leaf_nodes", "ccp_alpha")},
        },
        "The grid has 1,000 candidates, at most 500",
    ),
    "a metric of the other problem": ({"metric": "rmse"}, "'rmse' is not one of a classification; choose one of accur"),
    "trees that are none": ({"estimator": "svm", "method": "halving", "resource": "trees"}, "'svm' has no trees"),
    "the resource in the space": (
        {"method": "halving", "resource": "trees", "space": {"n_estimators": [5, 10]}},
        "'n_estimators' is the resource of the halving",
    ),
    "no candidate that fits": (
        {"estimator": "logistic", "space": {"C": [-1.0, -2.0]}},
        "No candidate can be fitted. The first one: The 'C' parameter",
    ),
    "an estimator of the other problem": ({"estimator": "ridge"}, "'ridge' predicts numbers"),
}


@pytest.mark.parametrize(("params", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_searched_is_refused(params: dict[str, object], reason: str) -> None:
    assert reason in refusal(**params)


def test_a_metric_that_the_test_parts_leave_undefined_is_refused() -> None:
    # Six groups of one class each make three test parts, which can't have every class.
    table = builtin("iris").assign(site=[f"site {row // 25}" for row in range(150)])
    with pytest.raises(AnalysisError, match="'roc_auc' is undefined for these test parts"):
        found(table, estimator="k_neighbors", metric="roc_auc", group="site")


NO_VALUE = "Value {} must be null, a boolean, a finite number, a short text, or a list of integers."
DIMENSIONS: list[tuple[object, str]] = [
    ([], "Must have between 1 and 100 values."),
    (list(range(101)), "Must have between 1 and 100 values."),
    (5, 'Must be a list of values, or a range such as {"low": 0.1, "high": 10, "log": true}.'),
    ([{}], NO_VALUE.format(1)),
    ([1, "x" * 101], NO_VALUE.format(2)),
    ([[1.5]], NO_VALUE.format(1)),
    ([2**60], NO_VALUE.format(1)),
    ({"low": 1}, "A range needs two finite numbers, low below high."),
    ({"low": 2, "high": 1}, "A range needs two finite numbers, low below high."),
    ({"low": True, "high": 2}, "A range needs two finite numbers, low below high."),
    ({"low": 0, "high": 1, "log": True}, "A range on a logarithmic scale begins above 0."),
    ({"low": 0.5, "high": 3, "int": True}, "A range of integers needs integers as low and high."),
    ({"low": 1, "high": 3, "int": 1}, "int must be true or false."),
    ({"low": 1, "high": 3, "steps": 1}, "steps must be an integer from 2 to 100."),
    ({"low": 1, "high": 3, "step": 2}, "A range has no 'step'; it has low, high, log, int and steps."),
]


@pytest.mark.parametrize(("given", "reason"), DIMENSIONS, ids=str)
def test_a_dimension_that_is_none_is_refused_with_its_path(given: object, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        search.load({"target": "x", "space": {"C": given}})
    assert refused.value.messages == {"space": {"C": [reason]}}


def test_the_json_schema_describes_a_dimension() -> None:
    validator = Draft202012Validator(search.json_schema())
    for given in ([1, None, "a", [3, 2]], {"low": 1, "high": 2, "log": True, "int": True, "steps": 4}):
        assert validator.is_valid({"target": "x", "space": {"C": given}})
    for given in ([], {"low": 1}, {"low": 1, "high": 2, "step": 1}, 7, [{"a": 1}]):
        assert not validator.is_valid({"target": "x", "space": {"C": given}})
