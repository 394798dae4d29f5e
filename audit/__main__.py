"""Runs the checks one after the other, prints a line for each, and fails if one found something or could not look.

`python -m audit` runs all; `python -m audit code secrets` those alone, which need no network and few seconds.
"""

import argparse
from collections.abc import Callable, Mapping

from audit.advisories import check_advisories
from audit.code import check_code
from audit.inventory import check_licenses
from audit.secrets import check_secrets
from audit.verdict import Verdict

#: The checks by name, in the order in which they run.
CHECKS: Mapping[str, Callable[[], Verdict]] = {
    "code": check_code,
    "secrets": check_secrets,
    "licenses": check_licenses,
    "advisories": check_advisories,
}


def main() -> int:
    """The exit code: 0 where every check that was asked for has passed."""
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="|".join(CHECKS), help="all of them, if none is named")
    parser.add_argument("--offline", action="store_true", help="leave out what needs the network")
    asked = parser.parse_args()
    if unknown := set(asked.checks) - set(CHECKS):
        parser.error(f"there is no check {sorted(unknown)[0]}")
    names = [
        name for name in CHECKS if name in (asked.checks or CHECKS) and not (asked.offline and name == "advisories")
    ]
    return max([_run(name) for name in names], default=0)


def _run(name: str) -> int:
    verdict = CHECKS[name]()
    print(f"{name:<11} {verdict.outcome:<9} {verdict.summary}", flush=True)
    for line in verdict.details:
        print(f"            {line}", flush=True)
    return 0 if verdict.is_good else 1


raise SystemExit(main())
