"""From columns to the matrix that a model sees: gaps filled, texts and dates encoded, scaled; anew in each fold."""

from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from tasks.errors import AnalysisError
from tasks.train.dates import expand_days
from tasks.train.features import Features

#: Most columns that one column of categories becomes; the rarest categories share the last.
MAX_CATEGORIES = 20
#: Most cells of the matrix (800 MB).
MAX_MATRIX_CELLS = 100_000_000


def build_preprocessing(features: Features, *, scale: bool) -> ColumnTransformer:
    """Return the transformer: gaps filled with the median, for categories with the most frequent value; categories
    one-hot encoded; dates expanded into the parts of them that vary.

    `scale` brings numbers and the parts of dates to mean 0 and variance 1. Trees are better off without: their splits
    don't depend on units, and the rounding of scaled numbers moves values across a split.

    A column that is empty in one fold's training part is kept as zeros, so that every fold has the same shape; a
    category that only the test part has counts as rare. Raises tasks.errors.AnalysisError if the matrix got too large.
    Source: https://scikit-learn.org/stable/modules/compose.html#columntransformer-for-heterogeneous-data
    """
    _refuse_too_large(features)
    median = SimpleImputer(strategy="median", keep_empty_features=True)
    most_frequent = SimpleImputer(strategy="most_frequent", keep_empty_features=True)
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False)
    steps = [
        ("numeric", make_pipeline(median, StandardScaler()) if scale else median, list(features.numeric)),
        ("boolean", most_frequent, list(features.boolean)),
        ("categorical", make_pipeline(most_frequent, one_hot), list(features.categorical)),
    ]
    steps += [
        (f"date {number}", make_pipeline(median, *_date_steps(parts, scale=scale)), [name])
        for number, (name, parts) in enumerate(features.dates.items())
    ]
    return ColumnTransformer([step for step in steps if step[2]])


def _date_steps(parts: tuple[str, ...], *, scale: bool) -> list[BaseEstimator]:
    expand = FunctionTransformer(expand_days, kw_args={"parts": parts})
    return [expand, StandardScaler()] if scale else [expand]


def encoded_columns(features: Features) -> int:
    """Return how many columns the matrix has at most."""
    encoded = (min(int(features.table[name].nunique()), MAX_CATEGORIES) for name in features.categorical)
    dates = sum(map(len, features.dates.values()))
    return len(features.numeric) + len(features.boolean) + sum(encoded) + dates


def _refuse_too_large(features: Features) -> None:
    rows, columns = len(features.table), encoded_columns(features)
    if rows * columns > MAX_MATRIX_CELLS:
        raise AnalysisError(
            f"Encoded, the table has {rows:,} rows by {columns:,} columns; at most {MAX_MATRIX_CELLS:,} cells are "
            "computed with. Exclude columns of categories, or send fewer rows."
        )
