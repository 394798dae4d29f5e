"""What a client may ask of `search`; light, because the API reads it too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from marshmallow import Schema
from marshmallow.fields import Raw

from tasks import Job, Length, Range, analysis
from tasks.framework.fields import Choice, Dict, Float, Integer, List, String
from tasks.search.dimension import Dimension
from tasks.train.choices import Estimator

if TYPE_CHECKING:
    from pandas import DataFrame

Method = Literal["random", "grid", "halving"]
Resource = Literal["rows", "trees"]
#: Metrics to search by; `auto` is the primary metric of `train`.
Metric = Literal[
    "auto", "accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss", "r2", "rmse", "mae", "median_ae"
]
#: Most candidates of a search, a grid included.
MOST_CANDIDATES = 500


def _one_of(words: object, *, default: str) -> Choice:
    return Choice([(word, word) for word in get_args(words)], load_default=default)


def _column(**options: Any) -> String:
    return String(validate=Length(1, 500), **options)


#: Written by hand, because a dimension of the space is a list or an object.
SearchParams = Schema.from_dict(
    {
        "target": _column(required=True),
        "problem": _one_of(Literal["auto", "classification", "regression"], default="auto"),
        "estimator": _one_of(Estimator, default="random_forest"),
        "method": _one_of(Method, default="random"),
        "space": Dict(
            String(validate=Length(1, 100)),
            Raw(validate=Dimension()),
            validate=Length(1, 20),
            allow_none=True,
            load_default=None,
            metadata={"examples": [{"max_features": {"low": 0.1, "high": 1.0}, "max_depth": [5, 10, None]}]},
        ),
        "n_candidates": Integer(validate=Range(2, MOST_CANDIDATES), load_default=20),
        "metric": _one_of(Metric, default="auto"),
        "folds": Integer(validate=Range(2, 20), load_default=5),
        "resource": _one_of(Resource, default="rows"),
        "factor": Integer(validate=Range(2, 10), load_default=3),
        "features": List(_column(), validate=Length(1, 2_000), allow_none=True, load_default=None),
        "exclude": List(_column(), validate=Length(0, 2_000), load_default=[]),
        "group": _column(allow_none=True, load_default=None),
        "time": _column(allow_none=True, load_default=None),
        "holdout": Float(validate=Range(0.01, 0.5), allow_none=True, load_default=None),
    },
    name="SearchParams",
)


@analysis(
    timeout=3600,
    deterministic=True,
    params=SearchParams,
    example={"target": "target", "estimator": "random_forest", "n_candidates": 10},
)
def search(
    data: DataFrame,
    job: Job,
    *,
    target: str,
    problem: Literal["auto", "classification", "regression"],
    estimator: Estimator,
    method: Method,
    space: dict[str, Any] | None,
    n_candidates: int,
    metric: Metric,
    folds: int,
    resource: Resource,
    factor: int,
    features: list[str] | None,
    exclude: list[str],
    group: str | None,
    time: str | None,
    holdout: float | None,
) -> dict[str, object]:
    """Search the parameters of a model: which of them predict best, by cross-validation, and how much they matter.

    Candidates are drawn at random, taken from a grid, or drawn and then thinned out by successive halving; every one is
    judged on the same folds, and so are the model's defaults, for comparison. The table is treated as by `train`.
    The score so far is reported after every candidate. Asked to finish, it drops the candidate at hand and keeps the
    best so far.

    Figures: `score_curve`, the score of each candidate and the best so far; `params`, the score by each parameter.

    Parameters
    ----------
    target
        The column to predict.
    problem
        `classification`, `regression`, or `auto`: classes for texts, booleans and at most 20 different whole numbers,
        regression for other numbers.
    estimator
        The model, as `train` knows it.
    method
        `random`: so many candidates drawn from the space; `grid`: every combination of lists and steps, at most 500;
        `halving`: as `random`, but all begin with little of the `resource`, and only the best go on with more.
    space
        By scikit-learn's name of a parameter, a list of values, or a range with `low`, `high`, and optionally `log`
        (even on a logarithmic scale), `int`, and `steps` (of a grid; 5 if left out). A sensible one for the estimator
        if left out.
    n_candidates
        How many candidates are drawn; a grid has as many as it has. Fewer if the space has fewer.
    metric
        What to search by, one of `train`'s metrics; `auto`: `balanced_accuracy` for a classification, `r2` for a
        regression.
    folds
        How many parts the rows are split into; each is predicted by models of the others.
    resource
        What `halving` begins with little of: `rows`, or `trees` for a forest or boosting.
    factor
        `halving` keeps one in so many candidates and gives them so many times the resource.
    features
        The columns to learn from; all but the target if left out.
    exclude
        Columns not to learn from, such as one that gives the target away.
    group
        A column whose equal values stay together in one fold, such as a patient or a customer.
    time
        A column of dates or numbers that orders the rows; each fold is tested on what came after its training part.
    holdout
        Share of the rows that is kept out of the search; the best candidate is fitted to the rest and scored on it.

    Returns
    -------
    dict
        `problem`, `estimator`, `target`, `split`, `method`, `metric`: as resolved; `higher_is_better`: of the metric.
        `rows`: those learned from; `rows_without_target`: those left out; `features`: the columns learned from.
        `dropped`: columns left out, each with `column` and `reason`.
        `space`: as it was searched.
        `candidates`: those that were judged, the best first: `rank` (equal scores share one), `number` (in the order
        drawn), `params`, `resource` (rows of the search or trees that it got last; null without halving), `score` and
        `std` (mean and population standard deviation over the folds, in the metric's unit), `folds` (their values),
        `metrics` (every metric's `mean` and `std`), `error` (why it could not be fitted, else null).
        `candidates_asked`, `candidates_done`.
        `rungs`: of halving, each with its `resource`, how many `candidates` it had and how many were `done`; null else.
        `best`: `params`, `score`, `std`, `metrics` of the best one.
        `defaults`: the same of the estimator's defaults on the same folds.
        `gain`: by how much the best score beats that of the defaults, in the metric's unit; positive is better.
        `holdout`: `rows`, and the `metrics` of the best candidate and of a `baseline` on them; null if not asked for.
        `folds`: how many.
        `notes`: what else to know, in sentences.
        `partial`: whether it was asked to finish before the last candidate.

    Raises
    ------
    AnalysisError
        For what `train` refuses; an unknown parameter; a grid of more than 500 candidates; a metric of the other
        problem; a resource that the estimator has not; and if no candidate can be fitted.

    References
    ----------
    https://scikit-learn.org/stable/modules/grid_search.html
    """
    from tasks.search.analysis import compute

    return compute(
        data,
        job,
        target=target,
        problem=problem,
        estimator=estimator,
        method=method,
        space=space,
        n_candidates=n_candidates,
        metric=metric,
        folds=folds,
        resource=resource,
        factor=factor,
        features=features,
        exclude=exclude,
        group=group,
        time=time,
        holdout=holdout,
    )
