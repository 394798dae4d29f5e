"""The deployment that these tests share: images that are built here, on a real Docker engine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from deployment import ROOT, Deployment
from processes import free_port

#: The folder of the analyses that only these tests have.
ANALYSES = Path(__file__).parent / "analyses"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take minutes and an engine, so `make test-compose` alone runs them."""
    mine = [item for item in items if Path(__file__).parent in item.path.parents]
    if "COMPOSE_TESTS" not in os.environ:
        for item in mine:
            item.add_marker(pytest.mark.skip(reason="it is run by make test-compose"))
    elif not os.environ.get("CI") and (lacking := _lacking()):
        for item in mine:
            item.add_marker(pytest.mark.skip(reason=lacking))


def _lacking() -> str:
    """What keeps these tests from running here; "" for nothing."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    look = subprocess.run(["docker", "compose", "ls"], capture_output=True, text=True, check=False)
    return f"no Docker engine with Compose answers: {look.stderr.strip()}" if look.returncode else ""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The images under a tag of their own; the deployment is not started."""
    name = f"coatcheck-test-{uuid4().hex[:8]}"
    settings = {
        "COATCHECK_TAG": "compose-test",
        "COATCHECK_HTTPS_PORT": str(free_port()),
        "COATCHECK_HTTP_PORT": str(free_port()),
        "COATCHECK_ANALYSES": "tasks,probing",
        "COATCHECK_ANALYSES_DIR": str(ANALYSES),
        # So that a killed worker's job is taken up soon.
        "COATCHECK_LEASE": "6",
        "COATCHECK_STOP_GRACE": "20",
        # The machine that runs the tests may be busy with more than them.
        "COATCHECK_REDIS_TIMEOUT": "5",
    }
    env_file = tmp_path_factory.mktemp("compose") / "env"
    files = (ROOT / "docker-compose.yml", ROOT / "compose.analyses.yml")
    deployment = Deployment(name=name, files=files, settings=settings, env_file=env_file)
    deployment.compose("build", "--quiet")
    return deployment


@pytest.fixture(scope="session")
def deployment(built: Deployment) -> Iterator[Deployment]:
    """Everything running, as `docker compose up -d` leaves it; taken away at the end, volumes too."""
    try:
        built.up()
        yield built
    except BaseException:
        print(built.compose("logs", "--tail", "40"))
        raise
    finally:
        # With what tests have put on top.
        replace(built, files=(*built.files, ROOT / "compose.metrics.yml")).down()
    label = f"label=com.docker.compose.project={built.name}"
    left = [built.command("docker", kind, "ls", "--quiet", "--filter", label) for kind in ("volume", "network")]
    assert [*left, built.command("docker", "ps", "--all", "--quiet", "--filter", label)] == ["", "", ""]


@pytest.fixture(scope="session")
def client(deployment: Deployment) -> Iterator[httpx.Client]:
    """A client with the key that the first start printed."""
    with deployment.client(api_key=deployment.first_key()) as opened:
        yield opened
