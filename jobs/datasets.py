"""The data sets as the API and the workers see them: taken in, found, listed, described and deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

import orjson
import structlog

from jobs.connection import reaching_redis
from jobs.errors import NoSuchDataset, StoreUnavailable
from jobs.intake import LOOKED_AT_AGAIN
from jobs.internal import internal_submission
from jobs.job import Job, new_id
from jobs.scripts import Argument
from jobs.store import Store

log = structlog.get_logger(__name__)

#: The internal job that looks into a data set.
DESCRIBE = "describe_dataset"

#: Longest run of that job, seconds: the largest tables are read as a whole.
DESCRIBE_TIMEOUT = 900.0

#: After how long a description that did not come is asked for again, seconds.
ASKED_AGAIN = 30.0

#: How soon the sweep looks again whether a deleted data set is still used, seconds.
LEAVING_LOOKED_AT = 2.0


class DatasetState(StrEnum):
    """How far one is with a data set."""

    #: Nobody has looked into it yet. Jobs may use it.
    PENDING = "pending"
    #: It can be read as a table, as far as one knows.
    READY = "ready"
    #: It can't be read as a table.
    INVALID = "invalid"


@dataclass(frozen=True, kw_only=True)
class Content:
    """A file that has come."""

    #: Its file in the blob store.
    blob: str
    #: How it is to be read.
    format: str
    #: Bytes.
    size: int
    #: Its digest, hexadecimal.
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set."""

    id: str
    #: Whose it is.
    caller: str
    #: As its caller named it, or "".
    name: str
    content: Content
    state: DatasetState
    #: Unix times in milliseconds.
    created: int
    expires: int
    #: What it holds; None as long as that is not known.
    description: Mapping[str, object] | None
    #: What is wrong with it, and where; None for nothing.
    error: Mapping[str, object] | None


