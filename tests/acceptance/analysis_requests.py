"""A small request or two for every built-in analysis, and what each is known to attach."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DATA = Path(__file__).parents[1] / "data"
_PENGUINS = _DATA / "penguins_like.csv"
_PASSENGERS = _DATA / "air_passengers.csv"

_CLASSIFIED = frozenset({"confusion_matrix", "roc", "precision_recall", "importance", "partial_dependence"})
_REGRESSED = frozenset({"residuals", "predicted_vs_actual", "importance", "partial_dependence"})


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of an analysis, beside the seed."""

    #: A built-in data set, or a CSV to upload.
    data: str | Path
    params: Mapping[str, object]
    #: The names of the figures and of the files that come of it.
    figures: frozenset[str]
    files: frozenset[str] = frozenset()
    #: Whether anything is drawn at random, so that another seed gives another result.
    drawn: bool = True
    #: Members of the result, at any depth, that say how long something took: no run repeats them.
    times: frozenset[str] = frozenset()


#: By name of the analysis.
REQUESTS: dict[str, tuple[Request, ...]] = {
    "anomalies": (
        Request(data=_PENGUINS, params={"contamination": 0.05, "top": 5}, figures=frozenset({"scores", "map"})),
    ),
    "cluster": (
        Request(
            data=_PENGUINS,
            params={"clusters": None, "most": 4},
            figures=frozenset({"map", "profile", "silhouette", "k_choice"}),
        ),
        Request(
            data=_PENGUINS,
            params={"method": "hdbscan", "min_cluster_size": 10},
            figures=frozenset({"map", "profile", "silhouette"}),
        ),
    ),
    "compare": (
        Request(
            data="iris",
            params={
                "target": "target",
                "estimators": ["logistic", "random_forest", "hist_gradient_boosting"],
                "folds": 2,
            },
            figures=frozenset({"scores"}),
            times=frozenset({"fit_seconds", "predict_seconds"}),
        ),
    ),
    "describe": (
        Request(
            data=_PENGUINS,
            params={},
            figures=frozenset({"missing", "distributions", "correlations", "associations"}),
            drawn=False,
        ),
    ),
    "explain": (
        Request(
            data="iris",
            params={"target": "target", "columns": ["petal length (cm)", "petal width (cm)"], "ice": True},
            figures=frozenset({"importance", "partial_dependence", "ice", "interactions", "pair"}),
        ),
    ),
    "forecast": (
        Request(
            data=_PASSENGERS,
            params={"time": "month", "target": "passengers", "horizon": 6, "origins": 2},
            figures=frozenset({"forecast", "backtest"}),
            files=frozenset({"forecast.csv"}),
            drawn=False,
        ),
    ),
    "reduce": (
        Request(
            data=_PENGUINS,
            params={"colour_by": "species"},
            figures=frozenset({"map", "scree", "loadings"}),
            drawn=False,
        ),
        Request(
            data="iris",
            # It begins from the principal components, and draws only where rows are too many.
            params={"method": "t_sne", "colour_by": "target"},
            figures=frozenset({"map"}),
            drawn=False,
        ),
    ),
    "search": (
        Request(
            data="iris",
            params={"target": "target", "estimator": "random_forest", "n_candidates": 2, "folds": 2},
            figures=frozenset({"score_curve", "params"}),
        ),
    ),
    "select": (
        Request(
            data="iris",
            params={"target": "target", "estimator": "linear", "folds": 2, "shuffles": 5},
            figures=frozenset({"mutual_information", "elimination"}),
        ),
    ),
    "train": (
        Request(data=_PENGUINS, params={"target": "species", "folds": 2}, figures=_CLASSIFIED | {"calibration"}),
        Request(
            data="diabetes",
            params={"target": "target", "estimator": "hist_gradient_boosting", "folds": 2},
            figures=_REGRESSED,
        ),
        Request(
            data="iris",
            params={"target": "target", "estimator": "mlp", "folds": 2, "partial_dependence": False},
            figures=(_CLASSIFIED | {"calibration"}) - {"partial_dependence"},
        ),
    ),
}
