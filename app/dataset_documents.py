"""The documents of data sets."""

from app.documents import moment
from app.urls import absolute, dataset_content_path, dataset_path
from jobs.datasets import Dataset


def dataset_summary(dataset: Dataset) -> dict[str, object]:
    """The data set as a list shows it."""
    content, known = dataset.content, dataset.description or {}
    return {
        "id": dataset.id,
        "name": dataset.name,
        "format": content.format,
        "size": content.size,
        "sha256": content.sha256,
        "state": dataset.state,
        "created": moment(dataset.created),
        "expires": moment(dataset.expires),
        "rows": known.get("rows"),
        "error": dataset.error,
        "links": {
            "self": absolute(dataset_path(dataset.id)),
            "content": absolute(dataset_content_path(dataset.id)),
        },
    }


def dataset_document(dataset: Dataset) -> dict[str, object]:
    """All that is known of the data set."""
    known = dataset.description or {}
    return {
        **dataset_summary(dataset),
        "columns": known.get("columns"),
        "preview": known.get("preview"),
        "read_as": known.get("read_as"),
        "notes": known.get("notes", []),
    }
