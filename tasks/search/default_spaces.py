"""The space that is searched where a client gives none: the parameters that matter most, over the usual ranges."""

from collections.abc import Mapping

from tasks.train.choices import Estimator, Problem

Space = Mapping[str, object]

_STRENGTH: Space = {"low": 1e-3, "high": 1e3, "log": True}
_FOREST: Space = {
    "max_features": {"low": 0.1, "high": 1.0},
    "min_samples_leaf": {"low": 1, "high": 20, "int": True, "log": True},
    "max_depth": [None, 5, 10, 20],
}
_SPACES: dict[Estimator, Space] = {
    "logistic": {"C": _STRENGTH},
    "ridge": {"alpha": _STRENGTH},
    "lasso": {"alpha": {"low": 1e-4, "high": 1.0, "log": True}},
    "k_neighbors": {
        "n_neighbors": {"low": 1, "high": 30, "int": True, "log": True},
        "weights": ["uniform", "distance"],
        "p": [1, 2],
    },
    "svm": {"C": {"low": 1e-2, "high": 1e3, "log": True}, "gamma": {"low": 1e-4, "high": 1.0, "log": True}},
    "random_forest": _FOREST,
    "extra_trees": _FOREST,
    "hist_gradient_boosting": {
        "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
        "max_iter": {"low": 30, "high": 300, "int": True, "log": True},
        "max_leaf_nodes": {"low": 4, "high": 64, "int": True, "log": True},
        "min_samples_leaf": {"low": 5, "high": 50, "int": True, "log": True},
        "l2_regularization": {"low": 1e-6, "high": 10.0, "log": True},
    },
    "mlp": {
        "hidden_layer_sizes": [[32], [64], [128], [64, 32]],
        "alpha": {"low": 1e-5, "high": 1e-1, "log": True},
        "learning_rate_init": {"low": 1e-4, "high": 1e-2, "log": True},
    },
}


def default_space(estimator: Estimator, *, problem: Problem) -> Space:
    """Return the space of an estimator; every name is a parameter of it."""
    if estimator == "linear":
        return _SPACES["logistic" if problem == "classification" else "ridge"]
    return _SPACES[estimator]
