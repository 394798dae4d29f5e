"""`forecast`: scores against hand-computed ones, numbers against scikit-learn called directly, and the refusals.

AirPassengers: monthly totals of international airline passengers in thousands, 1949 to 1960 (Box & Jenkins, Time Series
Analysis: Forecasting and Control, 1976, series G); 144 public figures.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import vl_convert
from pandas import DataFrame
from sklearn.ensemble import HistGradientBoostingRegressor

from tasks import AnalysisError
from tasks.forecast import model
from tasks.forecast.params import forecast
from tasks.testing import Outcome, run

SEED = 7
AIR = Path(__file__).parents[1] / "data" / "air_passengers.csv"
PASSENGERS = pd.read_csv(AIR)["passengers"].to_numpy(dtype=float)
#: The last months known at the ten origins: half a year apart, a whole year before the end at the latest.
ORIGINS = [131 - 6 * back for back in range(9, -1, -1)]
YEAR = 12


@pytest.fixture(scope="module")
def air() -> Outcome:
    """The forecast of the next year of AirPassengers."""
    return run(forecast, data=AIR, params={"time": "month", "target": "passengers"}, seed=SEED)


def made(values: object, *, start: str = "2024-01-01", freq: str = "D", **params: object) -> dict:
    """The result for a made series, few origins by default for speed."""
    times = pd.date_range(start, periods=len(values), freq=freq)  # type: ignore[arg-type]
    table = DataFrame({"t": times.strftime("%Y-%m-%dT%H:%M:%S"), "y": values})
    return forecasted(table, **params)


def forecasted(table: DataFrame, **params: object) -> dict:
    given = {"time": "t", "target": "y", "origins": 2, "horizon": 3, **params}
    return run(forecast, data=table, params=given, seed=SEED).result


def by_hand(step: int | None, *, season: int) -> dict[str, float]:
    """The scores of the forecast that repeats the value of `season` steps ago, or the last one, by plain loops."""
    errors, scaled, shares = [], [], []
    for origin in ORIGINS:
        known = PASSENGERS[: origin + 1]
        unit = sum(abs(known[at] - known[at - YEAR]) for at in range(YEAR, len(known))) / (len(known) - YEAR)
        for ahead in range(1, YEAR + 1) if step is None else [step]:
            actual = PASSENGERS[origin + ahead]
            said = PASSENGERS[origin + ahead - YEAR] if season == YEAR else PASSENGERS[origin]
            errors.append(abs(actual - said))
            scaled.append(errors[-1] / unit)
            shares.append(200 * errors[-1] / (actual + said))
    count = len(errors)
    return {
        "mae": sum(errors) / count,
        "rmse": math.sqrt(sum(error**2 for error in errors) / count),
        "mase": sum(scaled) / count,
        "smape": sum(shares) / count,
    }


@pytest.mark.parametrize(("name", "season"), [("naive", 1), ("seasonal_naive", YEAR)])
def test_the_baselines_scores_are_those_computed_by_hand(air: Outcome, name: str, season: int) -> None:
    points = ("mae", "rmse", "mase", "smape")
    found = {score: air.result["baselines"][name][score] for score in points}
    assert found == pytest.approx(by_hand(None, season=season), rel=1e-12)
    for row in air.result["by_step"]:
        found = {score: row[name][score] for score in points}
        assert found == pytest.approx(by_hand(row["step"], season=season), rel=1e-12)


def test_the_naive_forecasts_are_the_last_value_and_the_last_year(air: Outcome) -> None:
    assert [row["naive"] for row in air.result["forecast"]] == [432.0] * YEAR
    assert [row["seasonal_naive"] for row in air.result["forecast"]] == PASSENGERS[-YEAR:].tolist()


def features_by_loop(origin: int, ahead: int) -> list[float]:
    """The features of one pair as the documentation lists them."""
    value = PASSENGERS.__getitem__
    place = origin + ahead - YEAR
    return [
        ahead,
        value(origin),
        *(value(origin) - value(origin - lag) for lag in range(1, 7)),
        value(place) - value(origin),
        value(place) - value(place - YEAR),
        *(value(origin - lag) - value(origin - lag - YEAR) for lag in range(3)),
        (PASSENGERS[origin - 11 : origin + 1].sum() - PASSENGERS[origin - 23 : origin - 11].sum()) / YEAR,
        (origin + ahead) % YEAR + 1,
    ]


def directly(last: int) -> list[float]:
    """The forecasts after a place by scikit-learn called directly."""
    pairs = [(at, ahead) for at in range(23, last) for ahead in range(1, YEAR + 1) if at + ahead <= last]
    matrix = np.array([features_by_loop(at, ahead) for at, ahead in pairs])
    departures = [PASSENGERS[at + ahead] - PASSENGERS[at + ahead - YEAR] for at, ahead in pairs]
    fitted = HistGradientBoostingRegressor(max_leaf_nodes=8, early_stopping=False, random_state=SEED)
    fitted.fit(matrix, departures)
    ahead = fitted.predict([features_by_loop(last, step) for step in range(1, YEAR + 1)])
    return (ahead + PASSENGERS[last + 1 - YEAR : last + 1]).tolist()


def test_the_forecast_is_that_of_scikit_learn_called_directly(air: Outcome) -> None:
    said = [row["forecast"] for row in air.result["forecast"]]
    assert said == pytest.approx(directly(143), rel=1e-12)


def test_an_origin_s_error_is_that_of_scikit_learn_called_with_the_past_only(air: Outcome) -> None:
    last = air.result["by_origin"][-1]
    error = np.abs(np.array(directly(131)) - PASSENGERS[132:]).mean()
    assert (last["origin"], last["model"]) == ("1959-12", pytest.approx(error, rel=1e-12))


def test_airline_passengers_are_forecast_better_than_by_the_last_year(air: Outcome) -> None:
    assert air.result["beats_naive"]
    assert air.result["beats_seasonal_naive"]
    assert air.result["metrics"]["mase"] < 0.6 * air.result["baselines"]["seasonal_naive"]["mase"]


def test_the_series_is_described_and_the_forecast_goes_on_after_it(air: Outcome) -> None:
    described = {name: air.result[name] for name in ("frequency", "season", "first", "last", "values", "gaps_filled")}
    assert described == {
        "frequency": "month",
        "season": 12,
        "first": "1949-01",
        "last": "1960-12",
        "values": 144,
        "gaps_filled": 0,
    }
    assert [row["time"] for row in air.result["forecast"]] == [f"1961-{month:02d}" for month in range(1, 13)]


def test_an_interval_holds_its_forecast_and_most_of_what_came(air: Outcome) -> None:
    assert all(row["lower"] < row["forecast"] < row["upper"] for row in air.result["forecast"])
    assert 0.8 < air.result["metrics"]["coverage"] <= 1


def test_progress_reports_each_origin_with_the_errors_so_far(air: Outcome) -> None:
    stages = [report.stage for report in air.progress]
    assert stages == ["prepare", *(f"origin {number} of 10" for number in range(1, 11)), "done"]
    assert [report.fraction for report in air.progress] == sorted(report.fraction for report in air.progress)
    last = {name: curve[-1] for name, curve in air.scores.items()}
    assert last["model_mae"] == pytest.approx(air.result["metrics"]["mae"], rel=1e-12)
    assert last["naive_mae"] == pytest.approx(air.result["baselines"]["naive"]["mae"], rel=1e-12)


def test_the_file_holds_the_forecast(air: Outcome) -> None:
    lines = air.files["forecast.csv"].decode().splitlines()
    assert lines[0] == "step,time,forecast,lower,upper,naive,seasonal_naive"
    assert [float(line.split(",")[2]) for line in lines[1:]] == [row["forecast"] for row in air.result["forecast"]]


def test_the_same_seed_gives_the_same_result() -> None:
    values = np.random.default_rng(0).normal(size=80)
    assert made(values) == made(values)


def test_asked_to_finish_it_keeps_the_latest_origins_and_forecasts_all_the_same() -> None:
    params = {"time": "month", "target": "passengers"}
    result = run(forecast, data=AIR, params=params, seed=SEED, finish_after=2).result
    assert (result["partial"], result["origins"], result["origins_done"]) == (True, 10, 1)
    assert [row["origin"] for row in result["by_origin"]] == ["1959-12"]
    assert all(row["lower"] < row["upper"] for row in result["forecast"])
    assert "The backtest rests on 1 of 10 origins." in result["notes"]


def test_a_pure_season_is_repeated_exactly() -> None:
    week = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0]
    result = made(week * 12, horizon=10)
    assert [row["forecast"] for row in result["forecast"]] == (week * 2)[:10]
    assert (result["metrics"]["mae"], result["metrics"]["coverage"]) == (0.0, 1.0)
    assert result["metrics"]["mase"] is None
    assert not result["beats_seasonal_naive"]
    assert (
        "The model did no better than the seasonal-naive forecast; use that one, which is simpler." in result["notes"]
    )


def test_a_trend_goes_on_beyond_what_was_ever_seen() -> None:
    values = np.arange(120.0) + np.tile([0.0, 5.0, 0.0, -5.0], 30)
    result = made(values, freq="QS", start="1990-01-01", horizon=8)
    said = [row["forecast"] for row in result["forecast"]]
    assert said == pytest.approx([120 + step + [0, 5, 0, -5][step % 4] for step in range(8)], abs=1e-3)


def test_a_series_without_season_departs_from_its_last_value() -> None:
    result = made(np.cumsum(np.ones(60)), season=1)
    assert [row["forecast"] for row in result["forecast"]] == pytest.approx([61, 62, 63], abs=1e-3)
    assert result["baselines"]["naive"] == result["baselines"]["seasonal_naive"]


STEPS = {
    "minute": ("min", "minute", 1440),
    "quarter of an hour": ("15min", "15 minutes", 96),
    "hour": ("h", "hour", 24),
    "day": ("D", "day", 7),
    "business day": ("B", "business day", 5),
    "week": ("W-WED", "week", 52),
    "month by its first": ("MS", "month", 12),
    "month by its end": ("ME", "month", 12),
    "quarter": ("QE", "quarter", 4),
    "half year": ("6MS", "6 months", 2),
    "year": ("YS", "year", 1),
}


@pytest.mark.parametrize(("freq", "name", "season"), STEPS.values(), ids=STEPS.keys())
def test_the_step_and_its_season_are_found_and_carried_on(freq: str, name: str, season: int) -> None:
    times = pd.date_range("2020-01-01", periods=150, freq=freq)
    result = forecasted(
        DataFrame({"t": times[:-3], "y": np.arange(147.0) % 4}).sample(frac=1, random_state=0), origins=1
    )
    assert result["frequency"] == name
    assert [pd.Timestamp(row["time"]) for row in result["forecast"]] == [*times[-3:]]
    fits = max(6, 2 * season - 1, season + 2) + 10 + 2 * 3 <= 147
    assert result["season"] == (season if fits else 1)
    assert any("too short for its usual season" in note for note in result["notes"]) != fits


@pytest.mark.parametrize(
    ("cells", "following"),
    [
        ([f"{year}-{month:02d}" for year in range(2000, 2005) for month in range(1, 13)], "2005-01"),
        ([*range(1950, 2010)], "2010"),
        ([f"2024-01-{1 + hour // 24:02d}T{hour % 24:02d}:00Z" for hour in range(60)], "2024-01-03T12:00:00Z"),
        ([f"2024-01-{1 + hour // 24:02d} {hour % 24:02d}:00" for hour in range(60)], "2024-01-03T12:00:00"),
        ([f" 2024-01-{1 + day:02d} " for day in range(28)], "2024-01-29"),
    ],
)
def test_times_are_written_as_they_came(cells: list[object], following: str) -> None:
    result = forecasted(DataFrame({"t": cells, "y": np.arange(len(cells)) % 5.0}), origins=1, season=1)
    assert result["forecast"][0]["time"] == following


def test_gaps_are_filled_on_a_straight_line_counted_and_not_judged_by() -> None:
    whole = DataFrame({"t": pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d"), "y": np.arange(60.0)})
    holed = whole.drop(index=[20, 21]).assign(y=lambda table: table["y"].where(table.index != 58))
    filled, known = forecasted(holed, season=1, origins=1), forecasted(whole, season=1, origins=1)
    assert (filled["gaps_filled"], filled["rows_without_target"], filled["values"]) == (3, 1, 60)
    assert [row["forecast"] for row in filled["forecast"]] == [row["forecast"] for row in known["forecast"]]
    assert [row["naive"]["mae"] for row in filled["by_step"]] == [1.0, None, 3.0]
    assert filled["by_origin"][0]["naive"] == 2.0


def test_of_a_long_past_only_so_many_origins_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_PAIRS", 60)
    origins = model._origins(200, horizon=3, season=1)
    assert (len(origins), origins[-1], {*np.diff(origins)}) == (20, 199, {10})


@pytest.mark.parametrize("horizon", [1, 3])
def test_figures_can_be_drawn_whatever_the_column_is_called(horizon: int) -> None:
    name = 'a.b[0]: "c\'s"'
    table = DataFrame({"t": pd.date_range("2024-01-01", periods=60), name: np.arange(60.0) % 7})
    params = {"time": "t", "target": name, "horizon": horizon, "origins": 10}
    outcome = run(forecast, data=table, params=params)
    assert {*outcome.figures} == {"forecast", "backtest"}
    for figure in outcome.figures.values():
        assert "<path" in vl_convert.vegalite_to_svg(figure)


def test_the_figure_of_the_forecast_shows_past_forecast_and_interval(air: Outcome) -> None:
    drawn = air.figures["forecast"]
    sizes = sorted(len(rows) for rows in drawn["datasets"].values())
    assert sizes == [12, 12, 48]
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["area", "line", "line"]


DAYS = [f"2024-01-{day:02d}" for day in range(1, 31)]
ONES_AND_TWOS = [1.0, 2.0] * 15
REFUSED = {
    "unknown time": ({"t": DAYS, "y": ONES_AND_TWOS}, {"time": "tt"}, "no column 'tt'. Did you mean 't'?"),
    "one column for both": ({"t": DAYS, "y": ONES_AND_TWOS}, {"time": "y"}, "'y' is named as `time` and as `target`"),
    "text target": ({"t": DAYS, "y": ["a", "b"] * 15}, {}, "Target 'y' holds text; only numbers can be forecast."),
    "mixed target": ({"t": DAYS, "y": [*ONES_AND_TWOS[:-1], "?"]}, {}, "row 30 holds the text '?'"),
    "empty target": ({"t": DAYS, "y": [None] * 30}, {}, "Target 'y' has no values"),
    "constant target": ({"t": DAYS, "y": [3] * 30}, {}, "is 3 at every time, so there is nothing to forecast"),
    "huge target": ({"t": DAYS, "y": [*ONES_AND_TWOS[:-1], 1e300]}, {}, "too large to compute with in row 30"),
    "few values": ({"t": DAYS[:3], "y": [1, 2, 3]}, {}, "The series has 3 values of 'y'; send at least 4."),
    "empty time": ({"t": [*DAYS[:-1], None], "y": ONES_AND_TWOS}, {}, "Column 't' is empty in row 30"),
    "numbered rows": ({"t": [*range(30)], "y": ONES_AND_TWOS}, {}, "Column 't' holds numbers, not times"),
    "words for times": ({"t": ["mon", "tue"] * 15, "y": ONES_AND_TWOS}, {}, "Column 't' holds text, not times"),
    "a time twice": ({"t": [*DAYS[:-1], DAYS[0]], "y": ONES_AND_TWOS}, {}, "Two rows have the time 2024-01-01 in 't'"),
    "irregular": (
        {"t": [f"2024-01-{day:02d}" for day in (1, 2, 5, 9, 10, 17, 28)], "y": ONES_AND_TWOS[:7]},
        {},
        "keep no regular step: neighbours are 1 day to 11 days apart",
    ),
    "below a second": (
        {"t": [f"2024-01-01T00:00:{at / 10:04.1f}" for at in range(0, 120, 8)], "y": ONES_AND_TWOS[:15]},
        {},
        "keep no regular step",
    ),
    "too short": ({"t": DAYS, "y": ONES_AND_TWOS}, {"horizon": 8}, "need at least 32 values in a row"),
    "too long a season": ({"t": DAYS, "y": ONES_AND_TWOS}, {"season": 20}, "ask for a shorter season"),
}


@pytest.mark.parametrize(("columns", "params", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_makes_no_series_is_refused_with_what_to_do(
    columns: dict[str, list[object]], params: dict[str, object], message: str
) -> None:
    given = {"time": "t", "target": "y", "horizon": 3, **params}
    with pytest.raises(AnalysisError) as refused:
        run(forecast, data={"columns": columns}, params=given)
    assert message in str(refused.value)


def test_a_series_of_too_many_steps_is_refused() -> None:
    times = pd.to_datetime(np.arange(200_001) * 60, unit="s")
    with pytest.raises(AnalysisError, match=r"has 200,001 steps, at most 200,000"):
        forecasted(DataFrame({"t": times, "y": np.arange(200_001) % 3}))
