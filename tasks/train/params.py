"""What a client may ask of `train`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True, example={"target": "target", "estimator": "random_forest"})
def train(
    data: DataFrame,
    job: Job,
    *,
    target: Annotated[str, Length(1, 500)],
    problem: Literal["auto", "classification", "regression"] = "auto",
    estimator: Literal["linear", "random_forest", "hist_gradient_boosting"] = "random_forest",
    folds: Annotated[int, Range(2, 20)] = 5,
    features: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
) -> dict[str, object]:
    """Train a model to predict one column from the others, and tell by cross-validation how well it does.

    Gaps in numbers are filled with the median, gaps in categories with the most frequent one; categories are one-hot
    encoded (the rarest beyond twenty share one column) and, for the linear model, numbers scaled; all of it is learned
    anew from each fold's training part. Rows without a target are left out. Columns that can't help (no values,
    constant, dates, identifiers) are dropped and reported. Asked to finish, it stops after the fold at hand and reports
    the folds that are done.

    Parameters
    ----------
    target
        The column to predict.
    problem
        `classification`, `regression`, or `auto`: classes for texts, booleans and at most 20 different whole numbers,
        regression for other numbers.
    estimator
        `linear` (logistic regression or ridge regression), `random_forest` or `hist_gradient_boosting`.
    folds
        How many parts the rows are split into; each is predicted once by a model of the others.
    features
        The columns to learn from; all but the target if left out.
    exclude
        Columns not to learn from, such as one that gives the target away.

    Returns
    -------
    dict
        `problem`, `estimator`, `target`: as resolved.
        `rows`: those learned from; `rows_without_target`: those left out.
        `features`: the columns learned from; `feature_kinds`: the same by `numeric`, `boolean`, `categorical`;
        `encoded_features`: how many columns they become at most.
        `dropped`: columns left out, each with `column` and `reason`.
        `folds`, `folds_done`: asked for, and run.
        `metrics`: by name, each with `mean`, `std` (population) and the values of the `folds`. Classification:
        `accuracy`, `balanced_accuracy`, `f1_macro`, `roc_auc` (one class against the rest), all 0 to 1, and `log_loss`
        (nats). Regression: `r2`, and `rmse`, `mae`, `median_ae` in the target's unit.
        `baseline`: the same of a model that ignores the features.
        `primary_metric` and `beats_baseline`: whether the model's mean of that metric is above the baseline's.
        `classes` (`name`, `rows`) and `confusion_matrix` (`labels`; `matrix`, rows actual classes, columns predicted
        ones, counted over the test parts): classification only.
        `converged`: whether every fit did.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish before the last fold.

    Raises
    ------
    AnalysisError
        For unknown or mixed columns; a target without values, with one value, with dates, with too many or too small
        classes, or with text for regression; too few rows; infinite numbers; and if no feature remains.

    References
    ----------
    https://scikit-learn.org/stable/modules/cross_validation.html
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
    )
