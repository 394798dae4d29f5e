"""Tables that the tests of several analyses work on."""

from pathlib import Path

from pandas import DataFrame

from tasks.data.frame import read_frame
from tasks.data.source import Source, load_source

#: 344 rows with text, numbers and gaps.
PENGUINS = Path(__file__).parents[1] / "data" / "penguins_like.csv"


def builtin(name: str) -> DataFrame:
    """A table of scikit-learn, read as an analysis gets it."""
    return read_frame(load_source({"builtin": name}))


def penguins() -> DataFrame:
    return read_frame(Source.csv(PENGUINS.read_bytes()))
