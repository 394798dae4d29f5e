"""Which figures a reduced table has, and attaching them to the job."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.data.plain import shortened
from tasks.job import Job
from tasks.reduce.colours import colour_column
from tasks.reduce.figures import loadings_figure, scree_figure
from tasks.reduce.neighbours import Embedding
from tasks.reduce.plane import Plane, component_title
from tasks.reduce.principal import Principal
from tasks.reduce.scatter import map_figure


def draw(
    job: Job,
    data: DataFrame,
    principal: Principal,
    embedding: Embedding | None,
    points: NDArray[np.float64],
    *,
    columns: Sequence[str],
    colour_by: str | None,
) -> None:
    """Attach `map`, and of principal components `scree` and `loadings`."""
    if points.shape[1] >= 2:
        _draw_map(job, data, _plane(principal, embedding, points), embedding, colour_by=colour_by)
    if embedding is None:
        job.figure("scree", scree_figure(principal), title="Variance by component")
        job.figure("loadings", loadings_figure(principal, columns), title="Loadings of the components")


def _plane(principal: Principal, embedding: Embedding | None, points: NDArray[np.float64]) -> Plane:
    if embedding:
        return Plane(points=points[:, :2], x="t-SNE 1", y="t-SNE 2")
    x, y = (component_title(at + 1, principal.shares[at]) for at in range(2))
    return Plane(points=points[:, :2], x=x, y=y)


def _draw_map(job: Job, data: DataFrame, plane: Plane, embedding: Embedding | None, *, colour_by: str | None) -> None:
    rows = data if embedding is None else data.iloc[embedding.rows]
    title = "Which rows are neighbours" if embedding else "The rows on their first two components"
    coloured = f", coloured by {shortened(str(colour_by))}" if colour_by else ""
    figure = map_figure(
        plane,
        title=title + coloured,
        rng=job.rng,
        colours=colour_column(rows, colour_by) if colour_by else None,
        rows=None if embedding is None else embedding.rows,
        subtitle=_how(embedding, rows=len(data)),
    )
    job.figure("map", figure, title="Map of the rows")


def _how(embedding: Embedding | None, *, rows: int) -> str:
    if embedding is None:
        return ""
    drawn = len(embedding.rows) < rows
    sampled = f" {len(embedding.rows):,} of {rows:,} rows, drawn at random." if drawn else ""
    return f"t-SNE, perplexity {embedding.perplexity:.3g}: only nearness has a meaning.{sampled}"
