"""The systemd units: without a fault by systemd's own word, hardened, and in agreement with the service."""

import configparser
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from parts import needs_program

from app.serving.descriptors import MOST_CONNECTIONS
from app.serving.server import STOP_GRACE
from jobs.settings import Settings, load_settings
from stack.machine import _HAND_BACK

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"

#: The units that run something; templates as systemd starts them.
SERVICES = ("coatcheck-api", "coatcheck-worker@1", "coatcheck-internal", "coatcheck-flower")

#: What a unit may be exposed at most, tenths of systemd's points; it calls up to 20 safe.
EXPOSURE = 12


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units in a folder, with the command of this installation for the one that is not there."""
    for path in FOLDER.rglob("*"):
        if path.suffix in (".service", ".target", ".conf"):
            there = tmp_path / path.relative_to(FOLDER)
            there.parent.mkdir(exist_ok=True)
            command = str(Path(sys.executable).parent / "coatcheck")
            there.write_text(path.read_text().replace("/opt/coatcheck/bin/coatcheck", command))
    return tmp_path


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """The sections of a unit with its drop-in; of an option that comes several times each value."""
    sections: dict[str, dict[str, list[str]]] = {}
    for path in (FOLDER / name, FOLDER / "coatcheck-.service.d" / "hardening.conf"):
        section: dict[str, list[str]] = {}
        for line in path.read_text().splitlines():
            if head := re.fullmatch(r"\[(\w+)\]", line):
                section = sections.setdefault(head[1], {})
            elif line and not line.startswith("#"):
                option, _, value = line.partition("=")
                section.setdefault(option, []).append(value)
    return sections


def file_of(service: str) -> str:
    return re.sub(r"@\d+", "@", service) + ".service"


def seconds(service: str, option: str) -> float:
    return float(unit(file_of(service))["Service"][option][0])


@needs_program("systemd-analyze")
@pytest.mark.parametrize("name", [*(f"{service}.service" for service in SERVICES), "coatcheck.target"])
def test_systemd_finds_no_fault(installed: Path, name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", name], cwd=installed, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@needs_program("systemd-analyze")
def test_a_fault_would_be_found(installed: Path) -> None:
    path = installed / "coatcheck-api.service"
    path.write_text(path.read_text().replace("[Service]", "[Service]\nProtectEverything=yes"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path.name], cwd=installed, capture_output=True, text=True, timeout=60
    )
    assert "ProtectEverything" in done.stderr


@needs_program("systemd-analyze")
@pytest.mark.parametrize("service", SERVICES)
def test_it_is_hardly_exposed(installed: Path, service: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
    done = subprocess.run([*command, f"./{service}.service"], cwd=installed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-300:]


@needs_program("systemd-analyze")
def test_an_exposed_unit_would_be_found(installed: Path) -> None:
    shutil.rmtree(installed / "coatcheck-.service.d")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
    done = subprocess.run(
        [*command, "./coatcheck-internal.service"], cwd=installed, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0


@pytest.mark.parametrize("service", SERVICES)
def test_it_starts_a_verb_of_the_command(service: str) -> None:
    [start] = unit(file_of(service))["Service"]["ExecStart"]
    program, verb = start.split()[:2]
    assert program == "/opt/coatcheck/bin/coatcheck"
    assert verb in {entry.name for entry in entry_points(group="coatcheck.commands")}


@pytest.mark.parametrize("service", ["coatcheck-worker@1", "coatcheck-internal"])
def test_a_worker_is_stopped_no_sooner_than_it_hands_its_jobs_back(service: str) -> None:
    assert seconds(service, "TimeoutStopSec") >= Settings().stop_grace + _HAND_BACK + Settings().kill_grace
    # Its processes are told by it, not by systemd.
    assert unit(file_of(service))["Service"]["KillMode"] == ["mixed"]


@pytest.mark.parametrize("service", ["coatcheck-worker@1", "coatcheck-internal"])
def test_a_worker_outlives_a_process_that_is_killed_for_memory(service: str) -> None:
    assert unit(file_of(service))["Service"]["OOMPolicy"] == ["continue"]


def test_the_api_is_stopped_no_sooner_than_it_has_answered() -> None:
    assert seconds("coatcheck-api", "TimeoutStopSec") > STOP_GRACE


def test_the_api_may_open_enough_files() -> None:
    assert seconds("coatcheck-api", "LimitNOFILE") >= MOST_CONNECTIONS + 256


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_hardened_by_the_same_file(service: str) -> None:
    told = unit(file_of(service))["Service"]
    assert (told["User"], told["ProtectSystem"], told["CapabilityBoundingSet"]) == (["coatcheck"], ["strict"], [""])
    assert service.startswith("coatcheck-")


def test_the_target_wants_services_that_are_there() -> None:
    parser = configparser.ConfigParser(strict=False)
    parser.read(FOLDER / "coatcheck.target")
    wanted = parser["Unit"]["Wants"].split()
    assert len(wanted) == 3
    assert all((FOLDER / re.sub(r"@\d+", "@", name)).exists() for name in wanted)


def test_the_settings_that_come_along_are_good(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (FOLDER / "coatcheck.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert {f"COATCHECK_{name.upper()}" for name in vars(load_settings())} >= given.keys()
