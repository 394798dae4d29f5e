"""`compare`: the scores of `train`, differences as published, and what is refused or left out."""

import numpy as np
import orjson
import pytest
import vl_convert
from pandas import DataFrame
from recording_job import RecordingJob
from scipy.stats import t as student
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC
from tables import builtin

from tasks import AnalysisError
from tasks.compare.differences import paired_difference
from tasks.compare.params import compare
from tasks.train.params import train

SEED = 7
QUICK = ["logistic", "k_neighbors", "svm"]


def compared(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    asked = compare.load({"target": "target", "estimators": QUICK, "folds": 3, **params})
    return orjson.loads(orjson.dumps(compare.run(data, job or RecordingJob(seed=SEED), asked)))


def by_estimator(result: dict) -> dict[str, dict]:
    return {each["estimator"]: each for each in result["ranking"]}


def test_a_difference_is_the_published_one_of_scikit_learns_example() -> None:
    # "Corrected t-value: 0.750, corrected p-value: 0.227" (one-sided) for these two models; source:
    # https://scikit-learn.org/stable/auto_examples/model_selection/plot_grid_search_stats.html
    features, classes = make_moons(noise=0.352, random_state=1, n_samples=100)
    splits = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), features, classes, cv=splits, scoring="roc_auc")
        for kernel in ("rbf", "linear")
    )
    difference = paired_difference(linear.tolist(), rbf.tolist(), test_to_train=10 / 90)
    low, high = difference.interval or (0.0, 0.0)
    error = (high - low) / 2 / student.ppf(0.975, df=99)
    assert round(-difference.mean / error, 3) == 0.750
    assert difference.p == pytest.approx(2 * 0.227, abs=0.001)
    assert not difference.is_clear


def test_equal_scores_have_no_interval() -> None:
    difference = paired_difference([0.5, 0.7], [0.5, 0.7], test_to_train=1.0)
    assert (difference.mean, difference.interval, difference.p) == (0.0, None, None)
    assert not difference.is_clear


def test_a_clear_difference_is_told() -> None:
    difference = paired_difference([0.50, 0.52, 0.51, 0.49], [0.90, 0.91, 0.90, 0.92], test_to_train=1 / 3)
    assert difference.is_clear
    assert difference.as_dict(comparisons=3)["p_adjusted"] == pytest.approx(3 * (difference.p or 0))


