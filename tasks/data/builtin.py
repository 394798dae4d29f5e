"""scikit-learn's bundled data sets as tables: the features, and the column `target`."""

from collections.abc import Callable
from typing import Any

from pandas import DataFrame
from sklearn import datasets

from tasks.errors import AnalysisError

_LOADERS: dict[str, Callable[..., Any]] = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
}


def load_builtin(name: str) -> DataFrame:
    """Return the named set; class names stand in `target` as text where the set is a classification.

    Source: https://scikit-learn.org/stable/datasets/toy_dataset.html
    """
    if name not in _LOADERS:
        raise AnalysisError(f"There is no built-in data set {name!r}; choose one of {', '.join(_LOADERS)}.")
    bunch = _LOADERS[name](as_frame=True)
    if not hasattr(bunch, "target_names"):
        return bunch.frame
    classes = [str(label) for label in bunch.target_names]
    return bunch.data.assign(target=[classes[code] for code in bunch.target])
