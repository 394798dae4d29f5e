"""The images: what is in them, how large they are, and what a change of the code makes anew."""

import json
import shutil
from pathlib import Path

import pytest
from deployment import ROOT, Deployment

BASE = "python:3.11-slim-bookworm"

#: How much an image may have beside its base, bytes.
MOST = {"api": 200_000_000, "flower": 200_000_000, "worker": 900_000_000}

#: Lists what is installed, as a lock would.
FREEZE = """
from importlib.metadata import distributions
for found in distributions():
    print(f"{found.name.lower().replace('_', '-').replace('.', '-')}=={found.version}")
"""


def image_of(built: Deployment, role: str) -> str:
    return f"coatcheck-{role}:{built.settings['COATCHECK_TAG']}"


def inspected(built: Deployment, image: str) -> dict[str, dict[str, object]]:
    (found,) = json.loads(built.command("docker", "image", "inspect", image))
    return dict(found)


def installed(built: Deployment, role: str) -> dict[str, str]:
    command = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "/opt/coatcheck/bin/python")
    lines = built.command(*command, image_of(built, role), "-c", FREEZE).split()
    return dict(line.split("==") for line in lines)


@pytest.mark.parametrize("role", MOST)
def test_an_image_is_small(built: Deployment, role: str) -> None:
    base, whole = (int(str(inspected(built, image)["Size"])) for image in (BASE, image_of(built, role)))
    print(f"\n{role}: {whole / 1e6:.0f} MB, {(whole - base) / 1e6:.0f} MB over its base")
    assert whole - base < MOST[role]


@pytest.mark.parametrize(
    ("role", "lacks", "has"),
    [
        ("api", {"scikit-learn", "pandas", "numpy", "scipy", "pyarrow", "celery", "pip", "pytest"}, {"flask", "rq"}),
        ("flower", {"scikit-learn", "pandas", "flask", "gunicorn", "pip"}, {"flower", "celery"}),
        ("worker", {"flask-swagger-ui", "gunicorn", "flower", "pip", "pytest"}, {"scikit-learn", "celery", "rq"}),
    ],
)
def test_an_image_has_what_its_role_needs(built: Deployment, role: str, lacks: set[str], has: set[str]) -> None:
    found = set(installed(built, role))
    assert has <= found
    assert not lacks & found


@pytest.mark.parametrize("role", MOST)
def test_what_is_installed_is_what_the_lock_says(built: Deployment, role: str) -> None:
    lock = {line.split(" ;")[0].strip() for line in (ROOT / "requirements.lock").read_text().splitlines() if line}
    found = {f"{name}=={version}" for name, version in installed(built, role).items() if name != "coatcheck-service"}
    assert found <= lock


@pytest.mark.parametrize("role", MOST)
def test_there_is_no_compiler_and_no_installer(built: Deployment, role: str) -> None:
    look = "command -v gcc cc g++ make git || true; ls /root/.cache 2>/dev/null || true"
    command = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image_of(built, role), "-c", look)
    assert built.command(*command) == ""


@pytest.mark.parametrize("role", MOST)
def test_an_image_says_what_it_is(built: Deployment, role: str) -> None:
    config = inspected(built, image_of(built, role))["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["tini", "--", "coatcheck"]
    assert isinstance(config["Labels"], dict)
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_a_change_of_the_code_makes_only_its_own_layers_anew(built: Deployment, tmp_path: Path) -> None:
    for name in ("app", "jobs", "worker", "tasks", "stack"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "client/coatcheck", tmp_path / "client/coatcheck")
    (tmp_path / "deploy").mkdir()
    for name in ("pyproject.toml", "requirements.lock", "README.md", "LICENSE", ".dockerignore", "Dockerfile.api"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "deploy/requirements.py", tmp_path / "deploy")
    with (tmp_path / "app/__init__.py").open("a") as changed:
        changed.write("#: Changed.\nCHANGED = True\n")
    image = "coatcheck-api:compose-test-changed"
    built.command("docker", "build", "--quiet", "-f", f"{tmp_path}/Dockerfile.api", "-t", image, str(tmp_path))
    before, after = (layers(built, name) for name in (image_of(built, "api"), image))
    built.command("docker", "image", "rm", image)
    differing = [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    # The code, and the empty layer of the working folder after it.
    assert differing in ([len(before) - 2], [len(before) - 2, len(before) - 1])


def layers(built: Deployment, image: str) -> list[str]:
    return list(inspected(built, image)["RootFS"]["Layers"])  # type: ignore[call-overload]
