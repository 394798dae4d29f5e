"""What a client may ask of `explain`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from tasks import Job, Length, Range, analysis
from tasks.train.choices import Estimator

if TYPE_CHECKING:
    from pandas import DataFrame


@analysis(timeout=1800, deterministic=True, example={"target": "target", "estimator": "random_forest"})
def explain(
    data: DataFrame,
    job: Job,
    *,
    target: Annotated[str, Length(1, 500)],
    problem: Literal["auto", "classification", "regression"] = "auto",
    estimator: Estimator = "random_forest",
    features: Annotated[list[str], Length(1, 2_000)] | None = None,
    exclude: Annotated[list[str], Length(0, 2_000)] = [],  # noqa: B006
    columns: Annotated[list[str], Length(1, 20)] | None = None,
    of_class: Annotated[str, Length(1, 500)] | None = None,
    pair: Annotated[list[str], Length(2, 2)] | None = None,
    ice: bool = False,
    interactions: bool = True,
    holdout: Annotated[float, Range(0.05, 0.5)] = 0.25,
    group: Annotated[str, Length(1, 500)] | None = None,
    time: Annotated[str, Length(1, 500)] | None = None,
) -> dict[str, object]:
    """Explain what a model has learned: which columns it needs, how it uses them, and which work together.

    There are no stored models yet, so the model is fitted on the spot, with the parameters of `train`, to the rows that
    are not held out; how well it does, and which columns it needs, is measured on those that are. An explanation of a
    model that does no better than the baseline explains nothing. Asked to finish, it leaves out what is not done.

    Figures: `importance`, `partial_dependence`, `ice`, `interactions`, `pair`.

    Parameters
    ----------
    target
        The column that the model predicts.
    problem
        `classification`, `regression`, or `auto`: classes for texts, booleans and at most 20 different whole numbers,
        regression for other numbers.
    estimator
        The model, as `train` knows it.
    features
        The columns to learn from; all but the target if left out.
    exclude
        Columns not to learn from, such as one that gives the target away.
    columns
        The columns to look into; the six most important ones if left out.
    of_class
        The class whose probability is looked into by `ice`, `interactions` and `pair`: the second of two, else the one
        with the most rows, if left out.
    pair
        Two columns to look into together; those that work together most if left out.
    ice
        Whether to draw what is predicted for single rows as a column changes, beside the mean.
    interactions
        Whether to measure how much the five most important of the columns work together.
    holdout
        Share of the rows that the model does not learn from.
    group
        A column whose equal values are held out together, such as a patient or a customer.
    time
        A column of dates or numbers that orders the rows; the latest ones are held out.

    Returns
    -------
    dict
        `problem`, `estimator`, `target`, `split`: as resolved; `of_class`: null for a regression.
        `rows`: those with a target; `rows_without_target`: those left out; `rows_held_out`.
        `features`: the columns learned from; `dropped`: columns left out, each with `column` and `reason`.
        `metrics`, `baseline`: on the held-out rows, of the model and of one that ignores the features, by name.
        `primary_metric`, `beats_baseline`.
        `importance`: from the most to the least important column, `feature`, and `mean` and `std` of the drop of the
        primary metric when it is shuffled in the held-out rows.
        `partial_dependence`: for each column its `kind`, the `values` tried, `curves`: by `class` (null for a
        regression) the `mean` probability or prediction for each value, and `range`: the largest difference within a
        curve.
        `ice`: for each column the `rows` drawn (from 1, as sent) and, row by row, the `predictions` for the values
        tried; null if not asked for.
        `interactions`: for each two columns, the strongest first, `columns`, `h` (Friedman's H: 0 if their effects add
        up, 1 if they only work together) and `size` (root mean square of what does not add up, in the prediction's
        unit); null if not asked for.
        `pair`: `columns`, the `values` tried of both, and `means`: for each value of the first, the mean prediction for
        each value of the second; null with a single column.
        `notes`: what else to know, in sentences.
        `partial`: whether something is missing because it was asked to finish.

    Raises
    ------
    AnalysisError
        For what `train` refuses; unknown columns, columns that are not learned from, and an unknown class.

    References
    ----------
    https://scikit-learn.org/stable/modules/partial_dependence.html
    https://scikit-learn.org/stable/modules/permutation_importance.html
    Friedman & Popescu, Predictive learning via rule ensembles, Annals of Applied Statistics 2 (2008), 916-954
    """
    from tasks.explain.analysis import compute

    return compute(
        data,
        job,
        target=target,
        problem=problem,
        estimator=estimator,
        features=features,
        exclude=exclude,
        columns=columns,
        of_class=of_class,
        pair=pair,
        ice=ice,
        interactions=interactions,
        holdout=holdout,
        group=group,
        time=time,
    )
