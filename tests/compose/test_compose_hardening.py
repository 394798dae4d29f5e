"""What the containers may not do: tried from inside them."""

import json

import httpx
import pytest
from deployment import Deployment

#: Everything that stays running.
SERVICES = ("redis", "api", "worker", "internal", "flower", "proxy")

#: Says of an address whether it can be connected to, in one word; {host} and {port} are filled in.
CONNECT = """
import socket
try:
    socket.create_connection(("{host}", {port}), timeout=3).close()
    print("connected")
except socket.gaierror:
    print("unknown")
except (TimeoutError, ConnectionRefusedError):
    print("no answer")
except OSError as error:
    print("no way" if error.errno in (101, 113) else error)
"""


def address_of(deployment: Deployment, service: str, network: str) -> str:
    """The address of a service's container on one of the networks."""
    (container,) = deployment.containers(service)
    settings = deployment.state(container)["NetworkSettings"]
    assert isinstance(settings, dict)
    return str(settings["Networks"][f"{deployment.name}_{network}"]["IPAddress"])


@pytest.mark.parametrize("host", ["redis", "the address"])
def test_redis_is_not_reached_from_the_front(deployment: Deployment, client: httpx.Client, host: str) -> None:
    place = host if host == "redis" else address_of(deployment, "redis", "back")
    probe = CONNECT.format(host=place, port=6379)
    assert deployment.python(probe, network="back").strip() == "connected"
    assert deployment.python(probe, network="front").strip() in {"unknown", "no answer", "no way"}


@pytest.mark.parametrize("service", ["worker", "redis", "internal"])
def test_the_proxy_does_not_even_know_what_lies_behind_the_api(deployment: Deployment, service: str) -> None:
    (proxy,) = deployment.containers("proxy")
    found = deployment.command("docker", "exec", proxy, "sh", "-c", f"getent hosts {service} || echo unknown")
    assert found.strip() == "unknown"


def test_redis_asks_for_its_password(deployment: Deployment) -> None:
    ask = "import redis; print(redis.Redis('redis').ping())"
    with pytest.raises(AssertionError, match="AuthenticationError"):
        deployment.python(ask, network="back")


def test_analyses_have_no_way_out(deployment: Deployment, client: httpx.Client) -> None:
    # An address for documentation (RFC 5737): nobody answers there, but whoever has a way out waits for an answer.
    probe = CONNECT.format(host="192.0.2.1", port=443)
    assert deployment.python(probe, network="back").strip() == "no way"


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_root_or_gains_rights(deployment: Deployment, client: httpx.Client, service: str) -> None:
    (container, *_) = deployment.containers(service)
    status = deployment.command("docker", "exec", container, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_written_beside_the_volumes(deployment: Deployment, client: httpx.Client, service: str) -> None:
    (container, *_) = deployment.containers(service)
    for folder in ("/", "/etc", "/usr/local/bin", "/opt"):
        told = f"touch {folder}/mark 2>&1 || true"
        assert "Read-only" in deployment.command("docker", "exec", "--user", "0", container, "sh", "-c", told)


@pytest.mark.parametrize("service", SERVICES)
def test_everything_is_limited(deployment: Deployment, client: httpx.Client, service: str) -> None:
    (container, *_) = deployment.containers(service)
    limits = deployment.state(container)["HostConfig"]
    assert isinstance(limits, dict)
    assert limits["Memory"] > 0
    assert limits["NanoCpus"] > 0
    assert limits["PidsLimit"] > 0


def test_the_password_stands_in_no_environment_and_no_command(deployment: Deployment, client: httpx.Client) -> None:
    (redis,) = deployment.containers("redis")
    password = deployment.command("docker", "exec", redis, "cat", "/run/coatcheck/redis-password").strip()
    assert len(password) == 64
    for service in SERVICES:
        for container in deployment.containers(service):
            assert password not in json.dumps(deployment.state(container))
            assert password not in deployment.command("docker", "top", container)
