"""Conformal intervals: ranks of errors, neighbours where there are too few, and nothing from the future."""

import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tasks.forecast.intervals import enough, half_widths, half_widths_known

NINE = np.arange(1.0, 10.0)


@pytest.mark.parametrize(("coverage", "width"), [(0.5, 5.0), (0.8, 8.0), (0.85, 9.0), (0.9, 9.0)])
def test_the_half_width_is_the_error_of_the_conformal_rank(coverage: float, width: float) -> None:
    assert_array_equal(half_widths(NINE[::-1, None], coverage=coverage), [width])


def test_each_step_rests_on_its_own_errors_where_they_suffice() -> None:
    assert_array_equal(half_widths(np.column_stack([NINE, 10 * NINE]), coverage=0.9), [9.0, 90.0])


def test_with_too_few_errors_the_neighbouring_steps_count_as_well() -> None:
    errors = np.array([[1.0, 2.0, 30.0, 40.0], [3.0, 4.0, 50.0, 60.0]])
    assert_array_equal(half_widths(errors, coverage=0.75), [4.0, 50.0, 60.0, 60.0])


def test_what_was_not_observed_does_not_count() -> None:
    errors = np.append(NINE, [np.nan, np.nan])[:, None]
    assert_array_equal(half_widths(errors, coverage=0.9), [9.0])


def test_without_enough_errors_at_all_there_is_no_interval() -> None:
    assert_array_equal(half_widths(NINE[:4, None], coverage=0.9), [math.nan])


def test_at_an_origin_only_errors_that_had_come_to_light_count() -> None:
    errors = np.array([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]])
    assert_array_equal(half_widths_known(errors, [10, 11, 12], at=12, coverage=0.5), [4.0, 2.0])
    assert_array_equal(half_widths_known(errors, [10, 11, 12], at=10, coverage=0.5), [math.nan, math.nan])


@pytest.mark.parametrize(("count", "coverage"), [(1, 0.5), (4, 0.8), (9, 0.9), (19, 0.95), (99, 0.99)])
def test_so_many_errors_are_just_enough(count: int, coverage: float) -> None:
    assert enough(count, coverage)
    assert not enough(count - 1, coverage)


def test_outcomes_fall_inside_as_often_as_promised() -> None:
    errors = np.abs(np.random.default_rng(0).normal(size=(20_000, 20)))
    inside = [errors[row, -1] <= half_widths(errors[row, :-1, None], coverage=0.9)[0] for row in range(len(errors))]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.01)
