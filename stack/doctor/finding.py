"""A finding: how a check came out, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check came out; from harmless to grave."""

    OK = "ok"
    #: It could not be looked at, as where a managed Redis forbids the question.
    UNKNOWN = "unknown"
    #: Works now, and will not for long or not under all circumstances.
    WARN = "warn"
    #: Jobs are refused, stuck or in danger of being lost.
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What one check has found."""

    verdict: Verdict
    #: What is there, in a sentence.
    found: str
    #: What to do, "" where nothing is to be done.
    advice: str = ""


def ok(found: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, found)


def unknown(found: str, advice: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(Verdict.UNKNOWN, found, advice)


def warn(found: str, advice: str) -> Finding:
    """It should be changed."""
    return Finding(Verdict.WARN, found, advice)


def fail(found: str, advice: str) -> Finding:
    """It has to be changed."""
    return Finding(Verdict.FAIL, found, advice)
