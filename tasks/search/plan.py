"""What a search will try: the space, the candidates, the rungs of a halving, and the metric that decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator

from tasks.errors import AnalysisError
from tasks.search.default_spaces import default_space
from tasks.search.halving import LEAST_TREES, Rung, least_rows, plan_rungs
from tasks.search.params import Method, Metric, Resource
from tasks.search.space import Settings, check_space, draw_candidates, grid_candidates
from tasks.train.choices import Estimator, Problem
from tasks.train.estimators import build_estimator
from tasks.train.metrics import PRIMARY_METRIC
from tasks.train.prepared import Prepared

#: The parameter that is an estimator's number of trees.
TREES: dict[Estimator, str] = {
    "random_forest": "n_estimators",
    "extra_trees": "n_estimators",
    "hist_gradient_boosting": "max_iter",
}
#: The metrics of each problem, as `train` computes them.
METRICS: dict[Problem, tuple[str, ...]] = {
    "classification": ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss"),
    "regression": ("r2", "rmse", "mae", "median_ae"),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is tried, and how it is judged."""

    #: A client's or the default one.
    space: Mapping[str, Any]
    candidates: list[Settings]
    #: Of halving; empty without.
    rungs: list[Rung]
    metric: str
    #: The estimator's defaults of the searched parameters.
    defaults: Settings

    @property
    def runs(self) -> int:
        """How often a candidate is tried on the folds, the defaults aside."""
        return sum(rung.candidates for rung in self.rungs) or len(self.candidates)


def make_plan(
    prepared: Prepared,
    *,
    estimator: Estimator,
    method: Method,
    space: Mapping[str, Any] | None,
    n_candidates: int,
    metric: Metric,
    resource: Resource,
    factor: int,
    seed: int,
) -> Plan:
    """Return the plan; candidates are drawn from the seed.

    Raises tasks.errors.AnalysisError for a metric, a space or a resource that does not go with the estimator.
    """
    problem = prepared.target.problem
    model = build_estimator(estimator, problem=problem, seed=seed)
    parameter = _resource_parameter(estimator, resource) if method == "halving" else None
    searched = _searched(space, estimator, problem=problem, parameter=parameter)
    check_space(searched, model, name=estimator)
    is_grid = method == "grid"
    candidates = grid_candidates(searched) if is_grid else draw_candidates(searched, count=n_candidates, seed=seed)
    rungs = _rungs(prepared, model, len(candidates), factor=factor, parameter=parameter) if method == "halving" else []
    defaults = model.get_params(deep=False)
    return Plan(
        space=searched,
        candidates=candidates,
        rungs=rungs,
        metric=_metric(metric, problem),
        defaults={name: defaults[name] for name in searched},
    )


def _metric(metric: Metric, problem: Problem) -> str:
    if metric == "auto":
        return PRIMARY_METRIC[problem]
    if metric not in METRICS[problem]:
        raise AnalysisError(
            f"The metric {metric!r} is not one of a {problem}; choose one of {', '.join(METRICS[problem])}."
        )
    return metric


def _resource_parameter(estimator: Estimator, resource: Resource) -> str | None:
    if resource == "rows":
        return None
    if estimator not in TREES:
        raise AnalysisError(
            f"The estimator {estimator!r} has no trees to begin with few of; halve over `rows`, or choose one of "
            f"{', '.join(TREES)}."
        )
    return TREES[estimator]


def _searched(
    space: Mapping[str, Any] | None, estimator: Estimator, *, problem: Problem, parameter: str | None
) -> Mapping[str, Any]:
    if space is None:
        searched = default_space(estimator, problem=problem)
        return {name: given for name, given in searched.items() if name != parameter}
    if parameter in space:
        raise AnalysisError(
            f"{parameter!r} is the resource of the halving; take it out of the space, or halve over rows."
        )
    return space


def _rungs(prepared: Prepared, model: BaseEstimator, count: int, *, factor: int, parameter: str | None) -> list[Rung]:
    if parameter is None:
        smallest, largest = least_rows(prepared), len(prepared.splits.learned)
    else:
        smallest, largest = LEAST_TREES, model.get_params()[parameter]
    return plan_rungs(count, smallest=smallest, largest=largest, factor=factor, parameter=parameter)
