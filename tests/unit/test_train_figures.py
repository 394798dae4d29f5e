"""The figures of `train`: which there are, what they hold, and that any names and any size are drawn."""

import numpy as np
import pytest
import vl_convert
from pandas import DataFrame
from recording_job import RecordingJob
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import builtin, penguins

from tasks.train.params import train

SEED = 7
#: Most bytes of one figure.
LARGEST = 300_000


def drawn(data: DataFrame, **params: object) -> dict[str, dict]:
    job = RecordingJob(seed=SEED)
    train.run(data, job, train.load({"target": "target", "estimator": "linear", "folds": 2, **params}))
    return job.figures


def rows_of(figure: dict) -> list[dict]:
    """Return the rows of all of a figure's data."""
    return [row for rows in figure["datasets"].values() for row in rows]


def assert_rendered(figures: dict[str, dict]) -> None:
    for figure in figures.values():
        assert vl_convert.vegalite_to_png(figure, scale=0.5).startswith(b"\x89PNG")
        assert len(str(figure)) < LARGEST


def test_a_classification_has_its_figures() -> None:
    figures = drawn(penguins(), target="species")
    assert list(figures) == [
        "confusion_matrix",
        "roc",
        "precision_recall",
        "calibration",
        "importance",
        "partial_dependence",
    ]
    assert_rendered(figures)


def test_a_regression_has_its_figures() -> None:
    figures = drawn(penguins(), target="body_mass_g")
    assert list(figures) == ["residuals", "predicted_vs_actual", "importance", "partial_dependence"]
    assert_rendered(figures)


def test_what_was_not_computed_is_not_drawn() -> None:
    assert {"importance", "partial_dependence"}.isdisjoint(drawn(builtin("iris"), importance=False))
    assert "partial_dependence" not in drawn(builtin("iris"), partial_dependence=False)


def test_the_curves_tell_areas_over_all_rows_out_of_fold() -> None:
    features, classes = datasets.load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5_000, random_state=SEED))
    splits = StratifiedKFold(2, shuffle=True, random_state=SEED)
    malignant = cross_val_predict(model, features, classes == 0, cv=splits, method="predict_proba")[:, 1]
    figures = drawn(builtin("breast_cancer"), importance=False)
    (roc,) = {row["series"] for row in rows_of(figures["roc"]) if "series" in row}
    (precision,) = {row["series"] for row in rows_of(figures["precision_recall"])}
    assert roc == f"malignant ({roc_auc_score(classes == 0, malignant):.3f})"
    assert precision == f"malignant ({average_precision_score(classes == 0, malignant):.3f})"


def test_the_confusion_matrix_shows_every_count() -> None:
    cells = rows_of(drawn(penguins(), target="species", importance=False)["confusion_matrix"])
    assert sum(cell["rows"] for cell in cells) == 344
    by_class = {name: sum(cell["share"] for cell in cells if cell["actual"] == name) for name in ("Adelie", "Gentoo")}
    assert by_class == pytest.approx({"Adelie": 1, "Gentoo": 1}, abs=1e-3)


def test_the_importance_shows_the_most_important_column_first() -> None:
    figure = drawn(builtin("wine"), partial_dependence=False)["importance"]
    assert [row["mean"] for row in rows_of(figure)] == sorted((row["mean"] for row in rows_of(figure)), reverse=True)


#: Characters that have a meaning in Vega-Lite's field names or in its expressions.
ODD = ["a.b", "a[0]", "it's", 'say "x"', "a:Q", "x\\y", "", "Größe 🐧", "<b>"]


def test_names_of_any_characters_are_drawn() -> None:
    chance = np.random.default_rng(SEED)
    numbers = DataFrame(chance.normal(size=(60, len(ODD))), columns=ODD)
    classes = [ODD[row % 3] for row in range(60)]
    figures = drawn(numbers.assign(**{"target.[0]:Q": classes}), target="target.[0]:Q", features=ODD)
    assert_rendered(figures)
    assert {row["column"] for row in rows_of(figures["importance"])} == set(ODD)
    assert {row["actual"] for row in rows_of(figures["confusion_matrix"])} == set(ODD[:3])


def test_many_rows_and_classes_are_drawn_in_bounded_figures() -> None:
    chance = np.random.default_rng(SEED)
    classes = np.repeat(np.arange(60), 8)
    table = DataFrame({"x": classes + chance.normal(size=480), "target": [f"class {number}" for number in classes]})
    figures = drawn(table, problem="classification", estimator="k_neighbors", importance=False)
    assert_rendered(figures)
    assert len(rows_of(figures["confusion_matrix"])) == 30 * 30
    assert "30 classes with the most rows, of 60" in " ".join(figures["confusion_matrix"]["title"]["subtitle"])
    assert "8 classes with the most rows, of 60" in " ".join(figures["roc"]["title"]["subtitle"])


def test_of_many_rows_some_are_drawn_and_the_figure_says_so() -> None:
    chance = np.random.default_rng(SEED)
    x = chance.normal(size=4_000)
    figures = drawn(DataFrame({"x": x, "target": x + chance.normal(size=4_000)}), importance=False)
    assert len(rows_of(figures["residuals"])) == 2_500 + 1
    assert "2,500 of 4,000 rows, drawn at random." in " ".join(figures["residuals"]["title"]["subtitle"])
    assert_rendered(figures)


def test_the_same_seed_draws_the_same_figures() -> None:
    assert drawn(penguins(), target="species") == drawn(penguins(), target="species")
