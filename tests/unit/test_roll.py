"""Replacing containers one by one, with a stand-in for the engine: which ones are replaced, and by how many."""

import os
import subprocess
from pathlib import Path

ROLL = Path(__file__).parents[2] / "deploy/roll.sh"

#: Containers are the lines of a file, those that `docker compose run` has left of another one.
DOCKER = """#!/bin/sh
set -eu
cd "$(dirname "$0")"
case "$*" in
  "compose ps"*) cat left containers ;;
  "ps "*"--filter label=com.docker.compose.oneoff=True") cat left ;;
  "compose up"*)
    while [ "$1" != --scale ]; do shift; done
    many=${2#*=}
    while [ "$(wc -l <containers)" -lt "$many" ]; do echo "new$(date +%N)" >>containers; done ;;
  "stop "*) echo "$2" >>stopped ;;
  "rm "*) grep -vxF "$2" containers >rest || true; mv rest containers ;;
esac
"""


def rolled(folder: Path, *, containers: str, left: str = "") -> tuple[list[str], list[str]]:
    """What was stopped and what is there when the service was rolled."""
    command = folder / "docker"
    command.write_text(DOCKER)
    command.chmod(0o755)
    (folder / "containers").write_text(containers)
    (folder / "left").write_text(left)
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([ROLL, "api"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return (folder / "stopped").read_text().split(), (folder / "containers").read_text().split()


def test_every_container_is_replaced_by_one(tmp_path: Path) -> None:
    stopped, running = rolled(tmp_path, containers="one\ntwo\n")
    assert stopped == ["one", "two"]
    assert [name[:3] for name in running] == ["new", "new"]


def test_what_a_single_command_left_behind_is_not_counted(tmp_path: Path) -> None:
    stopped, running = rolled(tmp_path, containers="one\n", left="backup\n")
    assert (stopped, len(running)) == (["one"], 1)
