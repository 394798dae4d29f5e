"""A function's parameters become its params: names, defaults, annotations and descriptions."""

from __future__ import annotations

import functools
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from tasks import CatalogError, Job, Range, analysis

if TYPE_CHECKING:
    from decimal import Decimal

    from pandas import DataFrame


class Method(Enum):
    FAST = "fast"


Clusters = Annotated[int, Range(2, 50)]


@analysis(timeout=600, deterministic=True, version="2", max_attempts=2)
def cluster(data: DataFrame, job: Job, *, clusters: Clusters = 3, scale: bool = True) -> DataFrame:
    """Group rows by k-means.

    Rows with a missing value
    are left out.

    Then it ends.

    Parameters
    ----------
    data
        A table.
    clusters : int
        How many groups;
        the more, the smaller.
    scale
        Whether columns count alike.

    Returns
    -------
    dict
        Labels.
    """
    return (data, job, clusters, scale)  # type: ignore[return-value]


def test_the_decorator_keeps_what_it_is_told() -> None:
    assert (cluster.name, cluster.timeout, cluster.deterministic) == ("cluster", 600, True)
    assert (cluster.version, cluster.max_attempts) == ("2", 2)
    assert (cluster.takes_data, cluster.takes_job) == (True, True)


def test_the_docstring_gives_summary_and_description() -> None:
    assert cluster.summary == "Group rows by k-means."
    assert cluster.description == "Rows with a missing value are left out.\n\nThen it ends."


def test_the_docstring_gives_the_parameters_descriptions() -> None:
    properties: Any = cluster.json_schema()["properties"]

    assert properties["clusters"]["description"] == "How many groups; the more, the smaller."
    assert properties["scale"]["description"] == "Whether columns count alike."


def test_calling_an_analysis_calls_the_function() -> None:
    assert cluster("table", "job", clusters=1) == ("table", "job", 1, True)


def test_run_gives_data_job_and_params_by_name() -> None:
    assert cluster.run("table", "job", cluster.load({"clusters": 4})) == ("table", "job", 4, True)


def test_run_leaves_out_what_the_function_does_not_take() -> None:
    @analysis
    def add(*, left: int, right: int = 2) -> int:
        return left + right

    assert add.run("table", "job", add.load({"left": 1})) == 3


def test_a_bare_function_has_its_name_for_a_summary() -> None:
    @analysis
    def nothing() -> None: ...

    assert (nothing.summary, nothing.description, nothing.load({}), nothing.example()) == ("nothing", "", {}, {})
    assert (nothing.timeout, nothing.deterministic, nothing.version, nothing.max_attempts) == (None, False, "1", None)


def test_an_analysis_is_frozen() -> None:
    with pytest.raises(AttributeError):
        cluster.name = "other"  # type: ignore[misc]


def test_parameters_need_not_be_keyword_only() -> None:
    @analysis
    def power(data: DataFrame, base: int, exponent: int = 2) -> int:
        return base**exponent

    assert power.run(None, None, power.load({"base": 3})) == 9


def test_a_wrapped_function_keeps_its_signature() -> None:
    def twice(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return 2 * function(*args, **kwargs)

        return wrapper

    @analysis
    @twice
    def count(*, number: Clusters = 3) -> int:
        return number

    assert count.run(None, None, count.load({})) == 6


def positional(rate: int, /) -> None: ...


def variadic(*rates: int) -> None: ...


def open_ended(**rates: int) -> None: ...


def untyped(*, rate=3) -> None:  # type: ignore[no-untyped-def]
    ...


def unknown(*, rate: Rate) -> None:  # type: ignore[name-defined]  # noqa: F821
    ...


def only_for_checking(*, rate: Decimal) -> None: ...


def broken(*, rate: "int |") -> None:  # type: ignore[valid-type]  # noqa: F722
    ...


def hidden(*, _rate: int) -> None: ...


def named_meta(*, Meta: int) -> None: ...  # noqa: N803


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (positional, "'rate': positional-only parameters can't be given by name; remove the /"),
        (variadic, r"'rates': \*rates can't become a field; write list\[…\] instead"),
        (
            open_ended,
            r"'rates': \*\*rates can't become a field; name each parameter, or give @analysis\(params=Schema\)",
        ),
        (untyped, "'rate': it has no annotation; allowed are int"),
        (unknown, "'rate': its annotation 'Rate' can't be resolved"),
        (only_for_checking, "'rate': its annotation 'Decimal' can't be resolved .* must exist at run time"),
        (broken, "'rate': its annotation"),
        (hidden, "'_rate': its name must be ASCII"),
        (named_meta, "'Meta': its name must be ASCII"),
    ],
)
def test_a_signature_that_cannot_become_a_schema_is_refused_with_its_place(function: Any, reason: str) -> None:
    with pytest.raises(CatalogError, match=rf"^test_signature\.{function.__name__}: parameter {reason}") as refusal:
        analysis(function)

    assert "\n" not in str(refusal.value)
    assert refusal.value.where == f"test_signature.{function.__name__}"


def test_a_parameter_may_have_any_name_that_marshmallow_uses() -> None:
    @analysis
    def probe(*, validate: int, load: int, fields: int, unknown: int = 4) -> None: ...

    assert probe.load({"validate": 1, "load": 2, "fields": 3}) == {"validate": 1, "load": 2, "fields": 3, "unknown": 4}


def test_a_description_of_no_parameter_is_refused() -> None:
    def probe(*, clusters: int = 3) -> None:
        """Group.

        Parameters
        ----------
        cluster : int
            How many.
        """

    with pytest.raises(CatalogError, match="parameter 'cluster': the docstring describes it, the function has only cl"):
        analysis(probe)


def test_parameters_may_share_a_description() -> None:
    @analysis
    def probe(*, width: int = 1, height: int = 1) -> None:
        """Draw.

        Parameters
        ----------
        width, height : int
            Size in pixels.
        """

    properties: Any = probe.json_schema()["properties"]
    assert properties["width"]["description"] == properties["height"]["description"] == "Size in pixels."
