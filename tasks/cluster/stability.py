"""Whether groups come back when random parts of the rows are grouped again."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import adjusted_rand_score

from tasks.cluster.grouping import Grouping, Labels, Recipe, distinct_rows, group
from tasks.data.numeric import Matrix
from tasks.errors import AnalysisError
from tasks.job import Job

#: How many parts are grouped, and the share of the rows that each has.
RUNS, SHARE = 10, 0.8
#: Most rows of a part.
LARGEST_PART = 4_000
#: Below this mean agreement the groups depend on which rows were at hand.
SHAKY = 0.6


@dataclass(frozen=True, kw_only=True)
class Stability:
    """What grouping parts again has shown."""

    #: Agreement of each run with the whole, 0 by chance, 1 the same.
    adjusted_rand: list[float]
    #: By group: mean Jaccard similarity with the likest group of each run, 0 to 1; None where it was in no part.
    by_cluster: list[float | None]
    #: Rows of each part.
    rows: int

    def as_dict(self) -> dict[str, object]:
        """Return what a result reports of the whole."""
        return {
            "adjusted_rand": float(np.mean(self.adjusted_rand)),
            "least": min(self.adjusted_rand),
            "runs": len(self.adjusted_rand),
            "rows": self.rows,
        }

    @property
    def is_shaky(self) -> bool:
        """Whether the groups are more chance than structure."""
        return bool(np.mean(self.adjusted_rand) < SHAKY)


def stability_of(matrix: Matrix, grouping: Grouping, recipe: Recipe, job: Job) -> Stability | None:
    """Return how ten random parts, grouped again, agree with the whole; None for too few rows.

    Asked to finish, it stops after the part at hand. Source: Hennig (2007), Cluster-wise assessment of cluster
    stability, doi:10.1016/j.csda.2006.11.025; Hubert & Arabie (1985) for the agreement.
    """
    rows = min(int(SHARE * len(matrix)), LARGEST_PART)
    rng = np.random.default_rng(job.seed)
    agreements: list[float] = []
    likeness: list[list[float]] = [[] for _ in range(grouping.count)]
    for run in range(RUNS):
        part = np.sort(rng.choice(len(matrix), size=rows, replace=False))
        again = _grouped_again(matrix[part], recipe, count=grouping.count, share=rows / len(matrix), seed=job.seed)
        if again is None:
            continue
        whole = grouping.labels[part]
        agreements.append(float(adjusted_rand_score(whole, again)))
        for cluster, found in enumerate(likeness):
            found.extend(_likeness(whole, again, cluster))
        job.progress(0.7 + 0.2 * (run + 1) / RUNS, f"stability {run + 1} of {RUNS}")
        if job.should_finish():
            break
    means = [float(np.mean(found)) if found else None for found in likeness]
    return Stability(adjusted_rand=agreements, by_cluster=means, rows=rows) if agreements else None


def _grouped_again(matrix: Matrix, recipe: Recipe, *, count: int, share: float, seed: int) -> Labels | None:
    if recipe.method == "hdbscan":
        # A part has thinner groups.
        recipe = replace(recipe, min_cluster_size=max(2, round(share * recipe.min_cluster_size)))
    elif count >= len(matrix) or distinct_rows(matrix, enough=count) < count:
        return None
    try:
        return group(matrix, replace(recipe, clusters=count), seed=seed).labels
    except AnalysisError:
        return None


def _likeness(whole: Labels, again: Labels, cluster: int) -> list[float]:
    """Return the Jaccard similarity of a group with its likest one; nothing if the part has none of its rows."""
    inside = whole == cluster
    if not inside.any():
        return []
    shared = np.bincount(again[inside] + 1, minlength=again.max() + 2)
    sizes = np.bincount(again + 1, minlength=again.max() + 2)
    # The first bin is noise, which is no group.
    similarity = shared[1:] / (inside.sum() + sizes[1:] - shared[1:])
    return [float(similarity.max()) if len(similarity) else 0.0]
