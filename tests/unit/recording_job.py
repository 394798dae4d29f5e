"""A job that writes down what an analysis tells it, and asks it to finish when the test says so."""

from dataclasses import dataclass, field


@dataclass
class RecordingJob:
    """An implementation of `tasks.Job` that needs no worker."""

    id: str = "0193c7f2-0000-7000-8000-000000000000"
    seed: int = 7
    #: Answer `should_finish` with yes from this many progress reports on; None for never.
    finish_after: int | None = None
    #: Every progress report: fraction and stage.
    reports: list[tuple[float, str]] = field(default_factory=list)
    #: Every line logged.
    lines: list[str] = field(default_factory=list)

    def progress(self, fraction: float, stage: str = "") -> None:
        self.reports.append((fraction, stage))

    def log(self, message: str) -> None:
        self.lines.append(message)

    def should_finish(self) -> bool:
        return self.finish_after is not None and len(self.reports) >= self.finish_after
