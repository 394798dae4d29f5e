"""The computing behind `anomalies`: choose and encode the columns, score the rows, tell what makes the odd ones odd."""

from collections.abc import Sequence

import numpy as np
from pandas import DataFrame

from tasks.anomalies.columns import Columns, choose_usable
from tasks.anomalies.detection import Detection, detect
from tasks.anomalies.detectors import Request
from tasks.anomalies.encoding import Encoded, encode
from tasks.anomalies.figures import anomaly_map, scores_figure
from tasks.anomalies.report import drivers_of, ranked_rows
from tasks.anomalies.scores import scored
from tasks.errors import AnalysisError
from tasks.job import Job
from tasks.reduce.plane import plane_of

#: Fewest rows of which some can be unlike the others.
FEWEST_ROWS = 10


def compute(
    data: DataFrame,
    job: Job,
    *,
    request: Request,
    top: int,
    columns: Sequence[str] | None,
    exclude: Sequence[str],
) -> dict[str, object]:
    """Return what `tasks.anomalies.params.anomalies` documents."""
    job.progress(0.0, "prepare")
    if len(data) < FEWEST_ROWS:
        raise AnalysisError(f"Anomalies need at least {FEWEST_ROWS} rows, the table has {len(data)}. Send more rows.")
    data = data.reset_index(drop=True)
    chosen = choose_usable(data, columns=columns, exclude=exclude)
    encoded = encode(chosen)
    found = detect(encoded, request, job, top=top)
    job.progress(0.9, "figures")
    _draw(job, encoded, request, found)
    result = {
        "rows": len(data),
        **chosen.described(),
        "method": request.method,
        "contamination": request.contamination,
        "neighbours": found.factor.neighbours if found.factor else None,
        **_found(data, chosen, found),
        **scored(job, found.ranking),
        "notes": _notes(chosen, request, found),
        "partial": found.partial,
    }
    job.progress(1.0, "done")
    return result


def _found(data: DataFrame, chosen: Columns, found: Detection) -> dict[str, object]:
    flagged = int(np.count_nonzero(found.ranking.flagged))
    return {
        "flagged": flagged,
        "flagged_share": flagged / len(data),
        "cut": found.ranking.cut,
        "ranked": ranked_rows(data, chosen, found.ranking, found.listed, found.contributions),
        "drivers": drivers_of(chosen, found.ranking, found.listed, found.contributions),
    }


def _draw(job: Job, encoded: Encoded, request: Request, found: Detection) -> None:
    job.figure("scores", scores_figure(found.ranking), title="Scores of the rows")
    plane = plane_of(encoded.matrix, seed=job.seed)
    if plane is not None:
        job.figure("map", anomaly_map(plane, found.ranking, rng=job.rng), title="Map of the rows")


def _notes(chosen: Columns, request: Request, found: Detection) -> list[str]:
    notes = []
    if any(one.gaps for one in chosen.usable):
        notes.append("Missing values were replaced by the column's median or most frequent value.")
    if not found.ranking.flagged.any():
        notes.append("No row is flagged; give a contamination to flag the oddest ones nevertheless.")
    notes += _notes_on_factor(request, found)
    if found.partial:
        notes.append(
            f"What makes rows odd is told for the first {found.explained} only, because the job was asked to finish."
        )
    return notes


def _notes_on_factor(request: Request, found: Detection) -> list[str]:
    if found.factor is None:
        return []
    notes = []
    if found.factor.neighbours < request.neighbours:
        notes.append(f"Rows were compared with {found.factor.neighbours} neighbours, as there are no more.")
    if found.factor.crowded:
        notes.append(
            "More rows are equal than neighbours were looked at, which distorts the local outlier factor; ask for more "
            "neighbours, or use isolation_forest."
        )
    reference, rows = len(found.factor.reference), len(found.ranking.scores)
    if reference < rows:
        notes.append(f"Neighbours were looked for among a random sample of {reference:,} of {rows:,} rows.")
    return notes
