"""The one line by which an author lets scikit-learn report to the job."""

from typing import TypeVar

from tasks.bridge.callback import JobCallback
from tasks.bridge.search_scores import hear_scores
from tasks.bridge.unsupported import unsupported_ignored
from tasks.job import Job

Model = TypeVar("Model")


def report_progress(
    job: Job, estimator: Model, *, start: float = 0.0, end: float = 1.0, depth: int | None = None
) -> Model:
    """Return the estimator itself, whose next `fit` reports to the job: `report_progress(job, search).fit(X, y)`.

    It reports each candidate, fold, step and iteration that scikit-learn tells of, as a share between `start` and `end`
    of the job, and for a search the scores `last` and `best`. A job that is canceled ends the fit; one that is asked to
    finish asks the fit to stop, which scikit-learn 1.9 does not do yet. After the fit the estimator has no trace of the
    job. Fits in other processes (`n_jobs`) are not heard. `depth` is how many levels of estimators inside of this one
    report as well, None for all: with 0 a search tells of its candidates and folds, not of the steps and iterations of
    each fit, which cost scikit-learn itself 20 to 45 µs an event.

    An estimator that knows no callbacks, and scikit-learn before 1.9, fit as ever and report nothing.

    Raises ValueError unless 0 <= start <= end <= 1. Source: https://scikit-learn.org/stable/modules/callbacks.html
    """
    if not 0 <= start <= end <= 1:
        raise ValueError(f"start and end are shares of the job with 0 <= start <= end <= 1, not {start} and {end}")
    if not hasattr(estimator, "set_callbacks"):
        return estimator
    callback = JobCallback(job, start=start, end=end, depth=depth)
    with unsupported_ignored():
        estimator.set_callbacks(callback)
    callback.heard = hear_scores(estimator, callback.scores)
    return estimator
