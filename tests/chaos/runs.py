"""The diary of runs: what every run of an analysis says of itself, in a file that no part of the service reads.

One line a word, by O_APPEND and one write, so that lines of many processes never mix and a killed one leaves none half.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import orjson

#: The environment variable that names the diary's file.
VARIABLE = "CHAOS_RUNS"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a job, as the analysis itself told it."""

    job: str
    #: Its own random name; the result carries it.
    token: str
    #: The process that it ran in.
    process: int
    #: Unix time in milliseconds.
    began: int
    #: When it returned or raised, Unix time in milliseconds; None: it never did, for its process was killed.
    ended: int | None = None


@contextmanager
def noted(job_id: str) -> Iterator[str]:
    """Notes that a run begins, and that it ends; gives its token."""
    token = uuid4().hex
    _note(job_id, token, "began")
    try:
        yield token
    finally:
        _note(job_id, token, "ended")


def is_first_time(job_id: str) -> bool:
    """Whether this job has never asked before; remembered beside the diary, for the asking process is to die."""
    try:
        Path(f"{os.environ[VARIABLE]}.{job_id}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def read_runs(diary: Path) -> list[Run]:
    """Every run so far, in the order of their beginnings."""
    runs: dict[str, Run] = {}
    for line in diary.read_bytes().splitlines() if diary.exists() else []:
        word = orjson.loads(line)
        token = word["token"]
        if word["what"] == "began":
            runs[token] = Run(job=word["job"], token=token, process=word["process"], began=word["at"])
        else:
            runs[token] = replace(runs[token], ended=word["at"])
    return list(runs.values())


def _note(job_id: str, token: str, what: str) -> None:
    at = time.time_ns() // 1_000_000
    word = {"job": job_id, "token": token, "process": os.getpid(), "what": what, "at": at}
    file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, orjson.dumps(word) + b"\n")
    finally:
        os.close(file)
