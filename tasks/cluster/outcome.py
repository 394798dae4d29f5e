"""The grouping that is kept, and what judges it: chosen, silhouettes taken, parts grouped again."""

from dataclasses import dataclass

from tasks.cluster.choice import Candidate, best_of, try_numbers
from tasks.cluster.grouping import Grouping, Recipe, group, refuse_too_many
from tasks.cluster.silhouette import NO_SILHOUETTE, Silhouette, silhouette_of
from tasks.cluster.stability import Stability, stability_of
from tasks.data.numeric import Matrix
from tasks.errors import AnalysisError
from tasks.job import Job


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What has come of grouping a matrix."""

    grouping: Grouping
    silhouette: Silhouette
    #: The numbers of groups that were tried; empty if the number was given or found.
    candidates: list[Candidate]
    #: None if not asked for, or for too few rows.
    stability: Stability | None
    #: Whether something was left out because the job was asked to finish.
    partial: bool


def outcome_of(matrix: Matrix, recipe: Recipe, job: Job, *, span: tuple[int, int], stability: bool) -> Outcome:
    """Return the grouping, judged as far as there was time.

    Raises tasks.errors.AnalysisError where the rows can't be grouped so.
    """
    candidates = _candidates(matrix, recipe, job, span=span)
    grouping = best_of(candidates).grouping if candidates else _only(matrix, recipe, job)
    partial = job.should_finish()
    silhouette = best_of(candidates).silhouette if candidates else NO_SILHOUETTE
    if not candidates and not partial:
        job.progress(0.65, "silhouette")
        silhouette = silhouette_of(matrix, grouping.labels, seed=job.seed)
    again = stability_of(matrix, grouping, recipe, job) if stability and not partial else None
    return Outcome(
        grouping=grouping,
        silhouette=silhouette,
        candidates=candidates,
        stability=again,
        partial=partial or (stability and job.should_finish()),
    )


def _candidates(matrix: Matrix, recipe: Recipe, job: Job, *, span: tuple[int, int]) -> list[Candidate]:
    if recipe.method == "hdbscan" or recipe.clusters is not None:
        return []
    return try_numbers(matrix, recipe, job, span=span)


def _only(matrix: Matrix, recipe: Recipe, job: Job) -> Grouping:
    if recipe.clusters is not None and recipe.method != "hdbscan":
        refuse_too_many(recipe.clusters, matrix)
    job.progress(0.1, recipe.method)
    grouping = group(matrix, recipe, seed=job.seed)
    if grouping.count == 0:
        raise AnalysisError(
            f"No {recipe.min_cluster_size} rows lie so near each other that hdbscan takes them for a group. "
            "Ask for a smaller min_cluster_size, fewer columns, or k_means."
        )
    return grouping
