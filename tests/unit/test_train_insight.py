"""What `train` says beyond metrics: intervals, calibrated probabilities, importance, partial dependence and dates."""

import numpy as np
import orjson
import pytest
from pandas import DataFrame, Series, Timestamp, date_range, to_datetime
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.calibration import CalibratedClassifierCV
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tables import builtin, penguins

from tasks.train.dates import PARTS, days_since_1970, expand_days, varying_parts
from tasks.train.estimators import build_estimator
from tasks.train.intervals import mean_interval
from tasks.train.model import build_model
from tasks.train.params import train
from tasks.train.prepared import prepare
from tasks.train.variants import predict_each

SEED = 7


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures to test_train_figures: checking them takes longer than most of these fits."""
    monkeypatch.setattr("tasks.train.analysis.draw_figures", lambda trained, job: None)


def trained(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    asked = train.load({"target": "target", "estimator": "linear", **params})
    return orjson.loads(orjson.dumps(train.run(data, job or RecordingJob(seed=SEED), asked)))


def logistic() -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5_000, random_state=SEED))


def test_an_interval_is_nadeau_and_bengios() -> None:
    # By hand: variance 0.02 of five folds, times 1/5 + 1/4 for parts of a fifth; t(0.975, 4) = 2.776.
    values = [0.8, 0.9, 1.0, 0.9, 0.9]
    low, high = mean_interval(values, test_to_train=1 / 4) or (0.0, 0.0)
    reach = 2.7764451051977934 * np.sqrt(0.02 / 4 * (1 / 5 + 1 / 4))
    assert (low, high) == (pytest.approx(0.9 - reach), pytest.approx(0.9 + reach))


def test_the_interval_of_a_metric_surrounds_its_mean_and_ends_where_the_metric_does() -> None:
    result = trained(builtin("iris"), importance=False)
    for metric in ("accuracy", "roc_auc", "log_loss"):
        low, high = result["metrics"][metric]["interval"]
        assert low <= result["metrics"][metric]["mean"] <= high
    assert result["metrics"]["roc_auc"]["interval"][1] == 1
    assert "Nadeau & Bengio" in result["interval_method"]


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated_probabilities_are_those_of_scikit_learn(method: str) -> None:
    features, classes = datasets.load_breast_cancer(return_X_y=True)
    # Classes are numbered by their names: benign before malignant.
    classes = 1 - classes
    parts = StratifiedKFold(5, shuffle=True, random_state=SEED)
    model = CalibratedClassifierCV(logistic(), method=method, cv=parts)
    folds = list(StratifiedKFold(3, shuffle=True, random_state=SEED).split(features, classes))
    probabilities = cross_val_predict(model, features, classes, cv=folds, method="predict_proba")
    expected = [log_loss(classes[test], probabilities[test]) for _, test in folds]
    result = trained(builtin("breast_cancer"), folds=3, calibrate=method, importance=False)
    assert result["calibrated"] == method
    np.testing.assert_allclose(result["metrics"]["log_loss"]["folds"], expected, rtol=0, atol=1e-12)


def test_isotonic_calibration_of_few_rows_is_advised_against() -> None:
    notes = trained(builtin("iris"), calibrate="isotonic", folds=2, importance=False)["notes"]
    assert any("`sigmoid` suits better" in note for note in notes)


def test_calibration_brings_the_probabilities_of_a_small_forest_closer_to_the_truth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.train.estimators.TREES", 10)
    data = builtin("breast_cancer")
    plain, calibrated = (
        trained(data, estimator="extra_trees", folds=3, calibrate=calibrate, importance=False)["metrics"]["log_loss"]
        for calibrate in ("none", "sigmoid")
    )
    assert calibrated["mean"] < plain["mean"]


def test_importance_is_that_of_scikit_learn_averaged_over_the_folds() -> None:
    features, classes = datasets.load_wine(return_X_y=True)
    drops = []
    for train_rows, test_rows in StratifiedKFold(5, shuffle=True, random_state=SEED).split(features, classes):
        model = logistic().fit(features[train_rows], classes[train_rows])
        measured = permutation_importance(
            model,
            features[test_rows],
            classes[test_rows],
            scoring="balanced_accuracy",
            n_repeats=2,
            random_state=SEED,
        )
        drops.append(measured.importances)
    every = np.hstack(drops)
    found = {each["feature"]: each for each in trained(builtin("wine"), partial_dependence=False)["importance"]}
    names = datasets.load_wine().feature_names
    np.testing.assert_allclose([found[name]["mean"] for name in names], every.mean(axis=1), rtol=0, atol=1e-12)
    np.testing.assert_allclose([found[name]["std"] for name in names], every.std(axis=1), rtol=0, atol=1e-12)


def test_the_column_that_tells_the_target_is_the_most_important() -> None:
    chance = np.random.default_rng(SEED)
    noise, tells = chance.normal(size=(2, 80))
    data = DataFrame({"noise": noise, "tells": tells, "target": np.where(tells > 0, "up", "down")})
    ranked = trained(data, partial_dependence=False)["importance"]
    assert [column["feature"] for column in ranked] == ["tells", "noise"]
    assert ranked[0]["mean"] > 0.2 > abs(ranked[1]["mean"])


def test_a_column_counts_as_a_whole_however_it_is_encoded() -> None:
    result = trained(penguins(), target="species", folds=2, partial_dependence=False)
    assert sorted(each["feature"] for each in result["importance"]) == sorted(result["features"])


def test_of_large_test_parts_some_rows_are_shuffled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.importance.MOST_ROWS", 10)
    once, again = (trained(builtin("wine"), folds=2, partial_dependence=False)["importance"] for _ in range(2))
    assert once == again
    # Ten rows of three classes: every score is a mean of recalls of few rows.
    assert once[0]["std"] > 0


def test_without_importance_none_is_reported() -> None:
    result = trained(builtin("iris"), importance=False)
    assert (result["importance"], result["partial_dependence"]) == (None, [])


@pytest.mark.parametrize("estimator", ["linear", "svm"])
def test_partial_dependence_of_probabilities_is_that_of_scikit_learn(estimator: str) -> None:
    features, classes = datasets.load_wine(return_X_y=True)
    model = logistic()
    if estimator == "svm":
        parts = StratifiedKFold(5, shuffle=True, random_state=SEED)
        model = CalibratedClassifierCV(
            make_pipeline(StandardScaler(), SVC(random_state=SEED)), cv=parts, ensemble=False
        )
    model.fit(features, classes)
    names = list(datasets.load_wine().feature_names)
    for found in trained(builtin("wine"), estimator=estimator, folds=2)["partial_dependence"]:
        column = names.index(found["feature"])
        grid = np.array(found["values"])
        expected = partial_dependence(
            model, features, [column], kind="average", method="brute", custom_values={column: grid}
        )["average"]
        means = [curve["mean"] for curve in found["curves"]]
        assert [curve["class"] for curve in found["curves"]] == ["class_0", "class_1", "class_2"]
        np.testing.assert_allclose(means, expected, rtol=0, atol=1e-12)


def test_partial_dependence_of_numbers_is_that_of_scikit_learn() -> None:
    features, target = datasets.load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), Ridge()).fit(features, target)
    names = list(datasets.load_diabetes().feature_names)
    result = trained(builtin("diabetes"), features=names)
    assert len(result["partial_dependence"]) == 4
    for found in result["partial_dependence"]:
        column = names.index(found["feature"])
        grid = np.array(found["values"])
        expected = partial_dependence(
            model, features, [column], kind="average", method="brute", custom_values={column: grid}
        )["average"]
        np.testing.assert_allclose([found["curves"][0]["mean"]], expected, rtol=1e-12)


def test_partial_dependence_of_every_kind_of_column_is_told_in_its_values() -> None:
    data = penguins().assign(tagged=[True, False, None, True] * 86)
    result = trained(
        data.drop(columns=["bill_length_mm", "bill_depth_mm", "body_mass_g"]),
        target="flipper_length_mm",
        exclude=["species"],
        folds=2,
    )
    found = {each["feature"]: each for each in result["partial_dependence"]}
    assert {name: each["kind"] for name, each in found.items()} == {
        "island": "categorical",
        "sex": "categorical",
        "date_egg": "date",
        "tagged": "boolean",
    }
    assert found["tagged"]["values"] == [False, True]
    assert sorted(found["sex"]["values"]) == ["female", "male"]
    assert found["date_egg"]["values"][0].startswith("2007-11-")
    assert all(len(each["curves"][0]["mean"]) == len(each["values"]) for each in found.values())


def test_of_two_classes_the_second_one_is_shown() -> None:
    found = trained(builtin("breast_cancer"), folds=2)["partial_dependence"]
    assert {curve["class"] for each in found for curve in each["curves"]} == {"malignant"}


def test_a_table_in_many_variants_is_predicted_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.variants.ROWS_OF_A_CALL", 7)
    tables = [DataFrame({"x": range(start, start + rows)}) for start, rows in ((0, 3), (10, 5), (20, 9), (40, 1))]
    calls = []

    def predict(table: DataFrame) -> np.ndarray:
        calls.append(len(table))
        return table["x"].to_numpy() * 2

    predicted = list(predict_each(predict, tables))
    assert [each.tolist() for each in predicted] == [(table["x"] * 2).tolist() for table in tables]
    assert calls == [8, 9, 1]


def test_everything_is_the_same_again_with_the_same_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.estimators.TREES", 5)
    asked = {"target": "species", "estimator": "random_forest", "folds": 2, "holdout": 0.2, "calibrate": "sigmoid"}
    table = penguins().iloc[::4]
    assert trained(table, **asked) == trained(table, **asked)


DATES = Series(["2020-02-29", "2021-12-31T13:30:00", None, " 1969-07-20T20:17:40Z ", "2021-01-01T00:00+02:00"])


def test_a_date_is_expanded_into_its_parts() -> None:
    expected = [to_datetime(text.strip(), utc=True) for text in DATES.dropna()]
    expanded = expand_days(days_since_1970(DATES).dropna(), parts=PARTS)
    for row, date in zip(expanded, expected, strict=True):
        *parts, elapsed = row
        assert parts == [date.year, date.month, date.day_of_week, date.day_of_year, date.hour]
        assert elapsed == pytest.approx((date - Timestamp("1970-01-01", tz="UTC")).total_seconds() / 86_400)


def test_every_hour_of_a_year_is_told_to_the_hour() -> None:
    hours = np.arange(366 * 24)
    expanded = expand_days(18_262 + hours / 24, parts=("hour", "day_of_year"))
    assert (expanded[:, 0] == hours % 24).all()
    assert (expanded[:, 1] == hours // 24 + 1).all()


def test_parts_that_all_dates_share_are_left_out() -> None:
    days = days_since_1970(Series(["2020-03-02", "2020-03-09", None]))
    assert varying_parts(days) == ("day_of_year", "elapsed_days")
    assert varying_parts(days_since_1970(Series(["2020-03-02", "2020-03-02T00:00Z"]))) == ()


@pytest.mark.parametrize("estimator", ["linear", "random_forest"])
def test_a_model_learns_from_dates(estimator: str) -> None:
    days = date_range("2025-01-01", periods=120, freq="D").strftime("%Y-%m-%d")
    data = DataFrame({"day": days, "target": np.arange(120) * 1.5})
    result = trained(data, estimator=estimator, importance=False)
    assert result["date_parts"] == {"day": ["month", "day_of_week", "day_of_year", "elapsed_days"]}
    assert result["metrics"]["r2"]["mean"] > 0.99


def test_the_published_accuracy_of_the_breast_cancer_set_is_reached() -> None:
    # One plane through these three columns: 97.5 % by ten-fold cross-validation. Source: Wolberg, Street & Mangasarian
    # (1995), as told in https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic
    columns = ["worst area", "worst smoothness", "mean texture"]
    accuracy = trained(builtin("breast_cancer"), features=columns, folds=10, importance=False)["metrics"]["accuracy"]
    assert accuracy["mean"] == pytest.approx(0.975, abs=0.015)
    assert accuracy["interval"][0] < 0.975 < accuracy["interval"][1]


DOCUMENTED = {
    ("random_forest", "classification"): {"n_estimators": 100},
    ("extra_trees", "regression"): {"n_estimators": 100},
    ("hist_gradient_boosting", "classification"): {"early_stopping": False},
    ("mlp", "regression"): {"max_iter": 1_000, "early_stopping": False},
    ("logistic", "classification"): {"max_iter": 5_000},
    ("lasso", "regression"): {"alpha": 0.01},
    ("k_neighbors", "classification"): {"n_neighbors": 5},
}


@pytest.mark.parametrize(("estimator", "settings"), DOCUMENTED.items(), ids=str)
def test_estimators_have_the_documented_settings(estimator: tuple[str, str], settings: dict[str, object]) -> None:
    name, problem = estimator
    built = build_estimator(name, problem=problem, seed=SEED).get_params()  # type: ignore[arg-type]
    assert built.items() >= settings.items()
    assert built.get("random_state", SEED) in (SEED, None)


def test_settings_of_the_estimator_reach_it_through_the_whole_model() -> None:
    prepared = prepare(
        builtin("diabetes"), seed=SEED, target="target", problem="auto", folds=5, features=None, exclude=[]
    )
    model = build_model(
        prepared.features,
        prepared.target,
        prepared.splits,
        estimator="svm",
        seed=SEED,
        settings={"C": 3.0, "kernel": "linear"},
    )
    fitted = model.regressor.steps[-1][1]
    assert (fitted.C, fitted.kernel) == (3.0, "linear")
