"""The Kubernetes manifests: good by the schemas of Kubernetes, safe by its strictest profile, in agreement with each
other and with the service."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from parts import needs_program

from app.factory import create_app
from app.serving.server import STOP_GRACE
from jobs.settings import Settings, load_settings
from stack.machine import _HAND_BACK

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"

#: The oldest and the newest Kubernetes that are looked at.
VERSIONS = ("1.30", "1.35")

#: Kinds of operators, for which Kubernetes itself has no schema.
OPERATORS = {"ScaledObject": "keda.sh/v1alpha1", "PodMonitor": "monitoring.coreos.com/v1"}

#: A manifest, as it is written.
Manifest = dict[str, Any]

# Debian has one that is too old for components.
pytestmark = needs_program("kubectl", obtainable=False)


@cache
def rendered(name: str) -> tuple[Manifest, ...]:
    """What kustomize makes of a folder."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER / name)], capture_output=True, text=True, timeout=60, check=True
    )
    return tuple(yaml.safe_load_all(done.stdout))


@pytest.fixture(params=["base", "complete"])
def manifests(request: pytest.FixtureRequest) -> tuple[Manifest, ...]:
    return rendered(request.param)


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pods(manifests: tuple[Manifest, ...]) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Each pod template: the name of what makes it, its labels and its spec."""
    for maker in of_kind(manifests, "Deployment", "StatefulSet"):
        template = maker["spec"]["template"]
        yield maker["metadata"]["name"], template["metadata"]["labels"], template["spec"]


def containers(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    for _, _, spec in pods(manifests):
        yield from spec["containers"]


def pod(name: str) -> Manifest:
    return next(spec for maker, _, spec in pods(rendered("complete")) if maker == name)


def matches(selector: Manifest, labels: Manifest) -> bool:
    """Whether a label selector of Kubernetes takes these labels."""
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    return equal and all(labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", []))


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_has_no_fault_to_find(manifests: tuple[Manifest, ...], version: str) -> None:
    for manifest in manifests:
        if manifest["kind"] not in OPERATORS:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_a_fault_would_be_found() -> None:
    broken = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"selektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_kinds_of_operators_are_of_the_version_that_is_known(manifests: tuple[Manifest, ...]) -> None:
    for manifest in of_kind(manifests, *OPERATORS):
        assert manifest["apiVersion"] == OPERATORS[manifest["kind"]]


def test_every_container_has_limits_and_probes(manifests: tuple[Manifest, ...]) -> None:
    for container in containers(manifests):
        assert container["resources"]["limits"].keys() == {"cpu", "memory", "ephemeral-storage"}
        assert container["resources"]["requests"].keys() == {"cpu", "memory", "ephemeral-storage"}
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


def test_every_pod_fits_the_restricted_profile(manifests: tuple[Manifest, ...]) -> None:
    for _, _, spec in pods(manifests):
        context = spec["securityContext"]
        assert (context["runAsNonRoot"], context["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert context["runAsUser"] > 0
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_no_pod_speaks_to_kubernetes_or_is_told_of_its_services(manifests: tuple[Manifest, ...]) -> None:
    # A Service called coatcheck would set COATCHECK_PORT=tcp://…, which is a setting.
    for _, _, spec in pods(manifests):
        assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)


def test_selectors_take_the_pods_that_they_are_for(manifests: tuple[Manifest, ...]) -> None:
    for maker in of_kind(manifests, "Deployment", "StatefulSet"):
        template = maker["spec"]["template"]
        assert matches(maker["spec"]["selector"], template["metadata"]["labels"])
        for spread in template["spec"].get("topologySpreadConstraints", []):
            assert matches(spread["labelSelector"], template["metadata"]["labels"])
    for service in of_kind(manifests, "Service"):
        assert (
            len([name for name, labels, _ in pods(manifests) if service["spec"]["selector"].items() <= labels.items()])
            == 1
        )
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        taken = [name for name, labels, _ in pods(manifests) if matches(budget["spec"]["selector"], labels)]
        assert taken == [budget["metadata"]["name"]]


def test_no_two_makers_take_the_same_pods() -> None:
    for maker in of_kind(rendered("complete"), "Deployment", "StatefulSet"):
        taken = [name for name, labels, _ in pods(rendered("complete")) if matches(maker["spec"]["selector"], labels)]
        assert taken == [maker["metadata"]["name"]]


def test_ports_agree_from_the_door_to_the_process(manifests: tuple[Manifest, ...]) -> None:
    ports = {
        container["name"]: {p["name"]: p["containerPort"] for p in container.get("ports", [])}
        for container in containers(manifests)
    }
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind(manifests, "Service")}
    for spec in services.values():
        component = spec["selector"]["app.kubernetes.io/component"]
        assert all(port["targetPort"] in ports[component] for port in spec["ports"])
    for ingress in of_kind(manifests, "Ingress"):
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            backend = path["backend"]["service"]
            assert backend["port"]["name"] in {port["name"] for port in services[backend["name"]]["ports"]}
    for container in containers(manifests):
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe].get("httpGet") or container[probe].get("tcpSocket")
            assert asked is None or asked["port"] in ports[container["name"]]
    [settings] = of_kind(manifests, "ConfigMap")[:1]
    assert ports["api"]["http"] == int(settings["data"].get("COATCHECK_PORT", 8000))


def test_what_is_mounted_is_there(manifests: tuple[Manifest, ...]) -> None:
    claims = {each["metadata"]["name"] for each in of_kind(manifests, "PersistentVolumeClaim")}
    maps = {each["metadata"]["name"] for each in of_kind(manifests, "ConfigMap")}
    templates = {
        t["metadata"]["name"]
        for each in of_kind(manifests, "StatefulSet")
        for t in each["spec"]["volumeClaimTemplates"]
    }
    for _, _, spec in pods(manifests):
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for container in spec["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes.keys() | templates
            assert {
                each["configMapRef"]["name"] for each in container.get("envFrom", []) if "configMapRef" in each
            } <= maps
        assert {
            v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v
        } <= claims
        assert {v["configMap"]["name"] for v in volumes.values() if "configMap" in v} <= maps


def test_settings_are_good_and_agree_with_the_mounts(
    manifests: tuple[Manifest, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [told] = [
        each["data"] for each in of_kind(manifests, "ConfigMap") if each["metadata"]["name"] == "coatcheck-settings"
    ]
    url = tmp_path / "url"
    url.write_text("redis://:word@coatcheck-redis:6379/0")
    for name, value in told.items():
        monkeypatch.setenv(name, str(url) if name == "COATCHECK_REDIS_URL_FILE" else value)
    settings = load_settings()
    assert {name.removesuffix("_FILE") for name in told} <= {f"COATCHECK_{name.upper()}" for name in vars(settings)}
    assert told["COATCHECK_REDIS_URL_FILE"] == "/run/coatcheck/url"
    for name, _, spec in pods(manifests):
        if name != "coatcheck-redis":
            mounts = {mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
            assert {"/run/coatcheck", told["COATCHECK_DATA_DIR"]} <= mounts


def test_a_job_fails_before_its_container_is_killed_for_memory() -> None:
    told = next(each["data"] for each in of_kind(rendered("base"), "ConfigMap"))
    limit = pod("coatcheck-worker")["containers"][0]["resources"]["limits"]["memory"]
    assert limit == "4Gi"
    assert int(told["COATCHECK_MEMORY"]) * int(told["COATCHECK_CONCURRENCY"]) < 4 * 2**30


@pytest.mark.parametrize("name", ["coatcheck-worker", "coatcheck-internal"])
def test_a_worker_is_killed_no_sooner_than_it_hands_its_jobs_back(name: str) -> None:
    told = next(each["data"] for each in of_kind(rendered("base"), "ConfigMap"))
    needed = float(told["COATCHECK_STOP_GRACE"]) + _HAND_BACK + Settings().kill_grace
    assert pod(name)["terminationGracePeriodSeconds"] >= needed


def test_the_api_is_killed_no_sooner_than_it_has_answered() -> None:
    spec = pod("coatcheck-api")
    before = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["terminationGracePeriodSeconds"] > before + STOP_GRACE


def test_a_new_api_answers_before_an_old_one_goes() -> None:
    [api] = [
        each
        for each in rendered("base")
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "coatcheck-api"
    ]
    assert (api["spec"]["replicas"], api["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]) == (2, 0)


def test_everything_is_closed_and_redis_open_only_to_who_works_with_it() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(rendered("complete"), "NetworkPolicy")}
    assert policies["coatcheck-nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    [door] = policies["coatcheck-redis"]["ingress"]
    reach = [name for name, labels, _ in pods(rendered("complete")) if matches(door["from"][0]["podSelector"], labels)]
    assert sorted(reach) == ["coatcheck-api", "coatcheck-flower", "coatcheck-internal", "coatcheck-worker"]
    to_redis = policies["coatcheck-to-redis"]["podSelector"]
    assert sorted(name for name, labels, _ in pods(rendered("complete")) if matches(to_redis, labels)) == sorted(reach)
    # What asks nobody who they are is reached by nobody: forwarding a port goes past the policies.
    assert not [
        name
        for name, spec in policies.items()
        if "Ingress" in spec["policyTypes"]
        and matches(spec["podSelector"], {"app.kubernetes.io/component": "flower"})
        and "ingress" in spec
    ]


def test_only_the_internal_worker_reaches_the_world_and_nothing_inside() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(rendered("complete"), "NetworkPolicy")}
    assert "coatcheck-to-bucket" not in policies
    worldly = [
        name
        for name, spec in policies.items()
        for rule in spec.get("egress", [])
        for to in rule.get("to", [])
        if "ipBlock" in to
    ]
    assert set(worldly) == {"coatcheck-webhooks"}
    taken = policies["coatcheck-webhooks"]["podSelector"]
    assert [name for name, labels, _ in pods(rendered("complete")) if matches(taken, labels)] == ["coatcheck-internal"]
    [rule] = policies["coatcheck-webhooks"]["egress"]
    assert {"10.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"} <= set(rule["to"][0]["ipBlock"]["except"])


def test_the_workers_are_scaled_by_what_is_measured(settings: Settings) -> None:
    [scaling] = of_kind(rendered("complete"), "ScaledObject")
    deployments = {each["metadata"]["name"]: each for each in of_kind(rendered("complete"), "Deployment")}
    target = deployments[scaling["spec"]["scaleTargetRef"]["name"]]
    [trigger] = scaling["spec"]["triggers"]
    wanted = set(re.findall(r"coatcheck_\w+", trigger["metadata"]["query"]))
    app = create_app(settings)
    measured = {line.split()[2] for line in app.test_client().get("/metrics").text.splitlines() if line[:6] == "# TYPE"}
    desk = app.extensions["coatcheck"]
    desk.followers.close()
    desk.internal_followers.close()
    desk.store.redis.close()
    # Its own number would be set again by each apply; and without a worker nobody sweeps.
    assert ("replicas" in target["spec"], scaling["spec"]["minReplicaCount"] >= 1) == (False, True)
    assert (len(wanted), wanted <= measured) == (2, True)


@needs_program("promtool")
@pytest.mark.parametrize("namespace", ["coatcheck", "other"])
def test_of_two_installations_in_one_prometheus_each_scales_by_its_own_jobs(tmp_path: Path, namespace: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    top = tmp_path / "kubernetes" / "complete" / "kustomization.yaml"
    top.write_text(top.read_text().replace("\nnamespace: coatcheck\n", f"\nnamespace: {namespace}\n"))
    [scaling] = of_kind(rendered(str(top.parent)), "ScaledObject")
    figures = {"coatcheck": (7, 2), "other": (500, 20)}
    series = [
        {"series": f'{name}, namespace="{where}", pod="{pod}"}}', "values": str(value)}
        for where, values in figures.items()
        for pod in ("api-1", "api-2")
        for name, value in zip(
            ('coatcheck_queue_jobs{priority="normal"', 'coatcheck_worker_slots_busy{role="worker"'), values, strict=True
        )
    ]
    asked = {
        "expr": scaling["spec"]["triggers"][0]["metadata"]["query"],
        "exp_samples": [{"labels": "{}", "value": sum(figures[namespace])}],
    }
    told = tmp_path / "test.yml"
    told.write_text(yaml.safe_dump({"tests": [{"input_series": series, "promql_expr_test": [asked]}]}))
    done = subprocess.run(["promtool", "test", "rules", str(told)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert scaling["metadata"]["namespace"] == namespace


def test_the_figures_are_read_where_the_api_is() -> None:
    [monitor] = of_kind(rendered("complete"), "PodMonitor")
    taken = [name for name, labels, _ in pods(rendered("complete")) if matches(monitor["spec"]["selector"], labels)]
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    ports = [port["name"] for port in pod("coatcheck-api")["containers"][0]["ports"]]
    assert (taken, endpoint["path"], [endpoint["port"]]) == (["coatcheck-api"], "/metrics", ports)


def test_every_image_has_a_version(manifests: tuple[Manifest, ...]) -> None:
    for container in containers(manifests):
        assert re.search(r":\d+(\.\d+\.\d+|-bookworm)$", container["image"]), container["image"]


def test_the_config_of_redis_loses_nothing() -> None:
    lines = (FOLDER / "components" / "redis" / "redis.conf").read_text().splitlines()
    assert {"appendonly yes", "maxmemory-policy noeviction", "include /run/coatcheck/redis.conf"} <= set(lines)
    assert pod("coatcheck-redis")["containers"][0]["resources"]["limits"]["memory"] == "1536Mi"
    assert "maxmemory 768mb" in lines
