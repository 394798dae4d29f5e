"""Secrets in the repository: whatever looks like one and is not known to be none.

`.secrets.baseline` lists what looks so and is none: passwords of examples and tests. `detect-secrets scan --no-verify
--baseline .secrets.baseline` adds what is new, `detect-secrets audit .secrets.baseline` asks about each. It also says
what is passed over: texts of up to six characters, and the word "password".

Source: https://github.com/Yelp/detect-secrets
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from audit.verdict import Verdict

#: What is known.
BASELINE = Path(".secrets.baseline")

#: What was found, by file.
Found = Mapping[str, Iterable[Mapping[str, object]]]


def check_secrets() -> Verdict:
    """Fails for what is new, and for what nobody has said to be none."""
    known = json.loads(BASELINE.read_text("utf-8"))
    files = [name for name in _files() if name != str(BASELINE)]
    with transient_settings(known):
        found = SecretsCollection()
        found.scan_files(*files)
        return verdict_on(found.json(), known=known["results"], files=len(files))


def verdict_on(found: Found, *, known: Found, files: int) -> Verdict:
    """The verdict on what was found in so many files."""
    harmless = {_mark(name, each) for name, all_ in known.items() for each in all_ if each.get("is_secret") is False}
    new = [
        f"{name}:{each['line_number']}: {each['type']}"
        for name, all_ in found.items()
        for each in all_
        if _mark(name, each) not in harmless
    ]
    if new:
        return Verdict(outcome="FAILED", summary=f"{len(new)} may be secrets; see audit/secrets.py", details=tuple(new))
    return Verdict(outcome="passed", summary=f"nothing but what is known to be none in {files} files")


def _mark(name: str, found: Mapping[str, object]) -> tuple[str, object, object]:
    """By which it is known again when lines have moved."""
    return name, found["type"], found["hashed_secret"]


def _files() -> list[str]:
    """What is in the repository, or would be if it were added now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in names if name and Path(name).is_file()})
