"""Which figures a grouping has, and attaching them to the job."""

from collections.abc import Sequence
from typing import Any

from tasks.cluster.choice import best_of
from tasks.cluster.figures import choice_figure, group_colours, profile_figure, silhouette_figure
from tasks.cluster.outcome import Outcome
from tasks.data.numeric import Matrix
from tasks.job import Job
from tasks.reduce.plane import plane_of
from tasks.reduce.scatter import map_figure


def draw(job: Job, matrix: Matrix, outcome: Outcome, groups: Sequence[dict[str, Any]]) -> None:
    """Attach `map`, `profile`, `silhouette` and `k_choice`, as far as there is something to show."""
    colours = group_colours(outcome.grouping.labels)
    plane = plane_of(matrix, seed=job.seed)
    if plane is not None:
        figure = map_figure(plane, title=f"The rows in {outcome.grouping.count} groups", colours=colours, rng=job.rng)
        job.figure("map", figure, title="Map of the groups")
    job.figure("profile", profile_figure(groups), title="Where each group lies")
    if outcome.silhouette.mean is not None:
        figure = silhouette_figure(outcome.silhouette, colours, rows=len(matrix))
        job.figure("silhouette", figure, title="Silhouettes of the groups")
    if outcome.candidates:
        figure = choice_figure(outcome.candidates, chosen=best_of(outcome.candidates).clusters)
        job.figure("k_choice", figure, title="The number of groups")
