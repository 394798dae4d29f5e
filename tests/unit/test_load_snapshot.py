"""Loading a snapshot where it goes wrong, with stand-ins for Redis' programs; a test of the backup runs real ones."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/load-snapshot.sh"

#: Notes its process id, and ends or lives on once the client has asked for the append-only file.
SERVER = """#!/bin/sh
cd {folder}
echo $$ >server
until [ -e switched ]; do sleep 0.05; done
[ {lives} = yes ] && exec sleep 60
"""

#: Says what a server says whose rewriting goes on, or has failed; nothing where the server is gone.
CLIENT = """#!/bin/sh
cd {folder}
kill -0 "$(cat server)" 2>/dev/null || exit 1
case "$3" in
  ping) echo PONG ;;
  config) : >switched ;;
  info) printf 'aof_rewrite_in_progress:{goes_on}\\naof_rewrite_scheduled:0\\naof_last_bgrewrite_status:err\\n' ;;
esac
"""


@pytest.mark.parametrize(
    ("lives", "goes_on", "said"), [("no", 1, "the server has ended"), ("yes", 0, "it could not be written")]
)
def test_what_goes_wrong_ends_it_and_its_server(tmp_path: Path, lives: str, goes_on: int, said: str) -> None:
    for name, text in (("redis-server", SERVER), ("redis-cli", CLIENT)):
        program = tmp_path / name
        program.write_text(text.format(folder=tmp_path, lives=lives, goes_on=goes_on))
        program.chmod(0o755)
    (tmp_path / "snapshot.rdb").write_bytes(b"REDIS")
    (tmp_path / "data").mkdir()
    # A file and no pipe, which a server that is left behind would hold open.
    with (tmp_path / "errors").open("w") as errors:
        done = subprocess.run(
            ["sh", SCRIPT, tmp_path / "snapshot.rdb", tmp_path / "data"],
            env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.DEVNULL,
            stderr=errors,
            timeout=30,
        )
    assert done.returncode == 1
    assert said in (tmp_path / "errors").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "server").read_text()), 0)
