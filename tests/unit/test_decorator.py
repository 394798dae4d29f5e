"""What may be declared as an analysis: names, options and functions."""

from typing import Any

import pytest

from tasks import AnalysisError, CatalogError, analysis


@pytest.mark.parametrize("name", ["Cluster", "1st", "", "a b", "a/b", "a" * 65, "ä", "_a", "-a", "a\n"])
def test_a_name_that_would_not_fit_a_url_is_refused(name: str) -> None:
    def probe() -> None: ...

    probe.__name__ = name

    with pytest.raises(CatalogError, match="is refused; it begins with a-z"):
        analysis(probe)


@pytest.mark.parametrize("name", ["a", "k-means_2", "a" * 64])
def test_a_name_may_be_given(name: str) -> None:
    def probe() -> None: ...

    assert analysis(name=name)(probe).name == name


@pytest.mark.parametrize(
    "option",
    [
        *({"timeout": value} for value in (0, -1, float("inf"), float("nan"), "60", True)),
        *({"max_attempts": value} for value in (0, -1, 1.5, "3", True)),
        *({"version": value} for value in ("", " ", 1, None)),
    ],
    ids=str,
)
def test_an_option_out_of_range_is_refused(option: Any) -> None:
    def probe() -> None: ...

    with pytest.raises(CatalogError, match=f"{next(iter(option))}=.* is refused; it is an? "):
        analysis(**option)(probe)


async def coroutine() -> None: ...


def generator() -> Any:
    yield 1


class Callable:
    def __call__(self) -> None: ...


@pytest.mark.parametrize("function", [coroutine, generator, Callable, Callable(), 3, lambda: None])
def test_only_a_plain_named_function_is_an_analysis(function: Any) -> None:
    with pytest.raises(CatalogError):
        analysis(function)


def test_an_analysis_refuses_its_input_in_its_own_words() -> None:
    assert AnalysisError("Too few rows.").message == str(AnalysisError("Too few rows.")) == "Too few rows."
