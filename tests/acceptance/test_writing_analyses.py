"""docs/writing-analyses.md, done as a newcomer does it: every block of the page, in its order, in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running_stack import RunningStack, clean_environment

PAGE = Path(__file__).parents[2] / "docs" / "writing-analyses.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A block whose first line names a file is that file.
FILE = re.compile(r"# (\S+\.(?:py|toml))\n")
#: The address that the page uses.
URL = "http://127.0.0.1:8000"
#: What the installed package offers, run by the test kit in a process that finds nothing but the installation.
INSTALLED = """
from tasks import load_catalog
from tasks.testing import run
catalog = load_catalog(["tasks"], heavy=True)
for name in ("bootstrap", "correlate", "middle", "spread"):
    analysis = catalog[name]
    params = {"column": "petal length (cm)"} if name == "middle" else analysis.example()
    print(name, analysis.place, sorted(run(analysis, data="iris", params=params).result))
"""


@dataclass
class Newcomer:
    """Somebody who copies block after block into a terminal."""

    folder: Path
    stack: RunningStack

    def follow(self, language: str, text: str) -> None:
        """Do what a block says: write the file, run the commands, or run the program."""
        file = FILE.match(text)
        if file is not None:
            path = self.folder / file[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif language == "sh" and "coatcheck up" in text:
            self._serve(text)
        elif language in ("sh", "python"):
            here = text.replace(URL, self.stack.url) if URL in text else text
            self.run(*(("sh", "-e", "-c") if language == "sh" else (sys.executable, "-c")), here, PYTHONPATH=".")
        else:
            raise AssertionError(f"nobody can run this {language} block:\n{text}")

    def run(self, *command: str, **environment: str) -> str:
        # What `pip install .` needs in order to leave this environment as it is, and to load nothing.
        pip = {"PIP_TARGET": "site", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "off", "PIP_QUIET": "1"}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = clean_environment(PATH=programs, **pip, **environment)
        done = subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _serve(self, text: str) -> None:
        *settings, program, verb = shlex.split(text)
        assert (program, verb) == ("coatcheck", "up")
        environment = dict(setting.split("=", 1) for setting in settings)
        environment["PYTHONPATH"] = str(self.folder / environment["PYTHONPATH"])
        self.stack.environment = environment
        self.stack.start()


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A newcomer who has followed the whole page, with the service still running."""
    stack = RunningStack(folder=tmp_path_factory.mktemp("stack"))
    one = Newcomer(folder=tmp_path_factory.mktemp("project"), stack=stack)
    try:
        for language, text in BLOCK.findall(PAGE.read_text()):
            one.follow(language, text)
        yield one
    finally:
        stack.end()


def test_every_block_of_the_page_works(newcomer: Newcomer) -> None:
    written = {str(path.relative_to(newcomer.folder)) for path in newcomer.folder.glob("spread/**/*.py")}
    assert {"spread/spread.py", "spread/middle.py", "spread/bootstrap.py", "spread/correlate/analysis.py"} <= written


def test_an_installed_package_is_found_by_its_entry_point(newcomer: Newcomer) -> None:
    found = newcomer.run(sys.executable, "-P", "-c", INSTALLED, PYTHONPATH="site")
    assert found.splitlines() == [
        "bootstrap spread.bootstrap.bootstrap ['lower', 'mean', 'partial', 'rounds', 'upper']",
        "correlate spread.correlate.params.correlate ['correlation', 'p_value']",
        "middle spread.middle.middle ['mean', 'median']",
        "spread spread.spread.spread ['column', 'counts', 'edges', 'mean', 'missing', 'rows']",
    ]


def test_a_service_finds_the_installed_package_without_any_setting(newcomer: Newcomer, tmp_path: Path) -> None:
    stack = RunningStack(folder=tmp_path, environment={"PYTHONPATH": str(newcomer.folder / "site")})
    try:
        stack.start()
        program = f"""
from coatcheck import Client
with Client("{stack.url}") as client:
    params = {{"first": "sepal length (cm)", "second": "petal length (cm)"}}
    print(client.submit("correlate", data={{"builtin": "iris"}}, params=params).result()["correlation"])
"""
        assert float(newcomer.run(sys.executable, "-c", program)) == pytest.approx(0.8717537758865832)
    finally:
        stack.end()
