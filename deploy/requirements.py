"""Prints what the project needs with the extras that are named: an image's dependencies, without the project's code."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
for extra in sys.argv[1].split(","):
    project["dependencies"] += project["optional-dependencies"][extra]
print(*sorted(set(project["dependencies"])), sep="\n")
