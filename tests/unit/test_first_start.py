"""The first start of the containers: its scripts, run with folders of the test's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis.connection import parse_url

SCRIPTS = Path(__file__).parents[2] / "deploy/first-start"


def run(script: str, folder: Path, *, commands: Path) -> "subprocess.CompletedProcess[str]":
    """The script, for this folder instead of the volume; ``commands`` has stand-ins for what it calls."""
    text = (SCRIPTS / script).read_text().replace("/run/coatcheck", str(folder))
    path = os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True, env={**os.environ, "PATH": path})


def test_a_password_is_made_once(tmp_path: Path) -> None:
    runs = [run("make-secrets.sh", tmp_path, commands=tmp_path) for _ in range(2)]
    password = (tmp_path / "redis-password").read_text().strip()
    assert [(done.returncode, done.stdout) for done in runs] == [(0, "Made a password for Redis.\n"), (0, "")]
    assert len(password) == 64
    assert (tmp_path / "redis.conf").read_text() == f'requirepass "{password}"\n'
    assert (tmp_path / "redis-url").read_text() == f"redis://:{password}@redis:6379/0\n"
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}


def test_a_password_of_one_s_own_may_have_any_characters(tmp_path: Path) -> None:
    password = """p@/"\\#%:? ä$x'"""
    (tmp_path / "redis-password").write_text(f"{password}\n", encoding="utf-8")
    done = run("make-secrets.sh", tmp_path, commands=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert parse_url((tmp_path / "redis-url").read_text().strip())["password"] == password
    written = password.replace("\\", r"\\").replace('"', r"\"")
    assert (tmp_path / "redis.conf").read_text(encoding="utf-8") == f'requirepass "{written}"\n'


@pytest.mark.parametrize(
    ("listed", "code", "said"),
    [("echo []", 0, "made\n"), ("echo '[{}]'", 0, ""), ("echo 'Redis is away' >&2; exit 1", 1, "")],
    ids=["no keys", "keys", "nobody knows"],
)
def test_a_key_is_made_only_where_there_is_none_and_not_knowing_is_an_error(
    tmp_path: Path, listed: str, code: int, said: str
) -> None:
    command = tmp_path / "coatcheck"
    command.write_text(f'#!/bin/sh\n[ "$2" = create ] && echo made && exit\n{listed}\n')
    command.chmod(0o755)
    done = run("make-first-key.sh", tmp_path, commands=tmp_path)
    assert (done.returncode, done.stdout) == (code, said)
