"""What a client may ask of `train`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis
from tasks.train.choices import Calibration, Estimator

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True, example={"target": "target", "estimator": "random_forest"})
def train(
    data: DataFrame,
    job: Job,
    *,
    target: Annotated[str, Length(1, 500)],
    problem: Literal["auto", "classification", "regression"] = "auto",
    estimator: Estimator = "random_forest",
    folds: Annotated[int, Range(2, 20)] = 5,
    features: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
    split: Literal["auto", "stratified", "shuffled", "grouped", "time_ordered"] = "auto",
    group: Annotated[str, Length(1, 500)] | None = None,
    time: Annotated[str, Length(1, 500)] | None = None,
    holdout: Annotated[float, Range(0.01, 0.5)] | None = None,
    calibrate: Calibration = "none",
    importance: bool = True,
    partial_dependence: bool = True,
) -> dict[str, object]:
    """Train a model to predict one column from the others, and tell by cross-validation how well it does.

    Gaps in numbers and dates are filled with the median, gaps in categories with the most frequent one; categories are
    one-hot encoded (the rarest beyond twenty share one column), dates expanded into the parts of them that vary, and
    numbers scaled where the estimator needs it; all of it is learned anew from each fold's training part. Rows without
    a target are left out. Columns that can't help (no values, constant, identifiers) are dropped and reported. Asked to
    finish, it stops after the fold at hand and reports the folds that are done.

    Figures: `confusion_matrix`, `roc`, `precision_recall` and `calibration` of a classification, `residuals` and
    `predicted_vs_actual` of a regression; `importance` and `partial_dependence`.

    Parameters
    ----------
    target
        The column to predict.
    problem
        `classification`, `regression`, or `auto`: classes for texts, booleans and at most 20 different whole numbers,
        regression for other numbers.
    estimator
        For both problems `linear` (logistic regression or ridge regression), `k_neighbors`, `svm`, `random_forest`,
        `extra_trees`, `hist_gradient_boosting` and `mlp`; `logistic` for classes, `ridge` and `lasso` for numbers.
    folds
        How many parts the rows are split into; each is predicted once by a model of the others.
    features
        The columns to learn from; all but the target if left out.
    exclude
        Columns not to learn from, such as one that gives the target away.
    split
        `stratified`: shuffled, classes spread evenly over the folds; `shuffled`: without a look at classes; `grouped`:
        rows of one `group` stay together; `time_ordered`: each fold is tested on what came after its training part;
        `auto`: by the column that is given, else stratified for a classification and shuffled for a regression.
    group
        The column whose equal values stay in one fold, such as a patient or a site; not learned from unless named.
    time
        The column of dates or numbers that orders the rows.
    holdout
        Share of the rows kept out of the folds, on which a model of all the others is judged at the end: drawn like the
        folds, whole groups for `grouped`, the latest rows for `time_ordered`.
    calibrate
        Map the scores of a classifier to probabilities that come true, by `sigmoid` or, with many rows, `isotonic`.
    importance
        Whether to measure which columns the model needs, by shuffling each in the test parts.
    partial_dependence
        Whether to compute what the model predicts as one of the four most important columns changes; rests on
        `importance`.

    Returns
    -------
    dict
        `problem`, `estimator`, `target`, `split`: as resolved; `calibrated`: as asked.
        `rows`: those learned from; `rows_without_target`: those left out.
        `features`: the columns learned from; `feature_kinds`: the same by `numeric`, `boolean`, `categorical`, `date`;
        `date_parts`: what each date is expanded into; `encoded_features`: how many columns they become at most.
        `dropped`: columns left out, each with `column` and `reason`.
        `folds`, `folds_done`: asked for, and run.
        `metrics`: by name, each with `mean`, `std` (population), `interval` (lower and upper end, cut to what the
        metric can be; null for one fold) and the values of the `folds`. Classification: `accuracy`,
        `balanced_accuracy`, `f1_macro`, `roc_auc` (one class against the rest), all 0 to 1, and `log_loss` (nats).
        Regression: `r2`, and `rmse`, `mae`, `median_ae` in the target's unit. Undefined values are null.
        `baseline`: the same of a model that ignores the features.
        `interval_method`: what the intervals are.
        `primary_metric` and `beats_baseline`: whether the model's mean of that metric is above the baseline's.
        `holdout`: `rows`, and `metrics` and `baseline` on them by name; null without.
        `classes` (`name`, `rows`) and `confusion_matrix` (`labels`; `matrix`, rows actual classes, columns predicted
        ones, counted over the test parts): classification only.
        `importance`: from the most to the least important column, `feature`, and `mean` and `std` of the drop of the
        primary metric when it is shuffled; null if not asked for.
        `partial_dependence`: for each column its `kind`, the `values` tried, and `curves`: by `class` (null for a
        regression) the `mean` probability or prediction for each value.
        `converged`: whether every fit did.
        `notes`: what else to know, in sentences.
        `partial`: whether something is missing because it was asked to finish.

    Raises
    ------
    AnalysisError
        For unknown or mixed columns; a target without values, with one value, with dates, with too many or too small
        classes, or with text for regression; too few rows or groups; infinite numbers; an estimator, split or
        calibration that is not for the problem; and if no feature remains.

    References
    ----------
    https://scikit-learn.org/stable/modules/cross_validation.html
    https://scikit-learn.org/stable/modules/permutation_importance.html
    https://scikit-learn.org/stable/modules/partial_dependence.html
    Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52 (2003), 239-281
    """
    from tasks.train.analysis import compute

    return compute(
        data,
        job,
        target=target,
        problem=problem,
        estimator=estimator,
        folds=folds,
        features=features,
        exclude=exclude,
        split=split,
        group=group,
        time=time,
        holdout=holdout,
        calibrate=calibrate,
        importance=importance,
        partial_dependence=partial_dependence,
    )
