"""Operation: more containers, killed containers, and an upgrade while clients work."""

import re
from collections import Counter
from dataclasses import replace

import httpx
import pytest
from deployment import Deployment, finished
from traffic import Traffic
from waiting import eventually


@pytest.fixture
def scaled(deployment: Deployment, client: httpx.Client) -> Deployment:
    """Three API containers and two workers; left so for the tests that follow."""
    deployment.up("--no-recreate", "--scale", "api=3", "--scale", "worker=2")
    assert len(deployment.containers("api")) == 3
    assert len(deployment.containers("worker")) == 2
    return deployment


def served(deployment: Deployment, path: str) -> Counter[str]:
    """How many requests of this path each API container has logged."""
    counts: Counter[str] = Counter()
    for container in deployment.containers("api"):
        lines = deployment.written_by(container).splitlines()
        counts[container] = sum(f'"{path}"' in line and '"request"' in line for line in lines)
    return counts


def test_more_containers_share_the_work_without_an_edit(scaled: Deployment, client: httpx.Client) -> None:
    def all_have_answered() -> bool:
        assert client.get("/analysis/pause").status_code == 200
        counts = served(scaled, "/analysis/pause")
        return len(counts) == 3 and all(counts.values())

    eventually(all_have_answered, within=60, saying="Not every API container was asked")
    assert client.get("/readyz").json()["workers"] >= 2


def test_a_killed_api_costs_no_request_that_can_be_repeated_and_comes_back(
    scaled: Deployment, client: httpx.Client
) -> None:
    victim, *_ = scaled.containers("api")
    scaled.crash(victim)
    for _ in range(50):
        assert client.get("/analysis/pause").status_code == 200
    eventually(lambda: started_again(scaled, victim), within=240, saying="The container did not come back")


def test_a_job_of_a_killed_worker_is_run_again(scaled: Deployment, client: httpx.Client) -> None:
    job = client.post("/analysis/pause/run", json={"params": {"seconds": 25}}).json()
    running = eventually(lambda: running_on(scaled, client, job["id"]), within=60, saying="It did not start")
    scaled.crash(running)
    ended = finished(client, f"/queuedResource/{job['id']}/status", within=180)
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)
    eventually(lambda: started_again(scaled, running), within=240, saying="The worker did not come back")


def test_a_killed_redis_comes_back_with_every_job_and_key(scaled: Deployment, client: httpx.Client) -> None:
    done = client.post("/analysis/pause/run", json={"params": {"seconds": 0}}).json()
    finished(client, f"/queuedResource/{done['id']}/status")
    queued = client.post("/analysis/pause/run", json={"params": {"seconds": 3}}).json()
    (redis,) = scaled.containers("redis")
    # What is written is on the disk after a second (appendfsync everysec).
    eventually(lambda: is_running(client, queued["id"]), within=60, saying="It did not start")
    scaled.crash(redis)
    eventually(lambda: started_again(scaled, redis), within=240, saying="Redis did not come back")
    eventually(lambda: client.get("/readyz").status_code == 200, within=60, saying="The API did not find it again")
    assert client.get(f"/jobs/{done['id']}").json()["status"] == "succeeded"
    assert finished(client, f"/queuedResource/{queued['id']}/status")["status"] == "succeeded"


def test_an_upgrade_under_load_fails_no_request_and_loses_no_job(scaled: Deployment, client: httpx.Client) -> None:
    before = {service: set(scaled.containers(service)) for service in ("api", "worker", "internal")}
    key = client.headers["authorization"].removeprefix("Bearer ")
    with Traffic(scaled, key) as traffic:
        eventually(lambda: len(traffic.ends) >= 20 or traffic.failures, within=120, saying="There is no load")
        told = scaled.command("deploy/roll.sh", "worker", "internal", "api", extra={"ROLL_PATIENCE": "400"})
    after = {service: set(scaled.containers(service)) for service in before}
    assert {service: len(found) for service, found in after.items()} == {"api": 3, "worker": 2, "internal": 1}
    assert all(not before[service] & after[service] for service in before)
    assert len(re.findall("^roll: replaced", told, re.MULTILINE)) == 6
    assert traffic.failures == []
    assert Counter(traffic.ends.values()).keys() == {"succeeded"}


def test_an_upgrade_that_can_not_start_leaves_the_old_containers(scaled: Deployment, client: httpx.Client) -> None:
    before = scaled.containers("worker")
    broken = replace(scaled, settings={**scaled.settings, "COATCHECK_LEASE": "never"})
    with pytest.raises(AssertionError, match="the old ones stay") as refused:
        broken.command("deploy/roll.sh", "worker", "api", extra={"ROLL_PATIENCE": "30"})
    assert "COATCHECK_LEASE=never: allowed is seconds" in str(refused.value)
    assert sorted(scaled.containers("worker")) == sorted(before)
    job = client.post("/analysis/pause/run", json={"params": {"seconds": 0}}).json()
    assert finished(client, f"/queuedResource/{job['id']}/status")["status"] == "succeeded"


def started_again(deployment: Deployment, container: str) -> bool:
    """Whether the engine has started the container anew, and it is healthy."""
    found = deployment.state(container)
    state = found["State"]
    assert isinstance(state, dict)
    return bool(found["RestartCount"]) and state["Running"] and state["Health"]["Status"] == "healthy"


def is_running(client: httpx.Client, job: str) -> bool:
    return bool(client.get(f"/jobs/{job}").json()["status"] == "running")


def running_on(deployment: Deployment, client: httpx.Client, job: str) -> str:
    """The worker's container that has logged that it runs the job; "" as long as none has."""
    if not is_running(client, job):
        return ""
    containers = deployment.containers("worker")
    return next((one for one in containers if job in deployment.written_by(one)), "")
