"""The computing behind `reduce`: choose and scale the columns, find the components, map the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from tasks.data.columns import require_columns
from tasks.data.numeric import Matrix, Numbers, choose_numbers
from tasks.job import Job
from tasks.reduce.coordinates import listed
from tasks.reduce.drawing import draw
from tasks.reduce.neighbours import Embedding, embedding_of, refuse_untried, trust_in
from tasks.reduce.principal import Principal, described, principal_of


@dataclass(frozen=True, kw_only=True)
class Request:
    """How to reduce."""

    method: Literal["pca", "t_sne"]
    #: Coordinates a row.
    components: int
    #: For `t_sne`.
    perplexity: float
    scale: bool
    colour_by: str | None


def compute(
    data: DataFrame, job: Job, *, request: Request, columns: Sequence[str] | None, exclude: Sequence[str]
) -> dict[str, object]:
    """Return what `tasks.reduce.params.reduce` documents."""
    job.progress(0.0, "prepare")
    if request.method == "t_sne":
        refuse_untried(rows=len(data), components=request.components)
    numbers = _chosen(data, request, columns=columns, exclude=exclude)
    matrix = numbers.matrix(scale=request.scale)
    job.progress(0.1, "principal components")
    principal = principal_of(matrix, components=min(request.components, *matrix.shape), seed=job.seed)
    partial = request.method == "t_sne" and job.should_finish()
    embedding = _embedded(matrix, request, job) if request.method == "t_sne" and not partial else None
    points = embedding.points if embedding else principal.coordinates(matrix, components=request.components)
    judged = _judged(matrix, embedding, points, job)
    job.progress(0.9, "figures")
    draw(job, data, principal, embedding, points, columns=list(numbers.table.columns), colour_by=request.colour_by)
    result = {
        **numbers.described(),
        "method": "t_sne" if embedding else "pca",
        "scaled": request.scale,
        "components": points.shape[1],
        **described(principal, [str(name) for name in numbers.table.columns]),
        **listed(job, points, _drawn(embedding, rows=len(matrix))),
        **judged,
        "notes": _notes(numbers, request, principal, embedding, partial=partial),
        "partial": partial,
    }
    job.progress(1.0, "done")
    return result


def _chosen(data: DataFrame, request: Request, *, columns: Sequence[str] | None, exclude: Sequence[str]) -> Numbers:
    if request.colour_by is None:
        return choose_numbers(data, columns=columns, exclude=exclude, purpose="reduce")
    require_columns(data, [request.colour_by])
    left_out = [] if columns and request.colour_by in columns else [request.colour_by]
    return choose_numbers(data, columns=columns, exclude=[*exclude, *left_out], purpose="reduce")


def _embedded(matrix: Matrix, request: Request, job: Job) -> Embedding:
    job.progress(0.2, "t-SNE")
    return embedding_of(
        matrix, components=request.components, perplexity=request.perplexity, seed=job.seed, rng=job.rng
    )


def _judged(matrix: Matrix, embedding: Embedding | None, points: NDArray[np.float64], job: Job) -> dict[str, object]:
    job.progress(0.8, "trustworthiness")
    trust, compared = trust_in(matrix[embedding.rows] if embedding else matrix, points, rng=job.rng)
    return {
        "perplexity": embedding.perplexity if embedding else None,
        "divergence": embedding.divergence if embedding else None,
        "trustworthiness": trust,
        "trustworthiness_rows": compared,
    }


def _drawn(embedding: Embedding | None, *, rows: int) -> NDArray[np.int64] | None:
    return embedding.rows if embedding and len(embedding.rows) < rows else None


def _notes(
    numbers: Numbers, request: Request, principal: Principal, embedding: Embedding | None, *, partial: bool
) -> list[str]:
    notes = []
    rows = len(numbers.table)
    if numbers.imputed:
        notes.append("Missing values were replaced by the column's median.")
    if partial:
        notes.append("t-SNE was left out, because the job was asked to finish; the coordinates are principal ones.")
    if embedding is None and len(principal.shares) < request.components:
        notes.append(f"The table has no more than {len(principal.shares)} components.")
    if embedding and len(embedding.rows) < rows:
        notes.append(f"t-SNE mapped a random sample of {len(embedding.rows):,} of {rows:,} rows.")
    if embedding and embedding.perplexity < request.perplexity:
        notes.append(f"The perplexity is {embedding.perplexity:.3g}, a third of the rows.")
    return notes
