"""A table as it was read from a file, and what had to be assumed for that."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A table and how it was read."""

    table: DataFrame
    #: What was recognised of the file, by name.
    read_as: Mapping[str, str] = field(default_factory=dict)
    #: What its sender should know, one sentence each.
    notes: tuple[str, ...] = ()
