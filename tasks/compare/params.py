"""What a client may ask of `compare`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis
from tasks.train.choices import Estimator

if TYPE_CHECKING:
    from pandas import DataFrame


# Not declared deterministic: the same input gives the same scores to the bit, but never the same times.
@analysis(timeout=3600, example={"target": "target"})
def compare(
    data: DataFrame,
    job: Job,
    *,
    target: Annotated[str, Length(1, 500)],
    problem: Literal["auto", "classification", "regression"] = "auto",
    estimators: Annotated[list[Estimator], Length(2, 10)] | None = None,
    folds: Annotated[int, Range(2, 20)] = 5,
    features: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
    split: Literal["auto", "stratified", "shuffled", "grouped", "time_ordered"] = "auto",
    group: Annotated[str, Length(1, 500)] | None = None,
    time: Annotated[str, Length(1, 500)] | None = None,
) -> dict[str, object]:
    """Compare several estimators on the same folds: which predicts best, by how much, and how sure that is.

    The table is prepared as `train` prepares it. Every estimator is fitted to the same training parts and judged on the
    same test parts, beside a baseline that ignores the features; each is then held against the best one, fold by fold.
    Asked to finish, it reports the estimators that are done with all folds, at least one.

    Figure: `scores`, the primary metric of every fold.

    Parameters
    ----------
    target
        The column to predict.
    problem
        `classification`, `regression`, or `auto`: classes for texts, booleans and at most 20 different whole numbers,
        regression for other numbers.
    estimators
        Those to compare, named as in `train`; if left out `logistic` or `ridge`, `k_neighbors`, `random_forest`,
        `extra_trees` and `hist_gradient_boosting`.
    folds
        How many parts the rows are split into.
    features
        The columns to learn from; all but the target if left out.
    exclude
        Columns not to learn from, such as one that gives the target away.
    split
        How the rows are divided: `stratified`, `shuffled`, `grouped`, `time_ordered` or `auto`, as in `train`.
    group
        The column whose equal values stay in one fold; not learned from unless named.
    time
        The column of dates or numbers that orders the rows.

    Returns
    -------
    dict
        `problem`, `target`, `split`: as resolved.
        `rows`: those learned from; `rows_without_target`: those left out.
        `features`: the columns learned from; `dropped`: those left out, each with `column` and `reason`.
        `folds`: how many; `estimators`: those asked for, in the order of fitting; `estimators_done`: how many were run.
        `primary_metric`: `balanced_accuracy` or `r2`, by whose mean over the folds the estimators are ranked.
        `ranking`: from the best on, each with `rank`, `estimator`, `metrics` as in `train`, `difference`,
        `beats_baseline`, `converged`, `fit_seconds` and `predict_seconds` (wall time, mean over the folds).
        `difference`: this estimator minus the best in the primary metric: `mean`, `interval` (95 %, corrected resampled
        t), `p` (two-sided, of no difference) and `p_adjusted` (times the number of comparisons, Bonferroni); null for
        the best. `interval` and `p` are null where they are undefined: all folds differ by the same.
        `best`; `not_clearly_worse`: those whose interval includes 0, so that chance may have ranked them.
        `baseline`: metrics of a model that ignores the features.
        `interval_method`: what the intervals are.
        `notes`: what else to know, in sentences.
        `partial`: whether estimators are missing because it was asked to finish.

    Raises
    ------
    AnalysisError
        For what `train` refuses, and for an estimator that is not for the problem.

    References
    ----------
    Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52 (2003), 239-281
    https://scikit-learn.org/stable/auto_examples/model_selection/plot_grid_search_stats.html
    """
    from tasks.compare.analysis import compute

    return compute(
        data,
        job,
        target=target,
        problem=problem,
        estimators=estimators,
        folds=folds,
        features=features,
        exclude=exclude,
        split=split,
        group=group,
        time=time,
    )
