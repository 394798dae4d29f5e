"""The paths that answers name, made absolute: generic pollers break on relative ones."""

from flask import request


def absolute(path: str) -> str:
    """The path on the host, and below the prefix, by which the client reached this service."""
    # A Host that is none names nothing to be absolute on; such a request is refused, and the refusal names a path.
    return request.root_url + path.removeprefix("/") if request.host else path


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


def problem_path(slug: str) -> str:
    """What a type of problem means."""
    return f"/problems/{slug}"
