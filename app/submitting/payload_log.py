"""What is logged of a submission's body, where the settings want it: for finding out what a client really sends."""

import structlog

from app.submitting.bodies import Body
from jobs.masking import masked
from jobs.record import Submission

log = structlog.get_logger(__name__)


def log_payload(submission: Submission, body: Body) -> None:
    """Logs the members of the body, shortened and without secrets, under the id of its job to be."""
    file = None if body.upload is None else f"{body.upload.name}, {len(body.upload.content)} bytes"
    log.info("job.payload", job=submission.id, analysis=submission.analysis, body=masked(body.members), file=file)
