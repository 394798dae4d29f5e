"""Jobs for tests of the store."""

from jobs.input import Input, pack
from jobs.job import Job, Metrics, Priority, new_id
from jobs.record import Submission
from jobs.store import Store

#: What a run took that took nothing.
NOTHING = Metrics(wall=0, cpu=0, peak_memory=0)


def a_submission(
    analysis: str = "double",
    *,
    params: dict[str, object] | None = None,
    payload: bytes = b"",
    priority: Priority = Priority.NORMAL,
    timeout: float = 60,
    expires_in: float | None = None,
    max_attempts: int = 3,
    webhook: str = "",
) -> Submission:
    """A submission that differs from the usual one in what is named."""
    return Submission(
        id=new_id(),
        analysis=analysis,
        analysis_version="1",
        input=pack(Input(params={"number": 1} if params is None else params, source=None, payload=payload)),
        caller="anonymous",
        priority=priority,
        label="",
        seed=0,
        timeout=timeout,
        expires_in=expires_in,
        max_attempts=max_attempts,
        webhook=webhook,
    )


def submitted(store: Store, analysis: str = "double", **options: object) -> Job:
    """A job that the store has accepted."""
    return store.submit(a_submission(analysis, **options))  # type: ignore[arg-type]
