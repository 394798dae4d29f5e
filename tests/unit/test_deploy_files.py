"""The files of the deployment, without an engine: linted, held to their schemas, and hardened everywhere."""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from parts import needs_program

from jobs.errors import SettingsError
from jobs.settings import load_settings

ROOT = Path(__file__).parents[2]
DOCKERFILES = [ROOT / "Dockerfile.api", ROOT / "Dockerfile.worker"]
COMPOSE_FILES = [ROOT / "docker-compose.yml", *sorted(ROOT.glob("compose.*.yml")), ROOT / "deploy/two-apps/compose.yml"]
SCRIPTS = [ROOT / "deploy/roll.sh", *sorted((ROOT / "deploy/first-start").glob("*.sh"))]
PROMETHEUS = ROOT / "deploy/prometheus"

#: What ends when it is done, and so has no state of health and is not started again.
ONE_SHOTS = {"secrets", "first-key"}

#: Figures that Prometheus makes of a histogram.
_PARTS = re.compile(r"_(bucket|count|sum)$")


class _Loader(yaml.SafeLoader):
    """Compose's own tags say how files are merged; here each file is looked at alone."""


_Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_mapping(node, deep=True))


def loaded(path: Path) -> dict[str, Any]:
    found = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a safe loader with Compose's tags
    assert isinstance(found, dict)
    return found


def run(*command: str | Path) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


def whole_services() -> list[tuple[str, dict[str, Any]]]:
    """Every service that is defined in full, and not on top of another file's."""
    found = []
    for path in (ROOT / "docker-compose.yml", ROOT / "compose.metrics.yml"):
        services = loaded(path)["services"]
        found += [(name, service) for name, service in services.items() if "image" in service]
    return found


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_passes_hadolint(path: Path) -> None:
    run(Path(sys.executable).with_name("hadolint"), "--failure-threshold", "info", path)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_passes_shellcheck(path: Path) -> None:
    run(Path(sys.executable).with_name("shellcheck"), path)


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_compose_file_keeps_to_its_schema(path: Path, tmp_path: Path) -> None:
    # The schema's validator knows neither merge keys nor Compose's tags.
    plain = tmp_path / "compose.json"
    plain.write_text(json.dumps(loaded(path)))
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", plain)
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_every_stage_of_an_image_begins_with_the_pinned_base_or_another_stage(path: Path) -> None:
    text = path.read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", text, re.MULTILINE))
    origins = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert origins <= stages | {"${PYTHON_IMAGE}"}
    assert "ARG PYTHON_IMAGE=python:3.11-slim-bookworm\n" in text


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_runs_as_nobody_in_particular_and_says_how_it_is(path: Path) -> None:
    text = path.read_text()
    assert "\nUSER 10001:10001\n" in text
    assert "\nHEALTHCHECK " in text
    assert 'ENTRYPOINT ["tini", "--", "coatcheck"]' in text


def test_images_of_others_are_pinned_to_a_version() -> None:
    for name, service in whole_services():
        image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service["image"])
        if "build" not in service:
            assert re.search(r":v?\d", image), name


