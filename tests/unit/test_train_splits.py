"""How `train` divides rows: the parts of scikit-learn's splitters, nothing leaks between them, and what is refused."""

import numpy as np
import pytest
from pandas import DataFrame, Series, date_range
from recording_job import RecordingJob
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.model_selection import (
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks import AnalysisError
from tasks.train.params import train
from tasks.train.splits import Splits, split_rows
from tasks.train.target import Target, resolve_target

SEED = 7
ROWS = 90


@pytest.fixture(autouse=True)
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures to test_train_figures: checking them takes longer than these fits."""
    monkeypatch.setattr("tasks.train.analysis.draw_figures", lambda trained, job: None)


def table(rows: int = ROWS, *, is_classification: bool = True) -> DataFrame:
    """Return two numbers and a target that they tell, in groups of different sizes and on days in no order."""
    chance = np.random.default_rng(SEED)
    x, w = chance.normal(size=(2, rows))
    score = x + 0.3 * w + 0.4 * chance.normal(size=rows)
    return DataFrame(
        {
            "x": x,
            "w": w,
            "site": [f"site {number}" for number in np.sqrt(np.arange(rows) * 3).astype(int)],
            "day": chance.permutation(date_range("2025-01-01", periods=rows, freq="D").strftime("%Y-%m-%d")),
            "target": np.where(score > 0, "high", "low") if is_classification else score,
        }
    )


def target(data: DataFrame, *, folds: int = 5) -> Target:
    return resolve_target(data, "target", problem="auto", folds=folds)


def divided(data: DataFrame, *, folds: int = 5, **params: object) -> Splits:
    return split_rows(target(data, folds=folds), folds=folds, seed=SEED, **params)  # type: ignore[arg-type]


def trained(data: DataFrame, **params: object) -> dict:
    asked = {"target": "target", "estimator": "linear", "features": ["x", "w"], "importance": False, **params}
    return train.run(data, RecordingJob(seed=SEED), train.load(asked))


def linear(*, is_classification: bool = True) -> object:
    model = LogisticRegression(max_iter=5_000, random_state=SEED) if is_classification else Ridge()
    return make_pipeline(StandardScaler(), model)


@pytest.mark.parametrize("is_classification", [True, False])
def test_grouped_folds_are_those_of_scikit_learn(is_classification: bool) -> None:
    data = table(is_classification=is_classification)
    splitter = (StratifiedGroupKFold if is_classification else GroupKFold)(5, shuffle=True, random_state=SEED)
    scoring = "balanced_accuracy" if is_classification else "r2"
    expected = cross_val_score(
        linear(is_classification=is_classification),
        data[["x", "w"]],
        data["target"],
        groups=data["site"],
        cv=splitter,
        scoring=scoring,
    )
    result = trained(data, group="site")
    assert result["split"] == "grouped"
    np.testing.assert_allclose(result["metrics"][scoring]["folds"], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("is_classification", [True, False])
def test_folds_in_order_of_time_are_those_of_scikit_learn(is_classification: bool) -> None:
    data = table(is_classification=is_classification)
    ordered = data.sort_values("day")
    scoring = "balanced_accuracy" if is_classification else "r2"
    expected = cross_val_score(
        linear(is_classification=is_classification),
        ordered[["x", "w"]],
        ordered["target"],
        cv=TimeSeriesSplit(5),
        scoring=scoring,
    )
    result = trained(data, time="day")
    assert result["split"] == "time_ordered"
    np.testing.assert_allclose(result["metrics"][scoring]["folds"], expected, rtol=0, atol=1e-12)


def test_a_group_is_never_on_both_sides() -> None:
    data = table()
    splits = divided(data, group="site", holdout=0.2)
    sites = data["site"].to_numpy()
    assert len(splits.held_out)
    for one, other in (*splits.folds, (splits.learned, splits.held_out)):
        assert not set(sites[one]) & set(sites[other])


def test_the_group_is_not_learned_from_unless_named() -> None:
    result = trained(table(), group="site", features=None)
    assert result["features"] == ["x", "w", "day"]
    assert result["dropped"] == [{"column": "site", "reason": "groups the rows"}]
    assert trained(table(), group="site", features=["x", "site"])["features"] == ["x", "site"]


def test_a_test_part_comes_after_its_training_part() -> None:
    data = table()
    days = data["day"].to_numpy()
    splits = divided(data, time="day", holdout=0.2)
    for before, after in (*splits.folds, (splits.learned, splits.held_out)):
        assert max(days[before]) < min(days[after])


def test_time_may_be_a_number() -> None:
    data = table().assign(step=np.arange(ROWS)[::-1])
    assert divided(data, time="step").folds[0][0][0] == ROWS - 1


@pytest.mark.parametrize("params", [{}, {"group": "site"}, {"time": "day"}, {"split": "shuffled"}], ids=str)
def test_every_row_is_learned_from_or_held_out(params: dict[str, object]) -> None:
    splits = divided(table(), holdout=0.25, **params)
    assert sorted([*splits.learned, *splits.held_out]) == list(range(ROWS))
    assert not set(splits.held_out) & {row for fold in splits.folds for part in fold for row in part}


def test_the_holdout_is_judged_by_a_model_of_all_other_rows() -> None:
    data = table()
    splits = divided(data, holdout=0.25)
    learned, held_out = data.iloc[splits.learned], data.iloc[splits.held_out]
    model = linear().fit(learned[["x", "w"]], learned["target"])
    result = trained(data, holdout=0.25)
    assert result["holdout"]["rows"] == len(held_out) == 23
    expected = balanced_accuracy_score(held_out["target"], model.predict(held_out[["x", "w"]]))
    assert result["holdout"]["metrics"]["balanced_accuracy"] == pytest.approx(expected, abs=1e-12)
    baseline = DummyClassifier().fit(learned[["x"]], learned["target"]).score(held_out[["x"]], held_out["target"])
    assert result["holdout"]["baseline"]["accuracy"] == pytest.approx(baseline, abs=1e-12)


def test_the_holdout_of_a_regression_is_drawn_as_scikit_learn_draws_it() -> None:
    data = table(is_classification=False)
    learned, held_out = (part.sort_index() for part in train_test_split(data, test_size=0.25, random_state=SEED))
    model = linear(is_classification=False).fit(learned[["x", "w"]], learned["target"])
    expected = r2_score(held_out["target"], model.predict(held_out[["x", "w"]]))
    assert trained(data, holdout=0.25)["holdout"]["metrics"]["r2"] == pytest.approx(expected, abs=1e-12)


def test_the_folds_see_nothing_of_the_holdout() -> None:
    data = table()
    held_out = divided(data, holdout=0.25).held_out
    changed = data.assign(x=Series(data["x"]).mask(data.index.isin(held_out), 1e6))
    before, after = trained(data, holdout=0.25), trained(changed, holdout=0.25)
    assert after["metrics"] == before["metrics"]
    assert after["holdout"] != before["holdout"]


def test_without_a_holdout_none_is_reported() -> None:
    assert trained(table())["holdout"] is None


def test_a_stratified_holdout_has_the_classes_in_proportion() -> None:
    data = table()
    held_out = data["target"].iloc[divided(data, holdout=0.2).held_out]
    assert held_out.value_counts(normalize=True)["high"] == pytest.approx((data["target"] == "high").mean(), abs=0.05)


def test_shuffled_folds_do_not_look_at_classes() -> None:
    data = table()
    assert divided(data, split="shuffled").split == "shuffled"
    stratified = StratifiedKFold(5, shuffle=True, random_state=SEED)
    folds = list(stratified.split(data, target(data).values))
    assert all((ours[1] == theirs[1]).all() for ours, theirs in zip(divided(data).folds, folds, strict=True))
    shuffled = divided(data, split="shuffled")
    assert any((ours[1] != theirs[1]).any() for ours, theirs in zip(shuffled.folds, folds, strict=True))


def test_a_class_that_a_test_part_lacks_leaves_only_its_metric_undefined() -> None:
    data = table().sort_values("day", ignore_index=True)
    data["target"] = ["a", "b"] * 30 + ["a"] * 15 + ["a", "b", "c"] * 5
    result = trained(data, time="day", folds=5)
    roc_auc = result["metrics"]["roc_auc"]
    assert (roc_auc["mean"], roc_auc["interval"]) == (None, None)
    assert all(value is not None for value in result["metrics"]["log_loss"]["folds"])
    assert "Test parts that lack a class: 4 of 5; `roc_auc` is undefined there." in result["notes"]


def test_rows_of_one_moment_on_both_sides_are_pointed_out() -> None:
    data = table().assign(day="2025-01-01")
    assert any("Rows of one moment" in note for note in divided(data, time="day").notes)
    assert divided(table(), time="day").notes == ()


def one_class_at_first() -> DataFrame:
    return table().sort_values("day").assign(target=["a"] * 40 + ["b"] * 50)


REFUSED = {
    "group and time": (table(), {"group": "site", "time": "day"}, "by `group` or by `time`, not by both"),
    "grouped without group": (table(), {"split": "grouped"}, "Split `grouped` needs `group`"),
    "ordered without time": (table(), {"split": "time_ordered"}, "Split `time_ordered` needs `time`"),
    "group for another split": (
        table(),
        {"split": "shuffled", "group": "site"},
        "`group` is for the split `grouped`, not for `shuffled`",
    ),
    "stratified numbers": (
        table(is_classification=False),
        {"split": "stratified"},
        "a regression has none; ask for `shuffled`",
    ),
    "unknown group": (table(), {"group": "sites"}, "Did you mean 'site'?"),
    "unknown time": (table(), {"time": "date"}, "no column 'date'"),
    "target as group": (table(), {"group": "target"}, "'target' is the target and can't be the `group` too"),
    "gap in the group": (
        table().assign(site=["a", None, *"cd" * 44]),
        {"group": "site"},
        "Column 'site' is the `group` and has no value in row 2 (rows without one: 1)",
    ),
    "text as time": (table(), {"time": "site"}, "Column 'site' can't order the rows"),
    "too few groups": (
        table().assign(site=["a", "b", "c"] * 30),
        {"group": "site"},
        "To make 5 folds at least 5 groups are needed, there are 3",
    ),
    "too few groups to hold some out": (
        table().assign(site="a"),
        {"group": "site", "holdout": 0.2},
        "For a holdout at least 2 groups are needed, there are 1",
    ),
    "one class in the first part": (
        one_class_at_first(),
        {"time": "day"},
        "The training part of fold 1 has only the class 'a'",
    ),
    "a holdout that leaves too few rows": (
        table(12, is_classification=False),
        {"split": "shuffled", "holdout": 0.3},
        "5 folds need at least 10 rows beside the holdout, there are 8",
    ),
    "a holdout that leaves too few of a class": (
        table().assign(target=["a"] * 84 + ["b"] * 6),
        {"holdout": 0.3},
        "Class 'b' has 4 rows beside the holdout, too few for 5 folds",
    ),
    "a holdout smaller than the classes": (
        table().assign(target=["a", "b", "c"] * 30),
        {"holdout": 0.02},
        "A holdout of 0.02 has 2 rows, fewer than the 3 classes",
    ),
    "a holdout of one row": (table(is_classification=False), {"holdout": 0.01}, "The holdout has a single row"),
}


@pytest.mark.parametrize(("data", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_rows_that_cannot_be_divided_are_refused_with_what_to_do(
    data: DataFrame, params: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        divided(data, **params)
    assert message in str(refused.value)
