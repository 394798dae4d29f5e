"""Which figures a described table has, and attaching them to the job."""

from collections.abc import Mapping, Sequence
from typing import Any

from pandas import DataFrame

from tasks.data.kinds import Kind
from tasks.describe.figures.distributions import distributions_figure
from tasks.describe.figures.heat_maps import associations_figure, correlations_figure
from tasks.describe.figures.missing import missing_figure
from tasks.describe.relations import Relations
from tasks.job import Job


def draw(
    job: Job,
    table: DataFrame,
    kinds: Mapping[str, Kind],
    *,
    profiles: Sequence[Mapping[str, Any]],
    relations: Relations,
) -> None:
    """Attach `missing`, `distributions`, `correlations` and `associations`, as far as there is something to show."""
    figures = {
        "missing": (missing_figure(profiles), "Missing values"),
        "distributions": (distributions_figure(table, kinds), "Distributions"),
        "correlations": (correlations_figure(relations.correlations), "Correlations"),
        "associations": (associations_figure(relations.associations), "Associations of categories"),
    }
    for name, (figure, title) in figures.items():
        if figure is not None:
            job.figure(name, figure, title=title)