@pytest.mark.parametrize(("name", "service"), whole_services(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_service_is_held_to_everything(name: str, service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) in ([], ["NET_BIND_SERVICE"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped")
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert ("test" in service["healthcheck"]) is (name not in ONE_SHOTS)
    assert "privileged" not in service


def test_only_the_proxy_is_reached_from_outside_and_redis_from_the_front_by_nobody() -> None:
    base = loaded(ROOT / "docker-compose.yml")
    networks = {name: set(service.get("networks", [])) for name, service in base["services"].items()}
    assert [name for name, service in base["services"].items() if "ports" in service] == ["proxy"]
    assert networks["redis"] == {"back"}
    assert not networks["worker"] & {"front", "edge", "out"}
    assert networks["proxy"] == {"edge", "front"}
    assert base["networks"]["front"] == base["networks"]["back"] == {"internal": True}


def test_no_secret_stands_in_a_file_or_an_environment() -> None:
    for path in COMPOSE_FILES:
        for name, service in loaded(path)["services"].items():
            for variable in service.get("environment", {}):
                assert not re.search("PASSWORD|SECRET|TOKEN|REDIS_URL$", variable), (path, name, variable)


def test_the_example_of_settings_shows_what_compose_takes_and_its_defaults() -> None:
    example = dict(re.findall(r"^#(COATCHECK_\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    taken = dict(re.findall(r"\$\{(COATCHECK_\w+):-([^}]*)\}", (ROOT / "docker-compose.yml").read_text()))
    told_elsewhere = {"COATCHECK_ENV_FILE", "COATCHECK_REVISION"}
    assert {name: example.get(name) for name in taken.keys() - told_elsewhere} == {
        name: default for name, default in taken.items() if name not in told_elsewhere
    }


@pytest.mark.parametrize(
    ("prefix", "is_taken"),
    [("", True), ("/lab", True), ("/lab/two", True), ("lab", False), ("/lab/", False), ("/", False), ("/a b", False)],
)
def test_a_prefix_that_the_proxy_would_never_match_ends_the_start_of_the_api(
    monkeypatch: pytest.MonkeyPatch, prefix: str, is_taken: bool
) -> None:
    told = loaded(ROOT / "docker-compose.yml")["services"]["api"]["environment"]["COATCHECK_FLOWER_PREFIX"]
    monkeypatch.setenv("COATCHECK_FLOWER_PREFIX", told.replace("${COATCHECK_PREFIX:-}", prefix))
    if is_taken:
        assert load_settings().flower_prefix == f"{prefix}/flower"
        return
    with pytest.raises(SettingsError, match=f"COATCHECK_FLOWER_PREFIX={prefix}/flower"):
        load_settings()


def test_both_ways_of_proxying_treat_errors_and_figures_alike() -> None:
    one, two = (ROOT.joinpath(path).read_text() for path in ("deploy/caddy/Caddyfile", "deploy/two-apps/Caddyfile"))
    for part in (r"\thandle_errors \{.*?\n\t\}", r"\tservers \{.*?\n\t\}", r"http://127\.0\.0\.1:8180 \{.*?\n\}"):
        assert re.findall(part, re.sub(r"\n\t*#.*", "", one), re.DOTALL) == re.findall(part, two, re.DOTALL)
    assert one.count("header_up -X-Forwarded-Port") == two.count("header_up -X-Forwarded-Port") == 1


@needs_program("promtool")
def test_prometheus_takes_its_files() -> None:
    run("promtool", "check", "config", "--syntax-only", PROMETHEUS / "prometheus.yml")
    run("promtool", "check", "rules", PROMETHEUS / "rules.yml")


@needs_program("promtool")
def test_alerts_are_raised_when_they_should_be_and_not_otherwise() -> None:
    done = subprocess.run(["promtool", "test", "rules", PROMETHEUS / "rules.test.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested() -> None:
    rules = [rule["alert"] for group in loaded(PROMETHEUS / "rules.yml")["groups"] for rule in group["rules"]]
    tests = (PROMETHEUS / "rules.test.yml").read_text()
    assert rules
    assert [rule for rule in rules if rule not in tests] == []


def panels() -> list[dict[str, Any]]:
    return list(json.loads((ROOT / "deploy/grafana/coatcheck.json").read_text())["panels"])


def test_the_dashboard_is_whole() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = set(product(columns, range(place["y"], place["y"] + place["h"])))
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, f"{panel['title']} lies over another one"
        taken |= cells
        assert panel["type"] == "row" or (panel["targets"] and panel["title"])


def test_the_dashboard_asks_the_source_that_is_set_up() -> None:
    (source,) = loaded(ROOT / "deploy/grafana/datasource.yml")["datasources"]
    assert {panel["datasource"]["uid"] for panel in panels() if panel["type"] != "row"} == {source["uid"]}


def expressions() -> list[str]:
    rules = [rule["expr"] for group in loaded(PROMETHEUS / "rules.yml")["groups"] for rule in group["rules"]]
    asked = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    return rules + [expression.replace("$__rate_interval", "1m") for expression in asked]


def test_alerts_and_dashboard_use_figures_that_are_documented() -> None:
    page = (ROOT / "docs/monitoring.md").read_text()
    used = {name for expression in expressions() for name in re.findall(r"coatcheck_\w+", expression)}
    assert len(used) > 15
    assert [name for name in sorted(used) if _PARTS.sub("", name) not in page and name not in page] == []


@needs_program("promtool")
def test_every_expression_can_be_parsed(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    run("promtool", "check", "rules", file)
