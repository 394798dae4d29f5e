"""The report: findings as lines for a person, or as JSON for a program."""

from collections.abc import Mapping
from dataclasses import asdict

import typer

from jobs.masking import without_password
from jobs.settings import Settings
from jobs.version import service_version
from stack.doctor.finding import Finding, Verdict

_COLORS = {
    Verdict.OK: typer.colors.GREEN,
    Verdict.UNKNOWN: typer.colors.BLUE,
    Verdict.WARN: typer.colors.YELLOW,
    Verdict.FAIL: typer.colors.RED,
}


def lines_of(findings: Mapping[str, Finding]) -> list[str]:
    """A line for each check."""
    width = max(len(check) for check in findings)
    return [f"{_styled(finding.verdict)}  {check:<{width}}  {_words(finding)}" for check, finding in findings.items()]


def summary(findings: Mapping[str, Finding]) -> str:
    """How many there are of each verdict, the grave ones first."""
    counts = {verdict: sum(each.verdict is verdict for each in findings.values()) for verdict in reversed(Verdict)}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)


def document_of(findings: Mapping[str, Finding], settings: Settings) -> dict[str, object]:
    """The findings and what they are about; ``verdict`` is the gravest."""
    order = list(Verdict)
    return {
        "version": service_version(),
        "redis": without_password(settings.redis_url),
        "namespace": settings.namespace,
        "verdict": max((finding.verdict for finding in findings.values()), key=order.index),
        "checks": [{"check": check, **asdict(finding)} for check, finding in findings.items()],
    }


def _styled(verdict: Verdict) -> str:
    return typer.style(f"{verdict:<7}", fg=_COLORS[verdict], bold=verdict is Verdict.FAIL)


def _words(finding: Finding) -> str:
    return f"{finding.found} -> {finding.advice}" if finding.advice else finding.found
