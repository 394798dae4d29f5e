"""A figure that an analysis attaches, as a Vega-Lite specification; heavy, for workers and tests only."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tasks.errors import TasksError
from tasks.framework.json_value import JsonObject

#: What the name of a figure may be; it stands in URLs.
FIGURE_NAME = re.compile(r"[a-z0-9_-]{1,64}")
#: Longest part of a complaint of the schema that is repeated, in characters.
LONGEST_REASON = 500


class FigureInvalid(TasksError):
    """What was attached is no figure; its text says why."""


def vega_lite_of(figure: object) -> JsonObject:
    """The specification of an Altair chart, or the one that was given as a mapping, a new dict.

    Raises FigureInvalid for anything else, and for a chart that Altair itself refuses.
    """
    if isinstance(figure, Mapping):
        return dict(figure)
    import altair
    from altair.utils.schemapi import SchemaValidationError

    if not isinstance(figure, altair.TopLevelMixin):
        raise FigureInvalid(f"A figure is an Altair chart or a Vega-Lite mapping, not a {type(figure).__name__}.")
    try:
        made: JsonObject = figure.to_dict()
    except (SchemaValidationError, altair.MaxRowsError) as error:
        raise FigureInvalid(f"Altair refuses the chart: {error}") from error
    return made


def check_vega_lite(specification: Mapping[str, Any]) -> None:
    """Raise FigureInvalid, naming the place, unless the specification keeps to Vega-Lite's schema, as Altair ships it.

    Source: https://vega.github.io/schema/vega-lite/
    """
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]

    error = best_match(_validator().iter_errors(dict(specification)))
    if error is not None:
        raise FigureInvalid(f"The figure is no Vega-Lite: at {error.json_path}: {error.message[:LONGEST_REASON]}")


@lru_cache(maxsize=1)
def _validator() -> Any:
    import altair
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    schema = altair.load_schema()
    return validator_for(schema)(schema)
