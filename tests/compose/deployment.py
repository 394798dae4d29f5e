"""A deployment by Docker Compose: its commands, its containers and the way in through its proxy."""

import json
import os
import re
import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]

#: How long building the images or starting everything may take on a busy machine, seconds.
PATIENCE = 900.0


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One Compose project of its own name, ports, networks and volumes."""

    name: str
    #: The Compose files, the base first.
    files: tuple[Path, ...]
    #: What Compose and the service are told, as in a ``.env``.
    settings: Mapping[str, str]
    #: Where that is written.
    env_file: Path

    @property
    def url(self) -> str:
        """The way in."""
        return f"https://localhost:{self.settings['COATCHECK_HTTPS_PORT']}"

    def command(self, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
        """Runs a program with the environment of the deployment; returns what it printed on its output."""
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("COATCHECK_", "COMPOSE_"))
        }
        environment = {
            **inherited,
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": os.pathsep.join(map(str, self.files)),
            "COMPOSE_ENV_FILES": str(self.env_file),
            "COATCHECK_ENV_FILE": str(self.env_file),
            **(extra or {}),
        }
        done = subprocess.run(
            arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def compose(self, *arguments: str) -> str:
        """One command of Docker Compose."""
        return self.command("docker", "compose", *arguments)

    def up(self, *arguments: str) -> None:
        """Starts what is not running yet, and waits until everything is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "400", *arguments)

    def down(self) -> None:
        """Takes everything away, volumes too."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")

    def containers(self, service: str) -> list[str]:
        """The ids of the running containers of a service."""
        return self.compose("ps", "--quiet", service).split()

    def state(self, container: str) -> dict[str, object]:
        """What the engine knows of a container."""
        (found,) = json.loads(self.command("docker", "inspect", container))
        return dict(found)

    def logs(self, service: str) -> str:
        """What a service has logged, without the names of its containers."""
        # Compose moves the cursor about, whether or not there is one.
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.compose("logs", "--no-log-prefix", "--no-color", service))

    def written_by(self, container: str) -> str:
        """What one container has logged; its errors' output, where logs go to."""
        done = subprocess.run(
            ["docker", "logs", container], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return done.stderr

    def first_key(self, service: str = "first-key") -> str:
        """The API key that the first start printed."""
        (key,) = re.findall(r"\bck_[\w-]{20,}", self.logs(service))
        return key

    def client(self, *, api_key: str | None = None) -> httpx.Client:
        """A client that trusts the proxy's own authority, and no other."""
        authority = self.compose("exec", "-T", "proxy", "cat", "/data/caddy/pki/authorities/local/root.crt")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        context = ssl.create_default_context(cadata=authority)
        return httpx.Client(base_url=self.url, verify=context, headers=headers, timeout=30)

    def crash(self, container: str) -> None:
        """Kills the container's own process, which no command of the engine does without meaning it to stay dead."""
        state = self.state(container)["State"]
        assert isinstance(state, dict)
        image = f"coatcheck-api:{self.settings['COATCHECK_TAG']}"
        kill = f"import os, signal; os.kill({state['Pid']}, signal.SIGKILL)"
        as_root = ("--pid", "host", "--user", "0", "--cap-add", "KILL")
        self.command("docker", "run", "--rm", *as_root, "--entrypoint", "python", image, "-c", kill)

    def python(self, code: str, *, network: str) -> str:
        """Runs Python in a container of its own on one of the deployment's networks; returns what it printed."""
        image = f"coatcheck-api:{self.settings['COATCHECK_TAG']}"
        place = f"{self.name}_{network}"
        return self.command("docker", "run", "--rm", "--network", place, "--entrypoint", "python", image, "-c", code)


def finished(client: httpx.Client, status_url: str, *, within: float = 90.0) -> dict[str, object]:
    """The document of a job when it is final; asks as often as the service says, but at least each half second."""
    ends = time.monotonic() + within
    while True:
        answer = client.get(status_url)
        if answer.status_code == 303:
            return dict(answer.json())
        assert answer.status_code == 202, answer.text
        assert time.monotonic() < ends, f"not final within {within:g} s: {answer.text}"
        time.sleep(min(0.5, float(answer.headers["retry-after"])))
