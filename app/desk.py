"""The desk: what every view has at hand, and how it gets a job that its caller may see."""

from dataclasses import dataclass
from functools import cache
from typing import cast

from flask import Response, current_app
from marshmallow import Schema

from app.access.callers import caller, current_caller
from app.answers import NO_STORE, as_json
from app.catalog import Analysis, Catalog
from app.documents import job_document
from app.following.followers import Followers
from app.pace import Pace
from app.problems import Problem
from app.submitting.submission import Judge
from app.urls import absolute, status_path
from jobs.datasets import Dataset, Datasets, DatasetState
from jobs.errors import DatasetGone, NoSuchDataset, NoSuchJob
from jobs.job import Job, is_id
from jobs.pictures import Pictures
from jobs.settings import Settings
from jobs.store import Store
from jobs.webhooks import Webhooks

_EXTENSION = "coatcheck"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What one process serves from."""

    settings: Settings
    store: Store
    catalog: Catalog
    #: The options that a submission may have beside data and params.
    options: Schema
    pace: Pace
    followers: Followers
    #: Those who wait here for internal jobs.
    internal_followers: Followers
    pictures: Pictures
    webhooks: Webhooks
    datasets: Datasets

    def analysis(self, name: str) -> Analysis:
        """The analysis of this name.

        Raises:
            Problem: there is none.

        """
        if name not in self.catalog:
            raise Problem("no-such-analysis", f"There is no analysis {name[:64]!r}; GET /analysis lists what there is.")
        return self.catalog[name]

    def judge(self, name: str) -> Judge:
        """What a body for the analysis of this name is judged by.

        Raises:
            Problem: there is none.

        """
        return Judge(
            analysis=self.analysis(name),
            options=self.options,
            settings=self.settings,
            caller=caller(),
            base_url=absolute("/"),
            # A batch may name the same one a thousand times.
            dataset=cache(self._usable_dataset),
        )

    def job(self, job_id: str) -> Job:
        """The caller's job.

        Raises:
            NoSuchJob: there is none, or it is somebody else's.

        """
        _check_id(job_id)
        return _own(self.store.find(job_id))

    def job_with_result(self, job_id: str) -> tuple[Job, bytes | None]:
        """The caller's job and the bytes of its result, None where it has none.

        Raises:
            NoSuchJob: there is none, or it is somebody else's.

        """
        _check_id(job_id)
        job, result = self.store.find_with_result(job_id)
        return _own(job), result

    def dataset(self, dataset_id: str) -> Dataset:
        """The caller's data set.

        Raises:
            NoSuchDataset: there is none, or it is somebody else's.

        """
        if not is_id(dataset_id):
            raise NoSuchDataset(dataset_id[:64])
        dataset = self.datasets.find(dataset_id)
        if not current_caller().sees(dataset.caller):
            raise NoSuchDataset(dataset_id)
        return dataset

    def _usable_dataset(self, dataset_id: str) -> Dataset:
        try:
            dataset = self.dataset(dataset_id)
        except NoSuchDataset:
            raise DatasetGone(dataset_id) from None
        if dataset.state is DatasetState.INVALID:
            raise DatasetGone(dataset_id, why=str((dataset.error or {}).get("message", "")))
        return dataset

    def document(self, job: Job) -> dict[str, object]:
        """The job as its client sees it."""
        return job_document(job, self.pace.outlook(job), root=absolute("/"))

    def ticket(self, job: Job, *headers: tuple[str, str]) -> Response:
        """202: the job is not done; where and how soon to ask again."""
        outlook = self.pace.outlook(job)
        where = ("Location", absolute(status_path(job.id)))
        when = ("Retry-After", str(outlook.retry_after))
        return as_json(
            job_document(job, outlook, root=absolute("/")), status=202, headers=[where, when, NO_STORE, *headers]
        )


def set_up_desk(desk: Desk) -> dict[str, Desk]:
    """The desk as an extension of the application."""
    return {_EXTENSION: desk}


def desk() -> Desk:
    """The desk of the application that handles this request."""
    return cast("Desk", current_app.extensions[_EXTENSION])


def _check_id(job_id: str) -> None:
    """What can't be an id is not worth asking Redis."""
    if not is_id(job_id):
        raise NoSuchJob(job_id[:64])


def _own(job: Job) -> Job:
    """Somebody else's job is answered like one that does not exist, so that ids can't be tried out."""
    if not current_caller().sees(job.caller):
        raise NoSuchJob(job.id)
    return job
