"""A `job` that writes down what an analysis tells it, and asks it to finish when the test says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.framework.figure import FIGURE_NAME, check_vega_lite, vega_lite_of
from tasks.framework.file import check_file

if TYPE_CHECKING:
    from numpy.random import Generator


@dataclass
class Recorder:
    """An implementation of `tasks.Job` that needs no worker; it refuses what a worker refuses."""

    id: str = "0193c7f2-0000-7000-8000-000000000000"
    seed: int = 0
    #: Answer `should_finish` with yes from this many progress reports on; None for never.
    finish_after: int | None = None
    #: Every progress report: fraction and stage.
    reports: list[tuple[float, str]] = field(default_factory=list)
    #: The scores of each report, {} for none.
    scores: list[dict[str, float]] = field(default_factory=list)
    #: Every line logged.
    lines: list[str] = field(default_factory=list)
    #: Every figure as Vega-Lite, by name.
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The title of every figure, by name; "" for none.
    titles: dict[str, str] = field(default_factory=dict)
    #: Every file's bytes by name.
    files: dict[str, bytes] = field(default_factory=dict)
    #: The media type of every file, by name.
    media_types: dict[str, str] = field(default_factory=dict)

    @cached_property
    def rng(self) -> Generator:
        """The job's one random generator, begun from the seed."""
        import numpy as np

        return np.random.default_rng(self.seed)

    def progress(self, fraction: float, stage: str = "", *, scores: Mapping[str, float] | None = None) -> None:
        """Write the report down; raises ValueError for a fraction that is no number from 0 to 1."""
        if not (math.isfinite(fraction) and 0 <= fraction <= 1):
            raise ValueError(f"progress is a share from 0 to 1, not {fraction!r}")
        self.reports.append((float(fraction), stage))
        self.scores.append({name: float(value) for name, value in (scores or {}).items()})

    def log(self, message: str) -> None:
        """Write the line down."""
        self.lines.append(message)

    def should_finish(self) -> bool:
        """Whether as many reports were made as `finish_after` says."""
        return self.finish_after is not None and len(self.reports) >= self.finish_after

    def figure(self, name: str, figure: object, *, title: str = "") -> None:
        """Keep the figure as clients get it.

        Raises tasks.framework.figure.FigureInvalid for what is no Vega-Lite, ValueError for a bad or repeated name,
        TypeError for values in it that JSON can't hold.
        """
        import orjson

        if not FIGURE_NAME.fullmatch(name):
            raise ValueError(f"the name of a figure is 1 to 64 of a-z 0-9 _ -, not {name[:100]!r}")
        _refuse_taken("figure", name, self.figures)
        written = orjson.dumps(vega_lite_of(figure), option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
        specification = orjson.loads(written)
        check_vega_lite(specification)
        self.figures[name], self.titles[name] = specification, title

    def file(self, name: str, content: bytes | str | Path, *, media_type: str = "application/octet-stream") -> None:
        """Keep the file's bytes.

        Raises ValueError for a bad or repeated name and a bad media type, OSError for a path that can't be read.
        """
        check_file(name, media_type=media_type)
        _refuse_taken("file", name, self.files)
        read = content.read_bytes() if isinstance(content, Path) else content
        self.files[name] = read.encode() if isinstance(read, str) else bytes(read)
        self.media_types[name] = media_type


def _refuse_taken(kind: str, name: str, taken: Mapping[str, object]) -> None:
    if name in taken:
        raise ValueError(f"there is a {kind} {name!r} already")
