"""What may be said of a job beside its data and params."""

from typing import Literal, TypedDict


class Options(TypedDict, total=False):
    """The options of a submission; the server's limits hold."""

    #: URL that is told when the job has ended.
    webhook: str
    #: How early the job is taken from the queue.
    priority: Literal["low", "normal", "high"]
    #: Longest run, seconds.
    timeout: float
    #: Longest wait in the queue, seconds.
    expires_in: float
    #: Free text to recognise the job by.
    label: str
    #: Seed for everything random.
    seed: int
