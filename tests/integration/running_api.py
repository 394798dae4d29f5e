"""The API as a process of its own, for tests that speak to it over a socket."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from uuid import uuid4

import requests
from waiting import eventually

#: The program that is the command `coatcheck api`.
API = ("-c", "import typer; from app.command import api; typer.run(api)")

#: The program that runs the same server around views of the tests.
STREAMING = (str(Path(__file__).parent / "streaming_server.py"),)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running API."""

    process: "subprocess.Popen[str]"
    port: int
    log: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def speak(self, said: bytes) -> bytes:
        """What the server answers to these bytes until it hangs up."""
        with self.connect() as connection:
            connection.sendall(said)
            return heard(connection)

    def logged(self, *words: str, within: float = 15.0) -> str:
        """The first line of the log with all of these words, as soon as it is there."""
        return eventually(
            lambda: next((line for line in self.log if all(word in line for word in words)), ""),
            within=within,
            saying=f"{words} was not logged",
        )


def heard(connection: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def command(*arguments: str, program: tuple[str, ...] = API, **variables: str) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COATCHECK_")}
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env={**kept, **{f"COATCHECK_{name}": value for name, value in variables.items()}},
        cwd=Path(__file__).parents[1],
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_api(redis_url: str, folder: Path, *, program: tuple[str, ...] = API, **variables: str) -> Iterator[Running]:
    """An API on a free port, from when it answers until the end of the block."""
    place = {"REDIS_URL": redis_url, "NAMESPACE": f"test-{uuid4().hex[:12]}", "DATA_DIR": str(folder)}
    process = command(program=program, **{"PORT": "0", "OPEN": "true", **place, **variables})
    assert process.stderr is not None
    log: list[str] = []
    reader = Thread(target=lambda: log.extend(iter(process.stderr.readline, "")), daemon=True)
    reader.start()
    try:
        line = eventually(lambda: next((line for line in log if "listening" in line), ""), within=60)
        running = Running(process=process, port=int(re.search(r"port=(\d+)", line)[1]), log=log)
        eventually(lambda: _answers(running), within=60)
        yield running
    finally:
        process.terminate()
        process.wait(20)
        reader.join()
        process.stderr.close()


def _answers(running: Running) -> bool:
    try:
        return requests.get(f"{running.url}/livez", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