class Datasets:
    """The data sets of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys = store.keys

    def add(self, content: Content, *, caller: str, name: str, keep: float) -> Dataset:
        """Takes in a data set; where the same content is kept already, its file is shared.

        Raises:
            StoreUnavailable: nothing was taken in that the caller was told of.

        """
        dataset_id = new_id()
        keys = [
            self._keys.dataset(dataset_id),
            self._keys.dataset_content(content.sha256),
            self._keys.datasets,
            self._keys.datasets_of(caller),
            self._keys.datasets_due,
            self._keys.undescribed,
            self._keys.blobs,
        ]
        fields: list[Argument] = [
            "name",
            name,
            "format",
            content.format,
            "size",
            content.size,
            "sha256",
            content.sha256,
        ]
        times = [int(keep * 1000), int(ASKED_AGAIN * 1000)]
        arguments: list[Argument] = [dataset_id, caller, content.blob, *times, *fields]
        reply = self._store.scripts.run("dataset_add", keys, arguments)
        flat = cast("list[bytes]", reply)
        return _dataset_of(dataset_id, dict(zip(flat[::2], flat[1::2], strict=True)))

    def find(self, dataset_id: str) -> Dataset:
        """The data set as it is now.

        Raises:
            NoSuchDataset: there is none that could be used.
            StoreUnavailable: Redis can't say now.

        """
        found = self._find_each([dataset_id])
        if not found:
            raise NoSuchDataset(dataset_id)
        return found[0]

    def page(self, caller: str | None, *, after: str, limit: int) -> tuple[list[Dataset], str]:
        """At most so many data sets of a caller, or of everybody; newest first, after one of this id unless it is "".

        Returns them, and the id after which there are more, "" where there are none.

        Raises:
            StoreUnavailable: Redis can't say now.

        """
        key = self._keys.datasets if caller is None else self._keys.datasets_of(caller)
        # Ids begin with their time, so their order is that of their age.
        newest = f"({after}" if after else "+"
        with reaching_redis():
            found = self._store.redis.zrange(key, newest, "-", desc=True, bylex=True, offset=0, num=limit + 1)
        ids = [name.decode() for name in cast("list[bytes]", found)]
        return self._find_each(ids[:limit]), ids[limit - 1] if len(ids) > limit else ""

    def delete(self, dataset: Dataset) -> None:
        """Deletes the data set: no list shows it and no job can use it from now on. Those that do, go on.

        Raises:
            NoSuchDataset: it is gone already.
            StoreUnavailable: Redis can't do it now.

        """
        if look_at(self._store, dataset.id, about=(dataset.caller, dataset.content.sha256), delete=True) == "missing":
            raise NoSuchDataset(dataset.id)

    def note(
        self,
        dataset_id: str,
        state: DatasetState,
        *,
        description: Mapping[str, object] | None = None,
        error: Mapping[str, object] | None = None,
    ) -> bool:
        """Notes what the data set holds, or why that can't be said; False where that is known already.

        Raises:
            StoreUnavailable: Redis can't note it now.

        """
        keys = [self._keys.dataset(dataset_id), self._keys.undescribed]
        said = [b"" if part is None else orjson.dumps(part) for part in (description, error)]
        return self._store.scripts.run("dataset_describe", keys, [dataset_id, state, *said]) == 1

    def _find_each(self, ids: Sequence[str]) -> list[Dataset]:
        with reaching_redis(), self._store.redis.pipeline(transaction=False) as pipeline:
            for dataset_id in ids:
                pipeline.hgetall(self._keys.dataset(dataset_id))
            records = cast("list[dict[bytes, bytes]]", pipeline.execute())
        return [
            _dataset_of(dataset_id, record)
            for dataset_id, record in zip(ids, records, strict=True)
            if record and record[b"state"] != b"deleted"
        ]


def ask_for_description(internal: Store, dataset_id: str, *, caller: str) -> Job | None:
    """The internal job that describes the data set; asked twice, the same.

    None where it can't be asked for now; the sweep asks again.
    """
    submission = internal_submission(DESCRIBE, {"dataset_id": dataset_id}, job_id=dataset_id, caller=caller)
    try:
        return internal.submit(replace(submission, timeout=DESCRIBE_TIMEOUT))
    except StoreUnavailable as error:
        log.warning("dataset.description_not_asked_for", dataset=dataset_id, error=str(error))
        return None


def look_at(store: Store, dataset_id: str, *, about: tuple[str, str], delete: bool = False) -> str:
    """Looks whether the data set of this caller and with this SHA-256 is still wanted, or deletes it.

    Returns ``missing``, ``kept``, ``leaving`` (it is deleted or expired, but jobs still use it) or ``gone``.

    Raises:
        StoreUnavailable: Redis can't look now.

    """
    caller, sha256 = about
    keys = [
        store.keys.dataset(dataset_id),
        store.keys.dataset_users(dataset_id),
        store.keys.dataset_content(sha256),
        store.keys.datasets,
        store.keys.datasets_of(caller),
        store.keys.datasets_due,
        store.keys.undescribed,
        store.keys.blobs,
    ]
    times = [int(LOOKED_AT_AGAIN * 1000), int(LEAVING_LOOKED_AT * 1000)]
    reply = store.scripts.run("dataset_look", keys, [dataset_id, *times, int(delete)])
    return cast("bytes", reply).decode()


def _dataset_of(dataset_id: str, record: Mapping[bytes, bytes]) -> Dataset:
    fields = {name.decode(): value.decode() for name, value in record.items()}
    content = Content(blob=fields["blob"], format=fields["format"], size=int(fields["size"]), sha256=fields["sha256"])
    return Dataset(
        id=dataset_id,
        caller=fields["caller"],
        name=fields["name"],
        content=content,
        state=DatasetState(fields["state"]),
        created=int(fields["created"]),
        expires=int(fields["expires"]),
        description=orjson.loads(fields["description"]) if fields.get("description") else None,
        error=orjson.loads(fields["error"]) if fields.get("error") else None,
    )
