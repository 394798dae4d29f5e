"""The type table: what each annotation takes, what it refuses and in which words; the tests of fields read it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, Optional

from hypothesis import strategies as st
from marshmallow.validate import Equal, NoneOf, Regexp

from tasks import Length, OneOf, Range


class Method(Enum):
    FAST = "fast"
    BEST = "best"


class Folds(IntEnum):
    FEW = 3
    MANY = 10


class Scale(StrEnum):
    NONE = "none"
    ROBUST = "robust"


class Mixed(Enum):
    AUTO = "auto"
    ONE = 1
    OFF = False


@dataclass(frozen=True)
class Kind:
    """One row: an annotation, what it takes (JSON → Python) and what it refuses (JSON → the message)."""

    annotation: Any
    good: list[tuple[Any, Any]]
    bad: list[tuple[Any, Any]]
    #: JSON values near the border, for the search for disagreements.
    near: st.SearchStrategy[Any] = field(default_factory=st.nothing)


INTEGER, NUMBER, BOOLEAN, STRING = "Not an integer.", "Not a number.", "Not a boolean, true or false.", "Not a string."
DATE = "Not a date in ISO 8601, such as 2026-01-31."
MOMENT = "Not a date and time with offset in RFC 3339, such as 2026-01-31T12:00:00Z."
NULL = "Field may not be null."
TO_50 = "Must be greater than or equal to 2 and less than or equal to 50."
TOO_BIG = f"Must be greater than or equal to {-(2**63)} and less than or equal to {2**63 - 1}."

TABLE = {
    "int": Kind(
        int,
        good=[(3, 3), (0, 0), (-7, -7), (3.0, 3), (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63))],
        bad=[
            *((value, INTEGER) for value in (True, False, "3", 3.5, [], {}, [3], float("nan"), float("inf"))),
            *((value, TOO_BIG) for value in (2**63, -(2**63) - 1, 10**30, 1e300, 2.0**63)),
            (None, NULL),
        ],
        near=st.integers(-(2**64), 2**64) | st.floats(-1e20, 1e20).map(round).map(float),
    ),
    "int in a range": Kind(
        Annotated[int, Range(2, 50)],
        good=[(2, 2), (50, 50), (2.0, 2)],
        bad=[(1, TO_50), (51, TO_50), (10**30, TO_50), (True, INTEGER), ("2", INTEGER), (None, NULL)],
        near=st.integers(0, 52),
    ),
    "int with a lower bound": Kind(
        Annotated[int, Range(min=1)],
        good=[(1, 1)],
        bad=[(0, "Must be greater than or equal to 1."), (2**63, f"Must be less than or equal to {2**63 - 1}.")],
        near=st.integers(-1, 3) | st.integers(2**63 - 2, 2**63 + 2),
    ),
    "int of two ranges, both exclusive": Kind(
        Annotated[Annotated[int, Range(0, 9, min_inclusive=False)], Range(max=5, max_inclusive=False)],
        good=[(1, 1), (4, 4)],
        bad=[(0, "Must be greater than 0 and less than or equal to 9."), (5, "Must be less than 5.")],
        near=st.integers(-1, 11),
    ),
    "int by choice": Kind(
        Annotated[int, OneOf([1, 3, 5]), NoneOf([3])],
        good=[(1, 1), (5.0, 5)],
        bad=[(2, "Must be one of: 1, 3, 5."), (3, "Invalid input."), (True, INTEGER)],
        near=st.integers(0, 6),
    ),
    "float": Kind(
        float,
        good=[(3, 3.0), (3.5, 3.5), (-0.0, -0.0), (1e308, 1e308), (2**70, 2.0**70)],
        bad=[
            *((value, NUMBER) for value in (True, False, "3", "nan", [], {})),
            *((value, "Not a finite number.") for value in (float("nan"), float("inf"), float("-inf"), 10**400)),
            (None, NULL),
        ],
    ),
    "float above zero": Kind(
        Annotated[float, Range(0, 1, min_inclusive=False)],
        good=[(1, 1.0), (0.5, 0.5)],
        bad=[(0, "Must be greater than 0 and less than or equal to 1."), (False, NUMBER)],
        near=st.floats(-1, 2),
    ),
    "bool": Kind(
        bool,
        good=[(True, True), (False, False)],
        bad=[*((value, BOOLEAN) for value in (1, 0, 1.0, "true", "yes", [], {})), (None, NULL)],
    ),
    "str": Kind(
        str,
        good=[("", ""), ("é 𝄞\n", "é 𝄞\n"), ("x" * 10_000, "x" * 10_000)],
        bad=[
            *((value, STRING) for value in (3, True, 1.5, [], {}, b"bytes")),
            ("a\0b", "Must not contain the NUL character."),
            ("a\ud800", "Must not contain half of a surrogate pair."),
            ("x" * 10_001, "Longer than maximum length 10000."),
            (None, NULL),
        ],
        near=st.sampled_from(["\0", "a\0", "\n\0", "x" * 10_000, "x" * 10_001]),
    ),
    "str of some length": Kind(
        Annotated[str, Length(2, 3)],
        good=[("ab", "ab"), ("𝄞𝄞𝄞", "𝄞𝄞𝄞")],
        bad=[("a", "Length must be between 2 and 3."), ("abcd", "Length must be between 2 and 3.")],
        near=st.text(max_size=5),
    ),
    "str longer than usual": Kind(
        Annotated[str, Length(max=20_000)],
        good=[("x" * 20_000, "x" * 20_000)],
        bad=[("x" * 20_001, "Longer than maximum length 20000.")],
    ),
    "str of a pattern": Kind(
        Annotated[str, Regexp("[ab]|c"), Length(max=3)],
        good=[("ax", "ax"), ("c", "c")],
        bad=[("xa", "String does not match expected pattern."), ("aaaa", "Longer than maximum length 3.")],
        near=st.text("abcx\0", max_size=4),
    ),
    "str but one": Kind(
        Annotated[str, NoneOf(["root"])] | None,
        good=[("ada", "ada"), (None, None)],
        bad=[("root", "Invalid input.")],
        near=st.just("root"),
    ),
    "date": Kind(
        date,
        good=[("2024-02-29", date(2024, 2, 29))],
        bad=[
            *((text, DATE) for text in ("2026-02-29", "20260131", "2026-W05-6", "31.01.2026", "2026-1-31", "")),
            *((value, DATE) for value in ("2026-01-31T00:00:00Z", "٢٠٢٦-01-31", " 2026-01-31", 20260131, True, [])),
            (None, NULL),
        ],
        near=st.dates().map(date.isoformat) | st.from_regex(r"\A20[0-9]{2}-[01][0-9]-[0-3][0-9]\Z"),
    ),
    "date in a range": Kind(
        Annotated[date, Range(min=date(2020, 1, 1))],
        good=[("2020-01-01", date(2020, 1, 1))],
        bad=[("2019-12-31", "Must be greater than or equal to 2020-01-01.")],
    ),
    "datetime": Kind(
        datetime,
        good=[
            ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
            ("2026-01-31t12:00:00.25z", datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)),
            ("2026-01-31T12:00:00+05:30", datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ],
        bad=[
            *((text, MOMENT) for text in ("2026-01-31T12:00:00", "2026-01-31", "2026-01-31 12:00:00Z", "now", "")),
            *((text, MOMENT) for text in ("2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00Z")),
            *((text, MOMENT) for text in ("2026-01-31T12:00:00+0530", "2026-01-31T12:00:00+24:00", "20260131T120000Z")),
            *((value, MOMENT) for value in (1769860800, True, [])),
            (None, NULL),
        ],
        near=st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
        | st.from_regex(
            r"\A20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]+)?(Z|z|\+[0-2][0-9]:00)?\Z"
        ),
    ),
    "Literal of str": Kind(
        Literal["kmeans", "dbscan"],
        good=[("kmeans", "kmeans")],
        bad=[*((value, "Must be one of: kmeans, dbscan.") for value in ("KMEANS", "", 1, True, [], {})), (None, NULL)],
        near=st.sampled_from(["kmeans", "dbscan", "kmean"]),
    ),
    "Literal of several types": Kind(
        Literal["auto", 1, True, None],
        good=[("auto", "auto"), (1, 1), (1.0, 1), (True, True), (None, None)],
        bad=[*((value, "Must be one of: auto, 1, true.") for value in (False, 0, "1", 2))],
        near=st.sampled_from([0, 1, 1.0, True, False, "auto", None]),
    ),
    "Literal with a validator": Kind(
        Annotated[Literal[1, 2, 3], Range(max=2)],
        good=[(2, 2)],
        bad=[(3, "Must be less than or equal to 2.")],
        near=st.integers(0, 4),
    ),
    "Enum": Kind(
        Method,
        good=[("fast", Method.FAST)],
        bad=[*((value, "Must be one of: fast, best.") for value in ("FAST", "Method.FAST", 1)), (None, NULL)],
        near=st.sampled_from(["fast", "best", "FAST"]),
    ),
    "IntEnum": Kind(
        Folds,
        good=[(3, Folds.FEW), (10.0, Folds.MANY)],
        bad=[(4, "Must be one of: 3, 10."), ("3", "Must be one of: 3, 10."), (True, "Must be one of: 3, 10.")],
        near=st.integers(2, 11),
    ),
    "StrEnum or null": Kind(
        Scale | None,
        good=[("none", Scale.NONE), (None, None)],
        bad=[("NONE", "Must be one of: none, robust.")],
        near=st.sampled_from(["none", "robust"]),
    ),
    "Enum of several types": Kind(
        Mixed,
        good=[("auto", Mixed.AUTO), (1, Mixed.ONE), (False, Mixed.OFF)],
        bad=[(0, "Must be one of: auto, 1, false."), (True, "Must be one of: auto, 1, false.")],
        near=st.sampled_from([0, 1, True, False, "auto"]),
    ),
    "int or null": Kind(
        int | None,
        good=[(None, None), (3, 3)],
        bad=[("", INTEGER), (False, INTEGER)],
    ),
    "Optional in Annotated": Kind(
        Annotated[Optional[int], Range(0, 5), Equal(3)],  # noqa: UP045 - the old spelling is what is tried
        good=[(None, None), (3, 3)],
        bad=[
            (4, "Must be equal to 3."),
            (6, ["Must be greater than or equal to 0 and less than or equal to 5.", "Must be equal to 3."]),
        ],
        near=st.integers(0, 6),
    ),
    "list": Kind(
        list[int],
        good=[([], []), ([1, 2.0], [1, 2]), ([0] * 10_000, [0] * 10_000)],
        bad=[
            *((value, "Not a list.") for value in ("12", {}, 1, True, (1, 2))),
            ([1, "2", True], {1: [INTEGER], 2: [INTEGER]}),
            ([None], {0: [NULL]}),
            (["x"] * 10_001, "Longer than maximum length 10000."),
            (None, NULL),
        ],
        near=st.lists(st.integers() | st.none(), max_size=3),
    ),
    "list of bounded int or null": Kind(
        Annotated[list[Annotated[int, Range(0, 5)] | None], Length(1, 3)],
        good=[([0, None, 5], [0, None, 5])],
        bad=[
            ([], "Length must be between 1 and 3."),
            ([0, 6], {1: ["Must be greater than or equal to 0 and less than or equal to 5."]}),
        ],
        near=st.lists(st.integers(-1, 6) | st.none(), max_size=4),
    ),
    "list of Literal": Kind(
        list[Literal["r2", "mae"]],
        good=[(["mae", "r2", "mae"], ["mae", "r2", "mae"])],
        bad=[(["R2"], {0: ["Must be one of: r2, mae."]})],
        near=st.lists(st.sampled_from(["r2", "mae", "x"]), max_size=3),
    ),
    "list of list": Kind(
        list[list[float]] | None,
        good=[([[1, 2.5], []], [[1.0, 2.5], []]), (None, None)],
        bad=[([[1, "x"]], {0: {1: [NUMBER]}}), ([1], {0: ["Not a list."]})],
        near=st.lists(
            st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.booleans(), max_size=2), max_size=2
        ),
    ),
    "dict": Kind(
        dict[str, float],
        good=[({}, {}), ({"a": 1}, {"a": 1.0})],
        bad=[
            *((value, "Not an object.") for value in ("a", [], 1, True)),
            ({"a": "1", "b": 2}, {"a": [NUMBER]}),
            ({"a\0": 1}, {"a\0": ["Must not contain the NUL character."]}),
            ({str(number): 1 for number in range(10_001)}, "Longer than maximum length 10000."),
            (None, NULL),
        ],
        near=st.dictionaries(st.text("a\0", max_size=2), st.integers(0, 3) | st.none(), max_size=3),
    ),
    "dict of bounded keys": Kind(
        Annotated[dict[Annotated[str, Length(max=2)], list[Method]], Length(min=1)],
        good=[({"ab": ["fast"]}, {"ab": [Method.FAST]})],
        bad=[({}, "Shorter than minimum length 1."), ({"abc": []}, {"abc": ["Longer than maximum length 2."]})],
        near=st.dictionaries(st.text(max_size=3), st.lists(st.sampled_from(["fast", "x"]), max_size=2), max_size=2),
    ),
}
