"""What the service consists of: a bill of materials (CycloneDX), and under which licences its parts may be used.

Both are of what is shipped; tools of developers are not.

Source: https://cyclonedx.org/docs/1.6/json/
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from packaging.utils import canonicalize_name

from audit.shipped import shipped
from audit.verdict import Verdict

#: Where the bill and the list of licences go.
BILL = Path("build/sbom.cdx.json")
LIST = Path("build/licenses.txt")

#: What lets the service be used, changed and passed on under its own licence. MPL's terms end at its own files.
WELCOME = re.compile(
    r"MIT|MIT-0|0BSD|BSD|BSD-[23]-Clause|Apache-2\.0|ISC|PSF-2\.0|Python-2\.0|CNRI-Python|MPL-2\.0|ZPL-2\.1|Zlib|CC0-1\.0"
)

#: Packages that do not say it themselves, and what they are.
SAID_ELSEWHERE: Mapping[str, str] = {"protobuf": "BSD-3-Clause"}

#: What packages without an SPDX expression say.
_CLASSIFIERS: Mapping[str, str] = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

Component = TypedDict("Component", {"bom-ref": str, "name": str, "version": str, "licenses": list[dict[str, object]]})


def check_licenses() -> Verdict:
    """Writes the bill and the list; fails for what may not be passed on, or does not say that it may."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable, "--pyproject", "pyproject.toml"]
    more = ["--output-reproducible", "--no-validate"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    if done.returncode:
        return Verdict(outcome="NOT DONE", summary="cyclonedx-py does not run", details=tuple(done.stderr.splitlines()))
    bill = of_shipped(json.loads(done.stdout), shipped())
    licenses = {f"{each['name']} {each['version']}": license_of(each) for each in bill["components"]}
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(json.dumps(bill, indent=1), "utf-8")
    LIST.write_text("".join(f"{name}: {said}\n" for name, said in sorted(licenses.items())), "utf-8")
    return verdict_on(licenses)


def verdict_on(licenses: Mapping[str, str]) -> Verdict:
    """The verdict on what each package says."""
    strange = tuple(f"{name}: {said or 'says nothing'}" for name, said in licenses.items() if not is_welcome(said))
    if strange:
        return Verdict(outcome="FAILED", summary=f"{len(strange)} with licences to look at", details=strange)
    return Verdict(outcome="passed", summary=f"{len(licenses)} packages may be passed on; {BILL}, {LIST}")


def of_shipped(bill: dict[str, list[Component]], names: set[str]) -> dict[str, list[Component]]:
    """The bill without what is not shipped."""
    kept = [each for each in bill["components"] if canonicalize_name(each["name"]) in names]
    refs = {each["bom-ref"] for each in kept} | {"root-component"}
    graph = [
        {**each, "dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in refs]}  # type: ignore[attr-defined]
        for each in bill["dependencies"]
        if each["ref"] in refs  # type: ignore[typeddict-item]
    ]
    return {**bill, "components": kept, "dependencies": graph}  # type: ignore[dict-item]


def license_of(component: Component) -> str:
    """What a component says of its licence, "" for nothing; an SPDX expression where it says so in words."""
    if said := SAID_ELSEWHERE.get(component["name"]):
        return said
    parts = [_said(each) for each in component.get("licenses", ())]
    return " AND ".join(sorted({_CLASSIFIERS.get(part, part) for part in parts if part}))


def _said(each: Mapping[str, object]) -> str:
    inner = each.get("license")
    if isinstance(inner, dict):
        return str(inner.get("id") or inner.get("name") or "")
    return str(each.get("expression") or "")


def is_welcome(said: str) -> bool:
    """Whether an expression is of nothing but licences that are welcome; of two to choose from one is enough."""
    if not said:
        return False
    choices = re.sub(r"[()]", " ", said).split(" OR ") if " AND " not in said else [said]
    return any(all(WELCOME.fullmatch(word) for word in _words(choice)) for choice in choices)


def _words(expression: str) -> list[str]:
    return [word for word in re.split(r"\s+(?:AND|OR)\s+|[()\s]+", expression) if word]
