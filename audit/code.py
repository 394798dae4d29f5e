"""Bandit over our own code: a second opinion beside ruff's rules; `[tool.bandit]` says what is left to those.

Source: https://bandit.readthedocs.io/
"""

import json
import subprocess
import sys

from audit.verdict import Verdict

#: What is looked at.
ROOMS = ("app", "jobs", "worker", "tasks", "stack", "client", "audit")


def check_code() -> Verdict:
    """Fails for each finding."""
    command = [sys.executable, "-m", "bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml"]
    done = subprocess.run([*command, "--format", "json", *ROOMS], capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return Verdict(outcome="NOT DONE", summary="bandit does not run", details=tuple(done.stderr.splitlines()))
    return verdict_on(said)


def verdict_on(said: dict[str, list[dict[str, object]]]) -> Verdict:
    """The verdict on what bandit said."""
    unread = [f"{error['filename']}: {error['reason']}" for error in said["errors"]]
    found = [
        f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}" for each in said["results"]
    ]
    lines = (*unread, *found)
    if lines:
        return Verdict(outcome="FAILED", summary=f"bandit found {len(lines)}", details=lines)
    return Verdict(outcome="passed", summary=f"bandit finds nothing in {len(said['metrics']) - 1} files")