@pytest.mark.parametrize(("name", "estimators"), [("wine", QUICK), ("diabetes", ["ridge", "lasso", "k_neighbors"])])
def test_every_estimator_scores_as_in_train(name: str, estimators: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.analysis.draw_figures", lambda trained, job: None)
    result = compared(builtin(name), estimators=estimators)
    for estimator, ranked in by_estimator(result).items():
        asked = train.load({"target": "target", "estimator": estimator, "folds": 3, "importance": False})
        alone = train.run(builtin(name), RecordingJob(seed=SEED), asked)
        assert ranked["metrics"] == orjson.loads(orjson.dumps(alone["metrics"]))
        assert result["baseline"] == orjson.loads(orjson.dumps(alone["baseline"]))


def test_estimators_are_ranked_by_the_primary_metric() -> None:
    result = compared(builtin("wine"))
    means = [each["metrics"]["balanced_accuracy"]["mean"] for each in result["ranking"]]
    assert means == sorted(means, reverse=True)
    assert [each["rank"] for each in result["ranking"]] == [1, 2, 3]
    assert result["best"] == result["ranking"][0]["estimator"]
    assert all(each["beats_baseline"] for each in result["ranking"])


def test_differences_are_to_the_best_fold_by_fold() -> None:
    result = compared(builtin("wine"))
    best, *others = result["ranking"]
    assert best["difference"] is None
    for other in others:
        folds = np.subtract(*(each["metrics"]["balanced_accuracy"]["folds"] for each in (other, best)))
        assert other["difference"]["mean"] == pytest.approx(folds.mean(), abs=1e-15)
        error = np.sqrt(folds.var(ddof=1) * (1 / 3 + 1 / 2))
        reach = student.ppf(0.975, df=2) * error
        expected = [folds.mean() - reach, folds.mean() + reach]
        # Test parts of 178 rows in three folds are not quite half of their training parts.
        assert other["difference"]["interval"] == pytest.approx(expected, rel=1e-3)


def test_an_estimator_that_is_clearly_worse_is_told_from_those_that_may_be_as_good() -> None:
    chance = np.random.default_rng(SEED)
    x, w = chance.uniform(-1, 1, size=(2, 240))
    table = DataFrame({"x": x, "w": w, "target": np.where(x * w > 0, "same", "other")})
    result = compared(table, estimators=["logistic", "svm", "k_neighbors"], folds=5)
    ranking = by_estimator(result)
    assert ranking["logistic"]["rank"] == 3
    assert "logistic" not in result["not_clearly_worse"]
    assert ranking["logistic"]["difference"]["p_adjusted"] < 0.05


def test_times_are_told() -> None:
    assert all(each["fit_seconds"] > 0 < each["predict_seconds"] for each in compared(builtin("iris"))["ranking"])


def test_all_but_the_times_is_the_same_again_with_the_same_seed() -> None:
    once, again = compared(builtin("wine")), compared(builtin("wine"))
    for result in (once, again):
        for each in result["ranking"]:
            del each["fit_seconds"], each["predict_seconds"]
    assert once == again


def test_without_names_a_sensible_set_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.estimators.TREES", 5)
    classes = compared(builtin("iris"), estimators=None, folds=2)
    numbers = compared(builtin("diabetes"), estimators=None, folds=2)
    trees = ["k_neighbors", "random_forest", "extra_trees", "hist_gradient_boosting"]
    assert classes["estimators"] == ["logistic", *trees]
    assert numbers["estimators"] == ["ridge", *trees]


def test_neighbours_are_left_out_of_the_set_where_rows_are_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.estimators.TREES", 5)
    table = DataFrame({"x": [0.0, 1, 2, 3, 4, 5, 6, 7], "target": ["a", "b"] * 4})
    result = compared(table, estimators=None, folds=2)
    assert "k_neighbors" not in result["estimators"]
    assert any("k_neighbors looks at 5 rows" in note for note in result["notes"])


def test_a_name_that_is_given_twice_is_run_once() -> None:
    result = compared(builtin("iris"), estimators=["logistic", "k_neighbors", "logistic"])
    assert result["estimators"] == ["logistic", "k_neighbors"]


def test_every_fold_of_every_estimator_is_reported_with_its_score() -> None:
    job = RecordingJob(seed=SEED)
    result = compared(builtin("iris"), job, estimators=["logistic", "k_neighbors"])
    stages = [stage for _, stage in job.reports]
    assert stages == [
        "prepare",
        *(f"{name}, fold {fold} of 3" for name in ("logistic", "k_neighbors") for fold in (1, 2, 3)),
        "done",
    ]
    fractions = [fraction for fraction, _ in job.reports]
    assert fractions == sorted(fractions)
    ranking = by_estimator(result)
    for scores in job.scores[1:-1]:
        ((name, value),) = scores.items()
        assert value in ranking[name]["metrics"]["balanced_accuracy"]["folds"]


@pytest.mark.parametrize(("finish_after", "done"), [(2, 1), (4, 1), (5, 1), (7, 2), (9, 2), (10, 3)])
def test_asked_to_finish_it_keeps_the_estimators_that_are_done(finish_after: int, done: int) -> None:
    result = compared(builtin("iris"), RecordingJob(seed=SEED, finish_after=finish_after))
    assert set(by_estimator(result)) == set(QUICK[:done])
    assert (result["estimators_done"], result["partial"]) == (done, done < 3)
    assert all(len(each["metrics"]["accuracy"]["folds"]) == 3 for each in result["ranking"])


def test_the_figure_shows_every_fold() -> None:
    job = RecordingJob(seed=SEED)
    result = compared(builtin("wine"), job)
    figure = job.figures["scores"]
    shown = [row["score"] for rows in figure["datasets"].values() for row in rows if "fold" in row]
    folds = [value for each in result["ranking"] for value in each["metrics"]["balanced_accuracy"]["folds"]]
    assert shown == pytest.approx(folds)
    assert vl_convert.vegalite_to_png(figure).startswith(b"\x89PNG")


def test_groups_stay_together_in_a_comparison() -> None:
    table = builtin("iris").assign(plant=[f"plant {row // 5}" for row in range(150)])
    result = compared(table, group="plant")
    assert result["split"] == "grouped"
    assert {"column": "plant", "reason": "groups the rows"} in result["dropped"]


def test_a_fit_that_does_not_converge_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.estimators.LOGISTIC_ITERATIONS", 1)
    result = compared(builtin("iris"), estimators=["logistic", "k_neighbors"])
    assert by_estimator(result)["logistic"]["converged"] is False
    assert "logistic did not converge in 3 of 3 folds." in result["notes"]


REFUSED = {
    "estimator of numbers": ({"estimators": ["logistic", "lasso"]}, "'lasso' predicts numbers, and this is a"),
    "unknown target": ({"target": "kind"}, "no column 'kind'"),
    "grouped without group": ({"split": "grouped"}, "Split `grouped` needs `group`"),
}


@pytest.mark.parametrize(("params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_compared_is_refused_with_what_to_do(params: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        compared(builtin("iris"), **params)
