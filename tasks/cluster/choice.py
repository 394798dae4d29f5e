"""The number of groups: every one of a range is tried, the one with the highest silhouette kept."""

from dataclasses import dataclass, replace

from tasks.cluster.grouping import Grouping, Recipe, distinct_rows, group
from tasks.cluster.separation import Separation, separation_of
from tasks.cluster.silhouette import Silhouette, silhouette_of
from tasks.data.numeric import Matrix
from tasks.errors import AnalysisError
from tasks.job import Job


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One number of groups, tried."""

    clusters: int
    grouping: Grouping
    silhouette: Silhouette
    separation: Separation

    @property
    def rank(self) -> tuple[float, int]:
        """What the best has the most of: the silhouette; of equals the fewest groups."""
        return (-2.0 if self.silhouette.mean is None else self.silhouette.mean, -self.clusters)


def try_numbers(matrix: Matrix, recipe: Recipe, job: Job, *, span: tuple[int, int]) -> list[Candidate]:
    """Return a candidate for each number of groups of the span that the rows allow; asked to finish, those so far.

    Raises tasks.errors.AnalysisError for a span that runs backwards, and if the rows allow none of it.
    """
    fewest, most = span
    if fewest > most:
        raise AnalysisError(f"fewest is {fewest}, above most, which is {most}. Swap them.")
    possible = min(len(matrix) - 1, distinct_rows(matrix, enough=most))
    if fewest > possible:
        raise AnalysisError(
            f"{fewest} clusters need more than {fewest} rows, as many of them different; the table allows "
            f"{possible} at most. Ask for fewer clusters, or send more rows."
        )
    numbers = range(fewest, min(most, possible) + 1)
    candidates: list[Candidate] = []
    for number in numbers:
        candidates.append(_tried(matrix, replace(recipe, clusters=number), number, seed=job.seed))
        mean = candidates[-1].silhouette.mean
        scores = {} if mean is None else {"silhouette": mean}
        job.progress(0.05 + 0.6 * len(candidates) / len(numbers), f"{number} clusters", scores=scores)
        if job.should_finish():
            break
    return candidates


def best_of(candidates: list[Candidate]) -> Candidate:
    """Return the candidate with the highest silhouette."""
    return max(candidates, key=lambda candidate: candidate.rank)


def _tried(matrix: Matrix, recipe: Recipe, clusters: int, *, seed: int) -> Candidate:
    grouping = group(matrix, recipe, seed=seed)
    return Candidate(
        clusters=clusters,
        grouping=grouping,
        silhouette=silhouette_of(matrix, grouping.labels, seed=seed),
        separation=separation_of(matrix, grouping.labels),
    )
