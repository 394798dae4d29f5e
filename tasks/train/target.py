"""The column to predict: which rows have it, whether it is a class or a number, and whether that can be learned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize
from pandas.api.types import is_numeric_dtype

from tasks.data.columns import finite_numbers, refuse_mixed, require_columns
from tasks.data.kinds import Kind, kind_of, looks_numeric
from tasks.data.plain import shortened
from tasks.errors import AnalysisError
from tasks.train.choices import Problem

#: Most distinct whole numbers that `auto` still takes for classes.
AUTO_NUMBER_CLASSES = 20
#: Most classes that `auto` takes a text column for.
AUTO_TEXT_CLASSES = 50
#: Most classes at all; the confusion matrix and some estimators grow with their square.
MAX_CLASSES = 200
#: Fewest rows in the test part of a fold; the coefficient of determination is undefined below.
MIN_FOLD_ROWS = 2


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is to be predicted, for the rows that have it."""

    name: str
    problem: Problem
    #: The rows with a target, all columns.
    rows: DataFrame
    #: One value per row: the class' position in `classes`, or the number itself.
    values: NDArray[np.int64] | NDArray[np.float64]
    #: Names of the classes in their natural order; empty for regression.
    classes: tuple[str, ...]
    #: Number of rows that were left out because they have no target.
    rows_without: int


def resolve_target(data: DataFrame, name: str, *, problem: str, folds: int) -> Target:
    """Return the target, with `auto` resolved and rows without a target left out.

    Raises tasks.errors.AnalysisError where it can't be learned: unknown, mixed, too few rows, one value, small classes.
    """
    require_columns(data, [name])
    # Rows keep their numbers, so that a later refusal can name one as the client counts it.
    data = data.reset_index(drop=True)
    present = data[name].notna()
    rows = data[present]
    kind = kind_of(data[name])
    _refuse_kind(data[name], kind)
    _refuse_too_few_rows(name, rows=len(rows), without=int((~present).sum()), folds=folds)
    resolved = _resolve(rows[name], kind, problem)
    values, classes = _classes(rows[name], folds) if resolved == "classification" else (_numbers(rows[name], kind), ())
    return Target(
        name=name,
        problem=resolved,
        rows=rows,
        values=values,
        classes=classes,
        rows_without=int((~present).sum()),
    )


def _refuse_kind(column: Series, kind: Kind) -> None:
    if kind == Kind.EMPTY:
        raise AnalysisError(f"Target {column.name!r} has no values; choose another column, or fill it.")
    if kind == Kind.MIXED:
        refuse_mixed(column)
    if kind == Kind.DATETIME:
        raise AnalysisError(
            f"Target {column.name!r} holds dates, which can't be predicted; make a number of it, such as days."
        )


def _refuse_too_few_rows(name: str, *, rows: int, without: int, folds: int) -> None:
    needed = MIN_FOLD_ROWS * folds
    if rows < needed:
        left_out = f" (left out because they have none: {without})" if without else ""
        raise AnalysisError(
            f"{folds} folds need at least {needed} rows with a target, {name!r} has {rows}{left_out}. "
            "Send more rows or ask for fewer folds."
        )


def _resolve(column: Series, kind: Kind, problem: str) -> Problem:
    if problem == "regression":
        return "regression"
    if problem == "classification":
        return "classification"
    if kind == Kind.BOOLEAN:
        return "classification"
    distinct = column.nunique()
    if kind == Kind.NUMERIC:
        is_whole = bool((finite_numbers(column) % 1 == 0).all())
        return "classification" if is_whole and distinct <= AUTO_NUMBER_CLASSES else "regression"
    if distinct > AUTO_TEXT_CLASSES:
        raise AnalysisError(
            f"Target {column.name!r} has {distinct} different texts, too many to be taken for classes "
            f"(at most {AUTO_TEXT_CLASSES}). {_advice_for_texts(column)}"
        )
    return "classification"


def _advice_for_texts(column: Series) -> str:
    if looks_numeric(column):
        return "If they are numbers, send them as numbers, with a decimal point."
    return f"Group them, choose another target, or say problem: classification (at most {MAX_CLASSES})."


def _numbers(column: Series, kind: Kind) -> NDArray[np.float64]:
    if kind != Kind.NUMERIC:
        holds = "holds true and false" if kind == Kind.BOOLEAN else "holds text"
        advice = "Send numbers" if looks_numeric(column) else "Ask for classification, or choose a numeric target"
        raise AnalysisError(f"Target {column.name!r} {holds}, and regression predicts numbers. {advice}.")
    numbers: NDArray[np.float64] = finite_numbers(column).to_numpy()
    if (numbers == numbers[0]).all():
        raise AnalysisError(f"Target {column.name!r} is {numbers[0]:g} in every row, so there is nothing to learn.")
    return numbers


def _classes(column: Series, folds: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    codes, values = factorize(column.to_numpy(), sort=True)
    if len(values) < 2:
        only = shortened(_class_name(values[0]))
        raise AnalysisError(
            f"Target {column.name!r} is {only!r} in every row; classification needs at least two classes."
        )
    if len(values) > MAX_CLASSES:
        raise AnalysisError(
            f"Target {column.name!r} has {len(values)} classes, at most {MAX_CLASSES} are allowed. "
            "Group them, or ask for regression if they are numbers."
        )
    names = tuple(_class_name(value) for value in values)
    _refuse_small_classes(column, names, counts=np.bincount(codes), folds=folds)
    return codes.astype(np.int64), names


def _refuse_small_classes(column: Series, classes: tuple[str, ...], *, counts: NDArray[np.int64], folds: int) -> None:
    small = [f"{shortened(label)!r} ({count})" for label, count in zip(classes, counts, strict=True) if count < folds]
    if not small:
        return
    more = f" and {len(small) - 10} more" if len(small) > 10 else ""
    fewest = int(counts.min())
    fewer = f"ask for at most {fewest} folds, " if fewest > 1 else ""
    quantity = "; if it is a quantity, ask for regression" if is_numeric_dtype(column.dtype) else ""
    raise AnalysisError(
        f"Every class of {column.name!r} needs at least {folds} rows for {folds} folds; "
        f"too small: {', '.join(small[:10])}{more}. "
        f"Either {fewer}merge small classes, or leave their rows out{quantity}."
    )


def _class_name(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return f"{value:.15g}"
    return str(value)
