"""The words that a client chooses from: estimators, ways to split, calibrations; light, for the API reads them too."""

from typing import Literal

Problem = Literal["classification", "regression"]
Estimator = Literal[
    "linear",
    "ridge",
    "lasso",
    "logistic",
    "k_neighbors",
    "svm",
    "random_forest",
    "extra_trees",
    "hist_gradient_boosting",
    "mlp",
]
Split = Literal["stratified", "shuffled", "grouped", "time_ordered"]
Calibration = Literal["none", "sigmoid", "isotonic"]
