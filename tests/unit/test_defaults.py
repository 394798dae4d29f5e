"""A parameter's default is what a client would get by sending it, and each load has its own."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest

from tasks import CatalogError, Range, analysis


class Method(Enum):
    FAST = "fast"


@pytest.mark.parametrize(
    ("annotation", "default", "said", "received"),
    [
        (float, 3, 3, 3.0),
        (Method, Method.FAST, "fast", Method.FAST),
        (list[Method], (Method.FAST,), ["fast"], [Method.FAST]),
        (date, date(2026, 1, 31), "2026-01-31", date(2026, 1, 31)),
        (datetime, datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00+00:00", datetime(2026, 1, 31, tzinfo=UTC)),
        (dict[str, list[int]], {"a": [1]}, {"a": [1]}, {"a": [1]}),
        (int | None, None, None, None),
    ],
)
def test_a_default_is_what_a_client_would_get_by_sending_it(
    annotation: Any, default: Any, said: Any, received: Any
) -> None:
    declared = analysis(with_default(annotation, default))

    schema: Any = declared.json_schema()
    assert schema["properties"]["value"]["default"] == said
    assert schema["required"] == []
    loaded = declared.load({})["value"]
    assert (loaded, type(loaded)) == (received, type(received))
    assert declared.load({"value": said}) == {"value": received}


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        *((int, default) for default in ("3", True, 3.5, None, 2**63, [])),
        *((Annotated[int, Range(2, 50)], default) for default in (1, 51)),
        *((float, default) for default in (float("nan"), float("inf"), "1", False)),
        *((str, default) for default in (1, None, b"x", "\0", "x" * 10_001)),
        *((bool, default) for default in (0, None, "true")),
        *((Literal["a"], default) for default in ("b", None)),
        *((date, default) for default in ("31.01.2026", datetime(2026, 1, 31, tzinfo=UTC))),
        *((datetime, default) for default in (date(2026, 1, 31), datetime(2026, 1, 31))),  # noqa: DTZ001
        *((list[int], default) for default in (None, {1}, [1, "2"], "12", 1)),
        *((dict[str, int], default) for default in ({"a": "1"}, {1: 1}, [])),
        (Method, "slow"),
    ],
)
def test_a_default_that_its_own_annotation_refuses_is_refused(annotation: Any, default: Any) -> None:
    with pytest.raises(CatalogError, match=r"parameter 'value': its default .* (is refused by|can't be)") as refusal:
        analysis(with_default(annotation, default))

    assert "\n" not in str(refusal.value)


def with_default(annotation: Any, default: Any) -> Any:
    """A function with one parameter of this annotation and default."""

    def probe(*, value: Any = default) -> Any:
        return value

    probe.__annotations__ = {"value": annotation}
    return probe


@pytest.mark.parametrize("default", [[[1]], {"a": [1]}], ids=repr)
def test_a_mutable_default_is_not_shared_between_loads(default: Any) -> None:
    declared = analysis(with_default(list[list[int]] if isinstance(default, list) else dict[str, list[int]], default))

    first = declared.load({})["value"]
    (first[0] if isinstance(first, list) else first["a"]).append(2)
    first.clear()

    assert declared.load({})["value"] == default
