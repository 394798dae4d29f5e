"""The t-SNE map of a table, and how far the neighbours on a map are neighbours in the table."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from threadpoolctl import threadpool_limits

from tasks.data.numeric import Matrix
from tasks.errors import AnalysisError

#: Most rows that t-SNE maps; time grows faster than their number.
MOST_ROWS = 5_000
#: Fewest rows that have neighbours worth a map, and most coordinates.
FEWEST_ROWS, MOST_COMPONENTS = 10, 3
#: Most columns that t-SNE sees; more are reduced to as many principal components first, as its authors advise.
MOST_COLUMNS = 50
#: Rows that trustworthiness compares with each other at most, and neighbours of each that it looks at.
MOST_COMPARED, NEIGHBOURS = 2_000, 10


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Where t-SNE put the rows."""

    #: Positions in the table, ascending, of the rows that were mapped.
    rows: NDArray[np.int64]
    #: Their coordinates.
    points: NDArray[np.float64]
    #: As used.
    perplexity: float
    #: Kullback-Leibler divergence of the map from the table, nats.
    divergence: float


def refuse_untried(*, rows: int, components: int) -> None:
    """Raise tasks.errors.AnalysisError for what t-SNE can't map."""
    if components > MOST_COMPONENTS:
        raise AnalysisError(f"t-SNE makes 2 or 3 components, {components} were asked for. Ask for fewer, or use pca.")
    if rows < FEWEST_ROWS:
        raise AnalysisError(f"t-SNE needs at least {FEWEST_ROWS} rows, the table has {rows}. Use pca.")


def embedding_of(matrix: Matrix, *, components: int, perplexity: float, seed: int, rng: Generator) -> Embedding:
    """Return the map of all rows, or of `MOST_ROWS` drawn at random.

    Source: van der Maaten & Hinton (2008), Visualizing data using t-SNE, JMLR 9; perplexity at most a third of the
    rows. https://scikit-learn.org/stable/modules/generated/sklearn.manifold.TSNE.html
    """
    rows = np.arange(len(matrix))
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, size=MOST_ROWS, replace=False))
    seen = matrix[rows]
    if seen.shape[1] > MOST_COLUMNS:
        seen = PCA(n_components=min(MOST_COLUMNS, len(seen)), random_state=seed).fit_transform(seen)
    used = min(perplexity, (len(rows) - 1) / 3)
    start = "pca" if seen.shape[1] >= components else "random"
    model = TSNE(n_components=components, perplexity=used, init=start, random_state=seed)
    # Threads add up the divergence in the order they are done, and whether it still falls decides when to stop.
    with threadpool_limits(limits=1, user_api="openmp"):
        points = model.fit_transform(seen).astype(np.float64)
    return Embedding(rows=rows, points=points, perplexity=used, divergence=float(model.kl_divergence_))


def trust_in(matrix: Matrix, points: NDArray[np.float64], *, rng: Generator) -> tuple[float | None, int]:
    """Return the trustworthiness of a map (0 to 1, None if undefined), and the rows that it rests on.

    Source: https://scikit-learn.org/stable/modules/generated/sklearn.manifold.trustworthiness.html
    """
    if len(matrix) > MOST_COMPARED:
        chosen = np.sort(rng.choice(len(matrix), size=MOST_COMPARED, replace=False))
        matrix, points = matrix[chosen], points[chosen]
    neighbours = min(NEIGHBOURS, (len(matrix) - 1) // 2)
    if neighbours < 1:
        return None, len(matrix)
    return float(trustworthiness(matrix, points, n_neighbors=neighbours)), len(matrix)
