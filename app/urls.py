"""The paths that answers name, made absolute: generic pollers break on relative ones."""

from flask import request


def absolute(path: str) -> str:
    """The path on the host, and below the prefix, by which the client reached this service."""
    # A Host that is none names nothing to be absolute on; such a request is refused, and the refusal names a path.
    return request.root_url + path.removeprefix("/") if request.host else path


def below(root: str, path: str) -> str:
    """The path below the URL of this service, which ends with a slash."""
    return root + path[1:]


def analysis_path(name: str) -> str:
    """One analysis of the catalog."""
    return f"/analysis/{name}"


def run_path(name: str) -> str:
    """Where jobs of an analysis are submitted."""
    return f"/analysis/{name}/run"


def status_path(job_id: str) -> str:
    """Where a job is polled."""
    return f"/queuedResource/{job_id}/status"


def result_path(job_id: str) -> str:
    """Where the outcome of a job is."""
    return f"/resource/{job_id}/result"


def job_path(job_id: str) -> str:
    """The document of a job, 200 as long as its record exists."""
    return f"/jobs/{job_id}"


def events_path(job_id: str) -> str:
    """What happens to a job, as a stream."""
    return f"/jobs/{job_id}/events"


def logs_path(job_id: str) -> str:
    """What a job logged."""
    return f"/jobs/{job_id}/logs"


def attachment_path(job_id: str, kind: str, name: str) -> str:
    """A figure or a file of a result."""
    return f"/resource/{job_id}/{kind}s/{name}"


def batch_path(batch_id: str) -> str:
    """A batch."""
    return f"/batches/{batch_id}"


def webhook_path(job_id: str) -> str:
    """How the webhook of a job stands."""
    return f"/jobs/{job_id}/webhook"


def redeliver_path(job_id: str) -> str:
    """Where the webhook of a job is delivered again."""
    return f"/jobs/{job_id}/webhook/redeliver"


def dataset_path(dataset_id: str) -> str:
    """A data set."""
    return f"/datasets/{dataset_id}"


def dataset_content_path(dataset_id: str) -> str:
    """The file of a data set."""
    return f"/datasets/{dataset_id}/content"


def problem_path(slug: str) -> str:
    """What a type of problem means."""
    return f"/problems/{slug}"
