"""Known vulnerabilities of what we depend on, at the versions of `requirements.lock`.

Source: https://pypi.org/project/pip-audit/, https://docs.pypi.org/api/json/#known-vulnerabilities
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from audit.verdict import Verdict

#: What is looked up.
LOCK = Path("requirements.lock")

#: Advisories that do not concern us, by id, with the reason.
NOT_OURS: Mapping[str, str] = {}


def check_advisories() -> Verdict:
    """Fails for each advisory; it is not done where the service can't be reached, or does not know a package."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip"]
    more = ["--format", "json", "--progress-spinner", "off", "--desc", "off"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return Verdict(outcome="NOT DONE", summary=f"the advisories of pypi.org can't be had: {last[:200]}")
    return verdict_on(said["dependencies"])


def verdict_on(packages: list[dict[str, object]]) -> Verdict:
    """The verdict on what pip-audit says of each package: it calls those sound that it could not look up."""
    skipped = [package for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'nothing'}"
        for package in packages
        for each in package.get("vulns", ())  # type: ignore[attr-defined]
        if each["id"] not in NOT_OURS
    ]
    if found:
        return Verdict(outcome="FAILED", summary=f"{len(found)} advisories", details=tuple(found))
    if skipped or not packages:
        summary = f"pypi.org knows nothing of {len(skipped)} of {len(packages)} packages: is it reached?"
        return Verdict(outcome="NOT DONE", summary=summary)
    return Verdict(outcome="passed", summary=f"none for {len(packages)} packages of {LOCK}")
