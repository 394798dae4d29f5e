"""What a client may ask of `select`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True, example={"target": "target"})
def select(
    data: DataFrame,
    job: Job,
    *,
    target: Annotated[str, Length(1, 500)],
    problem: Literal["auto", "classification", "regression"] = "auto",
    estimator: Literal["linear", "random_forest", "extra_trees"] = "random_forest",
    folds: Annotated[int, Range(2, 20)] = 5,
    shuffles: Annotated[int, Range(5, 200)] = 20,
    features: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
    group: Annotated[str, Length(1, 500)] | None = None,
    time: Annotated[str, Length(1, 500)] | None = None,
) -> dict[str, object]:
    """Tell which columns matter for a target, why, and how few of them are enough.

    Three looks at each column: its mutual information with the target, beside what shuffled targets seem to tell by
    chance; a test of the column by itself; and its place in a recursive elimination, in which a model is fitted again
    and again without the column that it uses least, within each fold of a cross-validation. The suggestion is the
    fewest columns with which the model is within one standard error of its best. Columns are treated as by `train`.
    Asked to finish, it keeps the eliminations that are done.

    Parameters
    ----------
    target
        The column that the others are judged by.
    problem
        `classification`, `regression`, or `auto`: classes for texts, booleans and at most 20 different whole numbers,
        regression for other numbers.
    estimator
        The model of the elimination: `linear` (logistic regression or ridge regression), `random_forest` or
        `extra_trees`.
    folds
        How many parts the rows are split into; each is predicted by models of the others.
    shuffles
        How often the target is shuffled to see what chance tells.
    features
        The columns to choose from; all but the target if left out.
    exclude
        Columns not to choose from, such as one that gives the target away.
    group
        A column whose equal values stay together in one fold, such as a patient or a customer.
    time
        A column of dates or numbers that orders the rows; each fold is tested on what came after its training part.

    Returns
    -------
    dict
        `problem`, `estimator`, `target`, `split`: as resolved.
        `rows`: those learned from; `rows_without_target`: those left out.
        `dropped`: columns left out, each with `column` and `reason`.
        `columns`: one per column, from the one that matters most: `rank` (from 1, by the mean of the three looks'
        ranks), `column`, `kind`; `mutual_information` (`value` and `noise_level`, the largest of the shuffles, in
        nats; `above_noise`); `test` (`name`, `statistic`, `p`, `p_adjusted` for the number of columns; null where
        infinite or undefined); `elimination_rank` (1 was left last; null if not reached); `in_best`, `in_suggestion`;
        `reasons`: the same in sentences.
        `elimination`: `metric`; `folds`, `folds_done`; `scores`: by number of `columns`, fewest first, the `mean`,
        `std` (population) and values of the `folds`; `standard_error` of the best mean. Null if no fold was done.
        `best`, `suggestion`: the set with the best mean score, and the smallest within one standard error of it, each
        with `columns` and `score`; null if no fold was done.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish before the last fold.

    Raises
    ------
    AnalysisError
        For what `train` refuses of columns, targets and splits.

    References
    ----------
    https://scikit-learn.org/stable/modules/feature_selection.html
    """
    from tasks.select.analysis import compute

    return compute(
        data,
        job,
        target=target,
        problem=problem,
        estimator=estimator,
        folds=folds,
        shuffles=shuffles,
        features=features,
        exclude=exclude,
        group=group,
        time=time,
    )
