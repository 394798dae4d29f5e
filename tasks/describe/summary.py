"""A described table in a few sentences."""

from collections.abc import Mapping
from typing import Any

from tasks.data.plain import shortened

#: Most suspicious columns that are named.
MOST_NAMED = 5


def summary_of(described: Mapping[str, Any]) -> str:
    """Return size, gaps, repetitions, suspicious columns and the strongest relation of a result in sentences."""
    told = [f"{described['rows']:,} rows and {described['columns']:,} columns."]
    worst = max(described["profiles"], key=lambda profile: profile["missing_share"])
    if worst["missing"]:
        share, most = described["missing_share"], worst["missing_share"]
        told.append(f"{share:.1%} of the cells are missing, most in {shortened(worst['column'])} ({most:.1%}).")
    if described["duplicate_rows"]:
        told.append(f"Rows that repeat an earlier one: {described['duplicate_rows']:,}.")
    names = list(dict.fromkeys(shortened(one["column"]) for one in described["suspicious"]))
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        told.append(f"Look at {', '.join(names[:MOST_NAMED])}{more} first.")
    if described["relations"]:
        strongest = described["relations"][0]
        one, other = map(shortened, strongest["columns"])
        told.append(f"The strongest relation is that of {one} and {other} ({strongest['value']:.2f}).")
    return " ".join(told)
