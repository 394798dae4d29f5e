"""The internal job that describes a data set: it is read as a table, as an analysis would read it."""

from pathlib import Path

import structlog

from jobs.datasets import Dataset, Datasets, DatasetState
from jobs.errors import BlobMissing, NoSuchDataset, StorageError, StoreUnavailable
from tasks import analysis
from tasks.data.formats import MEDIA_TYPES, Format
from tasks.data.refusal import FileRefused
from tasks.data.source import Source
from worker.internal.handle import InternalJob

log = structlog.get_logger(__name__)


@analysis(
    timeout=900,
    retry_on=(StoreUnavailable, StorageError),
    example={"dataset_id": "01890a5d-ac96-774b-bcce-b302099a8057"},
)
def describe_dataset(job: InternalJob, *, dataset_id: str) -> dict[str, str]:
    """Look into a data set and note what it holds.

    Parameters
    ----------
    dataset_id
        The data set.

    """
    datasets = Datasets(job.store)
    try:
        dataset = datasets.find(dataset_id)
        with job.store.blobs.local(dataset.content.blob) as path:
            return {"state": _described(datasets, dataset, path)}
    except NoSuchDataset:
        return {"state": "gone"}
    except BlobMissing:
        return {"state": _lost(datasets, dataset_id)}


def _described(datasets: Datasets, dataset: Dataset, path: Path) -> DatasetState:
    # Late, for it is heavy: internal workers are lighter as long as nobody uploads anything.
    from tasks.data.files import read_file
    from tasks.data.overview import overview_of

    source = Source(kind="file", path=path, media_type=MEDIA_TYPES[Format(dataset.content.format)])
    try:
        read = read_file(source)
    except FileRefused as refused:
        error = {"message": refused.message, "line": refused.line, "column": refused.column}
        datasets.note(dataset.id, DatasetState.INVALID, error=error)
        return DatasetState.INVALID
    description = {**overview_of(read.table), "read_as": dict(read.read_as), "notes": list(read.notes)}
    datasets.note(dataset.id, DatasetState.READY, description=description)
    return DatasetState.READY


def _lost(datasets: Datasets, dataset_id: str) -> DatasetState:
    """Somebody has deleted the file; or the data set, in this moment."""
    error = {"message": "The file of the data set is lost; upload it again.", "line": None, "column": None}
    datasets.note(dataset_id, DatasetState.INVALID, error=error)
    return DatasetState.INVALID
