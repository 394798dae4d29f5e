"""`train`: metrics against scikit-learn called directly, a table with gaps and text, and everything that it refuses."""

import random

import numpy as np
import orjson
import pytest
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict, cross_validate
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from tables import builtin

from tasks import AnalysisError
from tasks.data.frame import read_frame
from tasks.data.source import Source, load_source
from tasks.train import preprocessing
from tasks.train.params import train

SEED = 7
#: Trees of a forest and passes of a neural network in these tests; fewer than in production, for what is compared does
#: not depend on their number.
TREES, PASSES = 25, 60
CLASSIFIERS = {
    "linear": LogisticRegression(max_iter=5_000, random_state=SEED),
    "random_forest": RandomForestClassifier(n_estimators=TREES, random_state=SEED),
    "hist_gradient_boosting": HistGradientBoostingClassifier(early_stopping=False, random_state=SEED),
    "logistic": LogisticRegression(max_iter=5_000, random_state=SEED),
    "k_neighbors": KNeighborsClassifier(),
    "svm": SVC(random_state=SEED),
    "extra_trees": ExtraTreesClassifier(n_estimators=TREES, random_state=SEED),
    "mlp": MLPClassifier(max_iter=PASSES, random_state=SEED),
}
REGRESSORS = {
    "linear": Ridge(),
    "random_forest": RandomForestRegressor(n_estimators=TREES, random_state=SEED),
    "hist_gradient_boosting": HistGradientBoostingRegressor(early_stopping=False, random_state=SEED),
    "ridge": Ridge(),
    "lasso": Lasso(alpha=0.01),
    "k_neighbors": KNeighborsRegressor(),
    "svm": SVR(),
    "extra_trees": ExtraTreesRegressor(n_estimators=TREES, random_state=SEED),
    "mlp": MLPRegressor(max_iter=PASSES, random_state=SEED),
}
UNSCALED = {"random_forest", "extra_trees", "hist_gradient_boosting"}
CLASSIFICATION_SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "f1_macro": "f1_macro",
    "roc_auc": "roc_auc_ovr",
    "log_loss": "neg_log_loss",
}
REGRESSION_SCORES = {
    "r2": "r2",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "median_ae": "neg_median_absolute_error",
}


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures to test_train_figures: checking them takes longer than most of these fits."""
    monkeypatch.setattr("tasks.train.analysis.draw_figures", lambda trained, job: None)


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.estimators.TREES", TREES)
    monkeypatch.setattr("tasks.train.estimators.MLP_ITERATIONS", PASSES)


def trained(data: DataFrame, job: RecordingJob | None = None, **params: object) -> dict:
    """Train without the importance, which has tests of its own, unless it is asked for."""
    asked = train.load({"target": "target", "importance": False, **params})
    return orjson.loads(orjson.dumps(train.run(data, job or RecordingJob(seed=SEED), asked)))


def directly(name: str, model: BaseEstimator) -> BaseEstimator:
    """Return the model as one would write it for a table of numbers without gaps."""
    if name in UNSCALED:
        return model
    scaled = make_pipeline(StandardScaler(), model)
    if name == "svm" and isinstance(model, SVC):
        parts = StratifiedKFold(5, shuffle=True, random_state=SEED)
        return CalibratedClassifierCV(scaled, method="sigmoid", cv=parts, ensemble=False)
    if name in {"lasso", "svm", "mlp"} and not isinstance(model, MLPClassifier):
        return TransformedTargetRegressor(scaled, transformer=StandardScaler())
    return scaled


def refusal(columns: dict[str, list[object]], **params: object) -> str:
    with pytest.raises(AnalysisError) as refused:
        trained(read_frame(load_source({"columns": columns})), **params)
    return str(refused.value)


def penguins(rows: int = 120) -> DataFrame:
    """Return a table as people have them: gaps, text, booleans, an identifier, a constant and an empty column."""
    chance = random.Random(SEED)
    records = []
    for number in range(rows):
        species = ("Adelie", "Chinstrap", "Gentoo")[number % 3]
        large = species == "Gentoo"
        records.append(
            {
                "id": number,
                "species": None if number % 40 == 39 else species,
                "island": chance.choice(["Biscoe", "Dream", "Torgersen", None]),
                "bill_length": None if chance.random() < 0.1 else chance.gauss(47 if large else 39, 2),
                "body_mass": chance.gauss(5_000 if large else 3_700, 300),
                "tagged": chance.choice([True, False, None]),
                "ring": f"R-{number:04}",
                "seen": f"2026-01-{number % 28 + 1:02}",
                "planet": "Earth",
                "remark": None,
            }
        )
    return read_frame(load_source({"records": records}))


CLASSIFICATIONS = [
    *((name, estimator) for name in ("iris", "breast_cancer") for estimator in ("linear", "random_forest")),
    *(("wine", estimator) for estimator in CLASSIFIERS),
]


# scikit-learn's own call warns of the few passes of the neural network; `train` reports it in its result.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "estimator"), CLASSIFICATIONS)
def test_classification_equals_scikit_learn_called_directly(name: str, estimator: str) -> None:
    features, classes = getattr(datasets, f"load_{name}")(return_X_y=True)
    result = trained(builtin(name), estimator=estimator, folds=3)
    names = getattr(datasets, f"load_{name}")().target_names
    direct = cross_validate(
        directly(estimator, CLASSIFIERS[estimator]),
        features,
        names[classes],
        cv=StratifiedKFold(3, shuffle=True, random_state=SEED),
        scoring=CLASSIFICATION_SCORES,
    )
    for metric in CLASSIFICATION_SCORES:
        expected = np.abs(direct[f"test_{metric}"])
        np.testing.assert_allclose(result["metrics"][metric]["folds"], expected, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", REGRESSORS)
def test_regression_equals_scikit_learn_called_directly(estimator: str) -> None:
    features, target = datasets.load_diabetes(return_X_y=True)
    result = trained(builtin("diabetes"), estimator=estimator, folds=3)
    direct = cross_validate(
        directly(estimator, REGRESSORS[estimator]),
        features,
        target,
        cv=KFold(3, shuffle=True, random_state=SEED),
        scoring=REGRESSION_SCORES,
    )
    for metric in REGRESSION_SCORES:
        sign = 1 if metric == "r2" else -1
        expected = sign * direct[f"test_{metric}"]
        np.testing.assert_allclose(result["metrics"][metric]["folds"], expected, rtol=1e-12, atol=1e-12)


def test_the_confusion_matrix_counts_predictions_out_of_fold() -> None:
    features, classes = datasets.load_wine(return_X_y=True)
    splits = StratifiedKFold(5, shuffle=True, random_state=SEED)
    predicted = cross_val_predict(make_pipeline(StandardScaler(), CLASSIFIERS["linear"]), features, classes, cv=splits)
    result = trained(builtin("wine"), estimator="linear")
    assert result["confusion_matrix"] == {
        "labels": ["class_0", "class_1", "class_2"],
        "matrix": confusion_matrix(classes, predicted).tolist(),
    }


def test_the_baseline_is_a_model_that_ignores_the_features() -> None:
    features, classes = datasets.load_wine(return_X_y=True)
    splits = StratifiedKFold(5, shuffle=True, random_state=SEED)
    direct = cross_validate(DummyClassifier(), features, classes, cv=splits, scoring="neg_log_loss")
    result = trained(builtin("wine"), estimator="linear")
    np.testing.assert_allclose(result["baseline"]["log_loss"]["folds"], -direct["test_score"], rtol=0, atol=1e-12)


def test_mean_and_spread_are_those_of_the_folds() -> None:
    accuracy = trained(builtin("iris"), estimator="linear")["metrics"]["accuracy"]
    assert accuracy["mean"] == pytest.approx(np.mean(accuracy["folds"]), abs=1e-15)
    assert accuracy["std"] == pytest.approx(np.std(accuracy["folds"]), abs=1e-15)


@pytest.mark.parametrize("estimator", CLASSIFIERS)
def test_the_same_seed_gives_the_same_result(estimator: str) -> None:
    table = penguins()
    once = trained(table, target="species", estimator=estimator, folds=2)
    assert trained(table, target="species", estimator=estimator, folds=2) == once


def test_another_seed_gives_other_folds() -> None:
    one = trained(builtin("iris"), RecordingJob(seed=1), estimator="linear")
    assert trained(builtin("iris"), RecordingJob(seed=2), estimator="linear")["metrics"] != one["metrics"]


@pytest.mark.parametrize("estimator", CLASSIFIERS)
def test_a_table_with_gaps_and_text_is_learned_from(estimator: str) -> None:
    result = trained(penguins(), target="species", estimator=estimator, folds=2)
    assert result["problem"] == "classification"
    assert result["beats_baseline"] is True
    assert (result["rows"], result["rows_without_target"]) == (117, 3)
    assert result["feature_kinds"] == {
        "numeric": ["bill_length", "body_mass"],
        "boolean": ["tagged"],
        "categorical": ["island"],
        "date": ["seen"],
    }
    assert result["date_parts"] == {"seen": ["day_of_week", "day_of_year", "elapsed_days"]}
    assert result["encoded_features"] == 9


def test_columns_that_cannot_help_are_dropped_with_a_reason() -> None:
    dropped = trained(penguins(), target="species", estimator="linear")["dropped"]
    assert dropped == [
        {"column": "id", "reason": "identifies the row"},
        {"column": "ring", "reason": "is an identifier or free text: most of its values are different"},
        {"column": "planet", "reason": "is constant"},
        {"column": "remark", "reason": "has no values"},
    ]


@pytest.mark.parametrize("estimator", REGRESSORS)
def test_a_number_of_such_a_table_is_predicted(estimator: str) -> None:
    result = trained(penguins(), target="body_mass", estimator=estimator, folds=2)
    assert result["problem"] == "regression"
    assert result["beats_baseline"] is True
    assert "confusion_matrix" not in result


def test_only_the_features_asked_for_are_used() -> None:
    result = trained(penguins(), target="species", features=["ring", "body_mass"], estimator="linear")
    assert result["features"] == ["ring", "body_mass"]


def test_excluded_columns_are_not_used() -> None:
    result = trained(builtin("iris"), exclude=["petal length (cm)", "petal width (cm)"], estimator="linear")
    assert result["features"] == ["sepal length (cm)", "sepal width (cm)"]


PROBLEMS = {
    "text": (["a", "b"] * 10, "classification"),
    "booleans": ([True, False] * 10, "classification"),
    "few whole numbers": ([0, 1] * 10, "classification"),
    "whole numbers as floats with a gap": ([0.0, 1.0] * 10 + [None], "classification"),
    "fractions": ([0.5, 1.5] * 10, "regression"),
    "many whole numbers": (list(range(40)), "regression"),
}


@pytest.mark.parametrize(("target", "problem"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_the_problem_is_told_by_the_target(target: list[object], problem: str) -> None:
    columns = {"x": [float(row) for row in range(len(target))], "target": target}
    result = trained(read_frame(load_source({"columns": columns})), estimator="linear", folds=2)
    assert result["problem"] == problem


CLASS_NAMES = [([True, False], ["false", "true"]), ([10, 9], ["9", "10"]), ([1.5, 1], ["1", "1.5"])]


@pytest.mark.parametrize(("values", "names"), CLASS_NAMES, ids=str)
def test_classes_are_named_as_json_writes_them_in_natural_order(values: list[object], names: list[str]) -> None:
    columns = {"x": [float(row) for row in range(20)], "target": values * 10}
    table = read_frame(load_source({"columns": columns}))
    result = trained(table, problem="classification", estimator="linear", folds=2)
    assert result["confusion_matrix"]["labels"] == names
    assert result["classes"] == [{"name": name, "rows": 10} for name in names]


def test_each_fold_is_reported_with_its_score() -> None:
    job = RecordingJob(seed=SEED)
    result = trained(builtin("iris"), job, estimator="linear", folds=3)
    assert job.reports == [
        (0.0, "prepare"),
        (1 / 4, "fold 1 of 3"),
        (2 / 4, "fold 2 of 3"),
        (3 / 4, "fold 3 of 3"),
        (3 / 4, "figures"),
        (1.0, "done"),
    ]
    scores = [{"balanced_accuracy": value} for value in result["metrics"]["balanced_accuracy"]["folds"]]
    assert job.scores == [{}, *scores, {}, {}]


def test_asked_to_finish_it_returns_the_folds_so_far() -> None:
    job = RecordingJob(seed=SEED, finish_after=1)
    result = trained(builtin("iris"), job, estimator="linear", importance=True, holdout=0.2)
    assert (result["partial"], result["folds"], result["folds_done"]) == (True, 5, 1)
    assert len(result["metrics"]["accuracy"]["folds"]) == 1
    assert result["metrics"]["accuracy"]["interval"] is None
    assert np.sum(result["confusion_matrix"]["matrix"]) == 24
    assert (result["holdout"], result["partial_dependence"]) == (None, [])


def test_asked_to_finish_before_the_model_of_all_rows_it_is_left_out() -> None:
    result = trained(builtin("iris"), RecordingJob(finish_after=6), estimator="linear", holdout=0.2)
    assert (result["partial"], result["folds_done"], result["holdout"]) == (True, 5, None)


def test_asked_to_finish_after_the_last_fold_nothing_is_missing() -> None:
    assert trained(builtin("iris"), RecordingJob(finish_after=6), estimator="linear")["partial"] is False


def test_a_fit_that_does_not_converge_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.estimators.LOGISTIC_ITERATIONS", 1)
    result = trained(builtin("iris"), estimator="linear", folds=2)
    assert result["converged"] is False
    assert any("did not converge in 2 of 2 folds" in note for note in result["notes"])


def test_repeated_rows_are_pointed_out() -> None:
    notes = trained(builtin("iris"), estimator="linear")["notes"]
    assert notes == ["Rows that repeat an earlier one: 1; a pair split between folds flatters the metrics."]


@pytest.mark.parametrize("estimator", CLASSIFIERS)
def test_values_that_only_one_fold_has_do_no_harm(estimator: str) -> None:
    table = DataFrame(
        {
            "x": [float(row % 7) for row in range(20)],
            "number": [1.0, 2.0, *[None] * 18],
            "flag": [True, False, *[None] * 18],
            "word": ["q", "r", *[None] * 18],
            "target": ["a", "b"] * 10,
        }
    )
    features = ["x", "number", "flag", "word"]
    assert trained(table, estimator=estimator, features=features)["folds_done"] == 5


@pytest.mark.parametrize("estimator", REGRESSORS)
def test_large_numbers_are_computed_with(estimator: str) -> None:
    chance = random.Random(SEED)
    rows = [chance.random() * 1e30 for _ in range(40)]
    result = trained(DataFrame({"x": rows, "target": rows}), estimator=estimator)
    assert result["metrics"]["r2"]["mean"] is not None


X = [float(row) for row in range(20)]
TWO = ["a", "b"] * 10
REFUSED = {
    "unknown target": ({"x": X, "y": TWO}, {"target": "z"}, "no column 'z'. Available: 'x', 'y'"),
    "misspelt target": ({"x": X, "species": TWO}, {"target": "specie"}, "Did you mean 'species'?"),
    "unknown feature": ({"x": X, "target": TWO}, {"features": ["x", "w"]}, "no column 'w'"),
    "unknown exclusions": ({"x": X, "target": TWO}, {"exclude": ["v", "w"]}, "no columns 'v', 'w'"),
    "target as feature": ({"x": X, "target": TWO}, {"features": ["target"]}, "'target' is the target"),
    "one row": ({"x": [1], "target": ["a"]}, {}, "5 folds need at least 10 rows with a target, 'target' has 1"),
    "one column": ({"target": TWO}, {}, "No column is left to learn from (none was given)"),
    "estimator of numbers for classes": (
        {"x": X, "target": TWO},
        {"estimator": "lasso"},
        "The estimator 'lasso' predicts numbers, and this is a classification; choose one of linear, logistic,",
    ),
    "estimator of classes for numbers": (
        {"x": X, "target": [value / 7 for value in X]},
        {"estimator": "logistic"},
        "The estimator 'logistic' predicts classes, and this is a regression; choose one of linear, ridge, lasso,",
    ),
    "too few rows for neighbours": (
        {"x": X[:8], "target": TWO[:8]},
        {"estimator": "k_neighbors", "folds": 2},
        "k_neighbors looks at 5 rows, and a training part has 4",
    ),
    "a class too small to calibrate": (
        {"x": X[:8], "target": ["a", "a", "b", "b", *"aaaa"]},
        {"estimator": "svm", "folds": 2},
        "a training part has a class with a single row",
    ),
    "calibrated numbers": (
        {"x": X, "target": [value / 7 for value in X]},
        {"calibrate": "sigmoid"},
        "`calibrate` is for the probabilities of classes",
    ),
    "too few rows": ({"x": X[:6], "target": TWO[:6]}, {}, "5 folds need at least 10 rows with a target"),
    "too few rows with a target": (
        {"x": X, "target": [1.5, 2.5, 3.5, *[None] * 17]},
        {},
        "'target' has 3 (left out because they have none: 17)",
    ),
    "empty target": ({"x": X, "target": [None] * 20}, {}, "Target 'target' has no values"),
    "single class": ({"x": X, "target": ["a"] * 20}, {}, "'target' is 'a' in every row"),
    "single number": ({"x": X, "target": [1.5] * 20}, {}, "'target' is 1.5 in every row"),
    "small classes": (
        {"x": X, "target": ["a"] * 16 + ["b"] * 3 + ["c"]},
        {},
        "too small: 'b' (3), 'c' (1). Either merge small classes, or leave their rows out.",
    ),
    "small class": ({"x": X, "target": ["a"] * 17 + ["b"] * 3}, {}, "Either ask for at most 3 folds, merge"),
    "classes of a quantity": ({"x": X, "target": X}, {"problem": "classification"}, "ask for regression"),
    "too many texts": (
        {"x": [*range(60)], "target": [f"t{row}" for row in range(60)]},
        {},
        "has 60 different texts, too many to be taken for classes (at most 50)",
    ),
    "numbers written as text": (
        {"x": [*range(60)], "target": [f"{row},5" for row in range(60)]},
        {},
        "send them as numbers, with a decimal point",
    ),
    "too many classes": (
        {"x": [*range(201)], "target": [*range(201)]},
        {"problem": "classification"},
        "has 201 classes, at most 200 are allowed",
    ),
    "text for regression": ({"x": X, "target": TWO}, {"problem": "regression"}, "holds text, and regression"),
    "booleans for regression": (
        {"x": X, "target": [True, False] * 10},
        {"problem": "regression"},
        "holds true and false, and regression predicts numbers",
    ),
    "dates to predict": ({"x": X, "target": ["2026-01-01", "2026-01-02"] * 10}, {}, "'target' holds dates"),
    "mixed target": ({"x": X, "target": [*X[:19], "?"]}, {}, "row 20 holds the text '?', row 1 holds the number 0.0"),
    "mixed feature": (
        {"x": [*X[:3], "unknown", *X[4:]], "target": TWO},
        {},
        "Column 'x' mixes kinds of values: row 4 holds the text 'unknown', row 1 holds the number 0.0",
    ),
    "mixed feature behind a row without target": (
        {"x": [1, 2, 3, "?", *X], "target": [None, None, "a", "b", *TWO]},
        {},
        "row 4 holds the text '?', row 3 holds the number 3",
    ),
    "a word among numbers written as text": (
        {"x": ["unknown", *map(str, range(19))], "target": TWO},
        {},
        "row 2 holds the text '0', row 1 holds the text 'unknown'",
    ),
    "huge number": (
        {"x": [*X[:19], 1e300], "target": TWO},
        {},
        "Column 'x' is 1e+300, too large to compute with in row 20",
    ),
    "named column without values": (
        {"x": X, "w": [None] * 20, "target": TWO},
        {"features": ["x", "w"]},
        "Column 'w' has no values",
    ),
    "all missing": ({"x": [None] * 20, "target": TWO}, {}, "No column is left to learn from ('x' has no values)"),
    "all constant": ({"x": [1] * 20, "target": TWO}, {}, "No column is left to learn from ('x' is constant)"),
    "all free text": (
        {"x": [f"sentence {row}" for row in range(20)], "target": TWO},
        {},
        "'x' is an identifier or free text",
    ),
    "all excluded": ({"x": X, "target": TWO}, {"exclude": ["x"]}, "No column is left to learn from"),
}


@pytest.mark.parametrize(("columns", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_learned_is_refused_with_what_to_do(
    columns: dict[str, list[object]], params: dict[str, object], message: str
) -> None:
    assert message in refusal(columns, **params)


def test_infinity_in_a_csv_is_refused_with_its_row() -> None:
    rows = "".join(f"{row},{'ab'[row % 2]}\n" for row in range(20))
    table = read_frame(Source.csv(f"x,target\n{rows}1e999,a\n".encode()))
    with pytest.raises(AnalysisError, match="Column 'x' is infinite in row 21"):
        trained(table)


def test_a_table_that_encodes_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocessing, "MAX_MATRIX_CELLS", 100)
    with pytest.raises(AnalysisError, match="the table has 150 rows by 4 columns; at most 100 cells"):
        trained(builtin("iris"))


def test_a_support_vector_machine_is_refused_for_a_table_that_takes_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.train.model.MOST_SVM_ROWS", 149)
    with pytest.raises(AnalysisError, match="would take hours for training parts of 150 rows"):
        trained(builtin("iris"), estimator="svm")
