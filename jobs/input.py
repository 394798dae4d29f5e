"""A job's input on its way from the API to a worker: params and the description of its data, then the data's bytes."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, kw_only=True)
class Input:
    """What an analysis is given."""

    #: The params as the client sent them, validated.
    params: Mapping[str, object]
    #: What kind of data it is and what it is called; None for an analysis without data.
    source: Mapping[str, str | None] | None
    #: The bytes of the data where the client sent some.
    payload: bytes


def pack(given: Input) -> bytes:
    """One line of JSON, then the data as it came."""
    return orjson.dumps({"params": given.params, "source": given.source}) + b"\n" + given.payload


def unpack(packed: bytes) -> Input:
    """What :func:`pack` was given. JSON as orjson writes it has no line break, so the first one ends it."""
    head, _, payload = packed.partition(b"\n")
    described = orjson.loads(head)
    return Input(params=described["params"], source=described["source"], payload=payload)
