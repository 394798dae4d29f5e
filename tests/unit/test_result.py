"""Results on their way to JSON."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
import pytest

from tasks.framework.result import ResultInvalid, to_json


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    y: object


MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TABLE = pd.DataFrame({"a": [1, None], "b": ["x", pd.NA], "c": pd.to_datetime(["2026-01-02", None])})


@pytest.mark.parametrize(
    ("result", "written"),
    [
        (None, None),
        ({"a": [1, 2.5, "ü", True, None]}, {"a": [1, 2.5, "ü", True, None]}),
        ([float("nan"), float("inf"), -float("inf")], [None, None, None]),
        ([np.float64("nan"), np.float32(0.5), np.int64(3), np.bool_(True)], [None, 0.5, 3, True]),
        (np.array([[1.0, np.nan], [3.0, 4.0]]), [[1.0, None], [3.0, 4.0]]),
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]),
        (np.array(["a", "b"], dtype=object), ["a", "b"]),
        (pd.Series([1, 2], index=["x", "y"]), [1, 2]),
        (TABLE, [{"a": 1.0, "b": "x", "c": "2026-01-02T00:00:00"}, {"a": None, "b": None, "c": None}]),
        ({"when": pd.Timestamp("2026-01-02"), "none": pd.NaT}, {"when": "2026-01-02T00:00:00", "none": None}),
        ([MOMENT, date(2026, 1, 2)], ["2026-01-02T03:04:05+00:00", "2026-01-02"]),
        ([Colour.RED, (1, 2)], ["red", [1, 2]]),
        (Point(1.5, np.array([1])), {"x": 1.5, "y": [1]}),
        ({1: "int", np.int64(2): "numpy", Colour.RED: "enum"}, {"1": "int", "2": "numpy", "red": "enum"}),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    ],
    ids=repr,
)
def test_plain_numpy_and_pandas_values_become_json(result: object, written: object) -> None:
    assert orjson.loads(to_json(result)) == written


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"scores": [1, {2, 3}]}, r"\$\.scores\[1\] is a set"),
        ({"model": object()}, r"\$\.model is a object"),
        ([b"bytes"], r"\$\[0\] is a bytes"),
        ({"z": 1 + 2j}, r"\$\.z is a complex"),
        ({"big": 2**70}, r"\$\.big can't be written"),
        ({"text": "\ud800"}, r"\$\.text can't be written"),
        ({(1, 2): "tuple"}, r"\$ has the key \(1, 2\)"),
        ({"f": lambda: None}, r"\$\.f is a function"),
        ({"frame": pd.DataFrame({"a": [{1}]})}, r"\$\.frame\[0\]\.a is a set"),
    ],
    ids=["set", "object", "bytes", "complex", "big", "surrogate", "key", "function", "in a table"],
)
def test_what_json_can_not_hold_is_refused_with_its_path(result: object, said: str) -> None:
    with pytest.raises(ResultInvalid, match=said):
        to_json(result)


def test_endless_nesting_is_refused() -> None:
    ring: list[object] = []
    ring.append(ring)
    with pytest.raises(ResultInvalid, match="nested deeper"):
        to_json(ring)


def test_nesting_that_json_can_hold_is_written() -> None:
    deep: object = 1
    for _ in range(150):
        deep = [deep]
    assert to_json(deep) == b"[" * 150 + b"1" + b"]" * 150
