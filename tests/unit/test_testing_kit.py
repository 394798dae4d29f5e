"""The test kit: what a run gives back, and that it refuses what the service refuses."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import altair as alt
import numpy as np
import pytest
from marshmallow import ValidationError
from pandas import DataFrame, Timestamp

from tasks import AnalysisError, Job, Range, analysis
from tasks.framework.figure import FigureInvalid
from tasks.framework.result import ResultInvalid
from tasks.testing import Report, run

TABLE = DataFrame({"x": [1.0, 2.0, 4.0]})
BARS = alt.Chart(DataFrame({"x": [1.0, float("nan")]})).mark_bar().encode(x="x:Q", y="count()")


@analysis
def total(data: DataFrame, job: Job, *, column: str = "x", times: Annotated[int, Range(1, 9)] = 1) -> dict[str, object]:
    """Sum a column, step by step."""
    if column not in data:
        raise AnalysisError(f"There is no column {column!r}.")
    sums = []
    for step in range(1, times + 1):
        sums.append(step * data[column].sum())
        job.progress(step / times, f"step {step}", scores={"sum": sums[-1]})
        if job.should_finish():
            break
    job.log("summed")
    job.figure("bars", BARS, title="Bars")
    job.file("sums.csv", "sum\n7\n", media_type="text/csv")
    data[column] = 0.0
    return {"sum": np.float64(sums[-1]), "undefined": np.nan, "chance": job.rng.random(), "seed": job.seed}


@analysis
def dice(job: Job, *, what: str) -> object:
    """Do what no worker accepts."""
    return {
        "set": lambda: {1, 2},
        "progress": lambda: job.progress(1.5),
        "chart": lambda: job.figure("a", {"mark": "bra", "data": {"values": []}}),
        "text": lambda: job.figure("a", "a text"),
        "figure name": lambda: job.figure("A b", BARS),
        "same figure": lambda: [job.figure("a", BARS) for _ in range(2)],
        "file name": lambda: job.file("../a", b""),
        "same file": lambda: [job.file("a", b"") for _ in range(2)],
        "media type": lambda: job.file("a", b"", media_type="text"),
        "moment": lambda: job.figure("a", {"mark": "bar", "data": {"values": [{"x": Timestamp(0)}]}, "encoding": {}}),
    }[what]()


def test_a_result_comes_as_a_client_gets_it() -> None:
    result = run(total, data=TABLE, seed=3).result
    assert result == {"sum": 7.0, "undefined": None, "chance": np.random.default_rng(3).random(), "seed": 3}


def test_reports_scores_and_lines_are_kept_in_order() -> None:
    outcome = run(total, data=TABLE, params={"times": 2})
    assert outcome.progress == (
        Report(fraction=0.5, stage="step 1", scores={"sum": 7.0}),
        Report(fraction=1.0, stage="step 2", scores={"sum": 14.0}),
    )
    assert (outcome.scores, outcome.log) == ({"sum": [7.0, 14.0]}, ("summed",))


def test_a_figure_comes_as_vega_lite_and_a_file_as_bytes() -> None:
    outcome = run(total, data=TABLE)
    assert outcome.figures["bars"]["mark"] == {"type": "bar"}
    assert outcome.files == {"sums.csv": b"sum\n7\n"}


def test_the_table_of_the_test_stays_as_it_is() -> None:
    run(total, data=TABLE)
    assert TABLE["x"].tolist() == [1.0, 2.0, 4.0]


def test_asked_to_finish_after_two_reports_it_makes_no_third() -> None:
    assert len(run(total, data=TABLE, params={"times": 9}, finish_after=2).progress) == 2


@pytest.mark.parametrize(
    "data", [[{"x": 3}, {"x": 4}], {"records": [{"x": 3}, {"x": 4}]}, {"columns": {"x": [3, 4]}}], ids=repr
)
def test_data_may_be_written_as_in_a_request(data: object) -> None:
    assert run(total, data=data).result["sum"] == 7.0  # type: ignore[arg-type]


def test_data_may_be_the_name_of_a_built_in_set() -> None:
    assert run(total, data="iris", params={"column": "sepal length (cm)"}).result["sum"] == pytest.approx(876.5)


def test_data_may_be_the_path_of_a_csv(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("x\n3\n4\n")
    assert run(total, data=tmp_path / "table.csv").result["sum"] == 7.0


@pytest.mark.parametrize(
    ("data", "params", "messages"),
    [
        (None, {}, {"data": ["Missing; this analysis takes a table."]}),
        (
            TABLE,
            {"times": 10},
            {"params": {"times": ["Must be greater than or equal to 1 and less than or equal to 9."]}},
        ),
        (TABLE, {"times": "2"}, {"params": {"times": ["Not an integer."]}}),
        (TABLE, {"tmies": 2}, {"params": {"tmies": ["Unknown field."]}}),
        ({"columns": {"x": "abc"}}, {}, {"data": {"columns": {"x": ["Must be a list."]}}}),
    ],
)
def test_input_that_the_service_refuses_is_refused_under_the_same_path(
    data: object, params: dict[str, object], messages: dict[str, object]
) -> None:
    with pytest.raises(ValidationError) as refused:
        run(total, data=data, params=params)  # type: ignore[arg-type]
    assert refused.value.messages == messages


def test_data_for_an_analysis_without_data_is_refused() -> None:
    with pytest.raises(ValidationError, match="takes no data"):
        run(dice, data=TABLE, params={"what": "set"})


def test_a_refusal_of_the_analysis_comes_through() -> None:
    with pytest.raises(AnalysisError, match="There is no column 'z'"):
        run(total, data=TABLE, params={"column": "z"})


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ("set", ResultInvalid, r"\$ is a set"),
        ("progress", ValueError, "a share from 0 to 1"),
        ("chart", FigureInvalid, r"at \$\.mark: 'bra' is not valid"),
        ("text", FigureInvalid, "not a str"),
        ("figure name", ValueError, "not 'A b'"),
        ("same figure", ValueError, "there is a figure 'a' already"),
        ("file name", ValueError, r"not '\.\./a'"),
        ("same file", ValueError, "there is a file 'a' already"),
        ("media type", ValueError, "'text' is no media type"),
        ("moment", TypeError, "Timestamp"),
    ],
)
def test_what_a_worker_does_not_accept_fails_the_test(what: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        run(dice, params={"what": what})


def test_a_function_without_the_decorator_is_named() -> None:
    with pytest.raises(TypeError, match="is @analysis missing"):
        run(print)  # type: ignore[arg-type]


def test_importing_the_kit_loads_nothing_heavy() -> None:
    code = "import tasks.testing, sys; print({'numpy', 'pandas', 'altair', 'sklearn'} & {*sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "set()\n"
