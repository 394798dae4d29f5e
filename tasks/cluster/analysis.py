"""The computing behind `cluster`: choose and scale the columns, group the rows, describe the groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pandas import DataFrame

from tasks.cluster.choice import Candidate
from tasks.cluster.drawing import draw
from tasks.cluster.grouping import NOISE, Labels, Recipe, refuse_too_large
from tasks.cluster.labels import labelled
from tasks.cluster.outcome import Outcome, outcome_of
from tasks.cluster.profile import profiles_of
from tasks.cluster.separation import separation_of
from tasks.cluster.stability import RUNS
from tasks.cluster.traits import categories_of, summary_of, traits_of
from tasks.data.numeric import Matrix, Numbers, choose_numbers
from tasks.job import Job


def compute(
    data: DataFrame,
    job: Job,
    *,
    recipe: Recipe,
    span: tuple[int, int],
    scale: bool,
    columns: Sequence[str] | None,
    exclude: Sequence[str],
    stability: bool,
) -> dict[str, object]:
    """Return the grouping that `tasks.cluster.params.cluster` documents."""
    job.progress(0.0, "prepare")
    refuse_too_large(recipe, rows=len(data))
    numbers = choose_numbers(data, columns=columns, exclude=exclude, purpose="group rows by")
    matrix = numbers.matrix(scale=scale)
    outcome = outcome_of(matrix, recipe, job, span=span, stability=stability)
    groups = _groups(data, numbers, outcome, exclude=exclude)
    job.progress(0.92, "figures")
    draw(job, matrix, outcome, groups)
    result = {
        **numbers.described(),
        "method": recipe.method,
        "scaled": scale,
        "clusters": groups,
        "noise": _noise(outcome.grouping.labels) if recipe.method == "hdbscan" else None,
        **_judged(matrix, outcome),
        **labelled(job, outcome.grouping.labels),
        "notes": _notes(numbers, outcome, stability=stability),
        "partial": outcome.partial,
    }
    job.progress(1.0, "done")
    return result


def _judged(matrix: Matrix, outcome: Outcome) -> dict[str, object]:
    return {
        "inertia": outcome.grouping.inertia,
        "silhouette": outcome.silhouette.mean,
        "silhouette_rows": outcome.silhouette.rows,
        **separation_of(matrix, outcome.grouping.labels).as_dict(),
        "choice": [_tried(one, outcome) for one in outcome.candidates] or None,
        "stability": outcome.stability.as_dict() if outcome.stability else None,
        "iterations": outcome.grouping.iterations,
    }


def _groups(data: DataFrame, numbers: Numbers, outcome: Outcome, *, exclude: Sequence[str]) -> list[dict[str, Any]]:
    categories = categories_of(data.reset_index(drop=True), exclude=exclude)
    again = outcome.stability.by_cluster if outcome.stability else [None] * outcome.grouping.count
    groups = []
    for profile in profiles_of(numbers.table, outcome.grouping):
        cluster = profile["cluster"]
        traits = traits_of(numbers.table, categories, outcome.grouping.labels, cluster)
        groups.append(
            {
                **profile,
                "silhouette": outcome.silhouette.mean_of(cluster),
                "stability": again[cluster],
                "traits": [trait.as_dict() for trait in traits],
                "summary": summary_of(profile["size"], profile["share"], traits),
            }
        )
    return groups


def _noise(labels: Labels) -> dict[str, object]:
    size = int(np.count_nonzero(labels == NOISE))
    return {"size": size, "share": size / len(labels)}


def _tried(candidate: Candidate, outcome: Outcome) -> dict[str, object]:
    return {
        "clusters": candidate.clusters,
        "silhouette": candidate.silhouette.mean,
        **candidate.separation.as_dict(),
        "inertia": candidate.grouping.inertia,
        "chosen": candidate.grouping is outcome.grouping,
    }


def _notes(numbers: Numbers, outcome: Outcome, *, stability: bool) -> list[str]:
    notes = []
    if numbers.imputed:
        notes.append("Missing values were replaced by the column's median.")
    notes += _notes_on_judging(outcome, rows=len(numbers.table), stability=stability)
    if not outcome.grouping.converged:
        notes.append("k-means did not settle on distinct clusters; ask for fewer.")
    if outcome.grouping.count == 1:
        notes.append("hdbscan found one group only; a smaller min_cluster_size may find more.")
    return notes


def _notes_on_judging(outcome: Outcome, *, rows: int, stability: bool) -> list[str]:
    notes = []
    members = int(np.count_nonzero(outcome.grouping.labels != NOISE))
    if outcome.partial and not outcome.silhouette.rows:
        notes.append("The silhouette was left out, because the job was asked to finish.")
    elif outcome.silhouette.rows < members:
        notes.append(f"The silhouette rests on a random sample of {outcome.silhouette.rows:,} rows.")
    again = outcome.stability
    if outcome.partial and stability and again is None:
        notes.append("The groups' stability was left out, because the job was asked to finish.")
    elif again is not None and len(again.adjusted_rand) < RUNS and outcome.partial:
        notes.append(f"The stability rests on {len(again.adjusted_rand)} of {RUNS} parts.")
    if again is not None and again.is_shaky:
        notes.append(
            "Other groups come out when a part of the rows is left out, so few of these can be relied on; ask for "
            "another number of clusters, another method, or other columns."
        )
    return notes
