"""Analyses that the tests of the deployment run: they take just as long as they are told."""

import time
from typing import Annotated

from tasks import Job, Range, analysis


@analysis(timeout=120)
def pause(job: Job, *, seconds: Annotated[float, Range(0, 60)] = 1.0) -> dict[str, float]:
    """Wait, and say for how long."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        job.progress(1 - left / seconds, "waiting")
        time.sleep(min(left, 0.2))
    return {"seconds": seconds}
