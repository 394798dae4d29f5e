"""The matrix that a model sees, and which column of the table each of its columns came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer

from tasks.train.features import Features
from tasks.train.parts import Fold
from tasks.train.preprocessing import build_preprocessing


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Rows to learn from and rows to test on, encoded by what the former show."""

    train: NDArray[np.float64]
    test: NDArray[np.float64]
    #: For each column of the matrices, the position of its column in `features.table`.
    sources: NDArray[np.int64]


def encode(features: Features, *, fold: Fold, scale: bool) -> Encoded:
    """Return the matrices; gaps, categories and scales are learned from the training rows. A test part may be empty."""
    train, test = fold
    preprocessing = build_preprocessing(features, scale=scale)
    learned: NDArray[np.float64] = preprocessing.fit_transform(features.table.iloc[train])
    positions = {name: position for position, name in enumerate(features.table.columns)}
    return Encoded(
        train=learned,
        test=preprocessing.transform(features.table.iloc[test]) if len(test) else learned[:0],
        sources=np.array([positions[name] for name in _sources(preprocessing, features)], dtype=np.int64),
    )


def _sources(preprocessing: ColumnTransformer, features: Features) -> list[str]:
    """Return the column of the table behind each column of the matrix, in the preprocessing's order."""
    sources = [*features.numeric, *features.boolean]
    if features.categorical:
        one_hot = preprocessing.named_transformers_["categorical"][-1]
        numbered = one_hot.get_feature_names_out([str(position) for position in range(len(features.categorical))])
        sources += [features.categorical[int(name.partition("_")[0])] for name in numbered]
    for name, parts in features.dates.items():
        sources += [name] * len(parts)
    return sources
