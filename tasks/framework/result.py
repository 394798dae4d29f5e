"""An analysis' result on its way to JSON.

The rule: what JSON has is written as it is; NaN and the infinities become null; numpy and pandas values become their
plain equals (a table a list of records, a series or an array a list, a moment its ISO 8601 text). Anything else is
refused with the path to it.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum

import numpy as np
import orjson
import pandas as pd

from tasks.errors import TasksError

#: A plain JSON value.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

#: Deepest nesting of a result.
DEEPEST = 200


class ResultInvalid(TasksError):
    """The result holds something that JSON has not; its text names the path."""


def to_json(result: object) -> bytes:
    """The result as the bytes that clients get.

    Raises:
        ResultInvalid: it can't be written; the text names the path.

    """
    try:
        return orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY)
    except (TypeError, RecursionError):
        # The slow way converts what orjson doesn't know, and finds the path to what can't be converted.
        return orjson.dumps(_plain(result, "$", depth=0))


def _plain(value: object, path: str, *, depth: int) -> Json:
    if depth > DEEPEST:
        raise ResultInvalid(f"{path[:200]}… is nested deeper than {DEEPEST} levels.")
    if isinstance(value, Mapping):
        return {_key(key, path): _plain(item, f"{path}.{key}", depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{at}]", depth=depth + 1) for at, item in enumerate(value)]
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        return _plain(value.tolist(), path, depth=depth + 1)
    if isinstance(value, pd.DataFrame):
        return _plain(value.to_dict("records"), path, depth=depth + 1)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value), path, depth=depth + 1)
    return _scalar(value, path)


def _scalar(value: object, path: str) -> Json:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        return _scalar(value.item(), path)
    if isinstance(value, Enum):
        return _scalar(value.value, path)
    if isinstance(value, bool | str | int):
        return _writable(value, path)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise ResultInvalid(f"{path} is a {type(value).__name__}, which JSON can't hold.")


def _writable(value: bool | int | str, path: str) -> Json:
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise ResultInvalid(f"{path} can't be written as JSON: {error}.") from None
    return value


def _key(key: object, path: str) -> str:
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return str(_writable(key, f"{path} (a key)"))
    if isinstance(key, int | float | bool | date | datetime):
        return str(key)
    raise ResultInvalid(f"{path} has the key {key!r}; the keys of a JSON object are text.")
