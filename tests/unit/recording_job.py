"""A job that writes down what an analysis tells it, and asks it to finish when the test says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.random import Generator


@dataclass
class RecordingJob:
    """An implementation of `tasks.Job` that needs no worker."""

    id: str = "0193c7f2-0000-7000-8000-000000000000"
    seed: int = 7
    #: Answer `should_finish` with yes from this many progress reports on; None for never.
    finish_after: int | None = None
    #: Every progress report: fraction and stage.
    reports: list[tuple[float, str]] = field(default_factory=list)
    #: The scores of each report, {} for none.
    scores: list[dict[str, float]] = field(default_factory=list)
    #: Every line logged.
    lines: list[str] = field(default_factory=list)
    #: Every figure as Vega-Lite, by name.
    figures: dict[str, dict[str, object]] = field(default_factory=dict)
    #: Every file's bytes by name.
    files: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def rng(self) -> Generator:
        return np.random.default_rng(self.seed)

    def progress(self, fraction: float, stage: str = "", *, scores: Mapping[str, float] | None = None) -> None:
        self.reports.append((fraction, stage))
        self.scores.append(dict(scores or {}))

    def log(self, message: str) -> None:
        self.lines.append(message)

    def should_finish(self) -> bool:
        return self.finish_after is not None and len(self.reports) >= self.finish_after

    def figure(self, name: str, figure: object, *, title: str = "") -> None:
        assert name not in self.figures
        self.figures[name] = dict(figure) if isinstance(figure, Mapping) else figure.to_dict()  # type: ignore[attr-defined]

    def file(self, name: str, content: bytes | str | Path, *, media_type: str = "application/octet-stream") -> None:
        assert name not in self.files
        read = content.read_bytes() if isinstance(content, Path) else content
        self.files[name] = read.encode() if isinstance(read, str) else read
