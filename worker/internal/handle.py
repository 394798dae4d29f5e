"""The ``job`` that an internal job is given: what it may use of the service that it works for."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.claims import Claim
from jobs.leases import Leases
from jobs.settings import Settings
from jobs.store import Store


@dataclass(frozen=True, kw_only=True)
class InternalJob:
    """An internal job in the hands of its run."""

    #: The internal job itself; its fence is the right to write what it comes to.
    claim: Claim
    #: The jobs of the service, among them the one that this is about.
    store: Store

    @property
    def settings(self) -> Settings:
        """The settings of the service."""
        return self.store.settings


def internal_handles(store: Store) -> Callable[[Leases, Claim], InternalJob]:
    """Makes the handles of the internal jobs that work for this store."""
    return lambda _, claim: InternalJob(claim=claim, store=store)
