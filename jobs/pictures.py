"""Figures as pictures: drawn on request by an internal job, and kept as long as the result."""

import hashlib
from typing import Literal, cast

from jobs.connection import reaching_redis
from jobs.errors import BlobMissing, NoSuchJob
from jobs.internal import internal_submission
from jobs.job import Attachment, Cause, Job, JobStatus, new_id
from jobs.store import Store

#: The internal job that draws.
DRAW = "draw_figure"

#: What a figure can be drawn as.
PictureFormat = Literal["svg", "png"]

#: How long a request to draw stands for all who want the same picture, seconds.
ASKED_FOR = 60

#: Why a figure is not drawn that the next try would meet too.
_FOR_GOOD = frozenset({Cause.REJECTED, Cause.TIMEOUT, Cause.OUT_OF_MEMORY})


def picture_blob(attachment: Attachment, picture: PictureFormat) -> str:
    """The file of a figure's picture in the blob store."""
    return f"{attachment.blob}.{picture}"


class Pictures:
    """The pictures of one store's figures."""

    def __init__(self, store: Store, internal: Store) -> None:
        self._store = store
        self._internal = internal

    def find(self, attachment: Attachment, picture: PictureFormat) -> bytes | None:
        """The picture, None where it was not drawn yet.

        Raises:
            StorageError: the blob store can't be read.

        """
        try:
            return self._store.blobs.read(picture_blob(attachment, picture))
        except BlobMissing:
            return None

    def ask_for(self, job: Job, attachment: Attachment, picture: PictureFormat) -> Job:
        """The internal job that draws the picture: a new one, or the one that somebody has asked for just now,
        though it has failed for good.

        Raises:
            StoreUnavailable: Redis can't take it now.

        """
        drawing_id = new_id()
        if not self._note(attachment, picture, drawing_id, only_if_new=True):
            asked = self._asked(attachment, picture)
            known = self._drawing(asked)
            if known is not None and not _worth_another(known):
                return known
            # Noted, but not submitted: whoever noted it is about to. The same job is taken once.
            drawing_id = asked if asked and known is None else drawing_id
            self._note(attachment, picture, drawing_id)
        about: dict[str, object] = {"job_id": job.id, "figure": attachment.name, "picture": picture}
        return self._internal.submit(
            internal_submission(DRAW, about, job_id=drawing_id, caller=job.caller, max_attempts=2)
        )

    def _note(
        self, attachment: Attachment, picture: PictureFormat, drawing_id: str, *, only_if_new: bool = False
    ) -> bool:
        """Notes which job draws the picture; returns whether it did."""
        with reaching_redis():
            key = self._key(attachment, picture)
            return bool(self._store.redis.set(key, drawing_id, ex=ASKED_FOR, nx=only_if_new))

    def _asked(self, attachment: Attachment, picture: PictureFormat) -> str:
        with reaching_redis():
            found = cast("bytes | None", self._store.redis.get(self._key(attachment, picture)))
        return "" if found is None else found.decode()

    def _drawing(self, drawing_id: str) -> Job | None:
        try:
            return self._internal.find(drawing_id)
        except NoSuchJob:
            return None

    def _key(self, attachment: Attachment, picture: PictureFormat) -> str:
        return self._store.keys.drawing(hashlib.sha256(picture_blob(attachment, picture).encode()).hexdigest()[:32])


def _worth_another(drawing: Job) -> bool:
    """Whether another try may do what this one has not done."""
    if drawing.failure is not None:
        return drawing.failure.cause not in _FOR_GOOD
    return drawing.status is JobStatus.CANCELED
