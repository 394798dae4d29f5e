"""`coatcheck new`: the analysis that it writes runs at once, and nothing that exists is touched."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from stack.scaffold.plan import NewRefused, plan_files

#: Runs an analysis of the catalog by the test kit, in a process that has just started.
THROUGH_THE_CATALOG = """
import sys
from tasks import load_catalog
from tasks.testing import run
name, package = sys.argv[1:]
analysis = load_catalog(["tasks", package], heavy=True)[name]
outcome = run(analysis, data="iris", params=analysis.example())
print(analysis.place, sum(outcome.result["counts"]), *outcome.figures)
"""


def new(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command as a person does, in a folder."""
    command = [sys.executable, "-P", "-m", "coatcheck", "new", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=environment())


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COATCHECK_", "PYTEST_"))}
    return kept | more


def through_the_catalog(name: str, package: str, *, folder: Path, path: str = ".") -> str:
    command = [sys.executable, "-P", "-c", THROUGH_THE_CATALOG, name, package]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, env=environment(PYTHONPATH=path)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new analysis `spread`, and what the command said."""
    folder = tmp_path_factory.mktemp("project")
    done = new("spread", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    (folder / "said.txt").write_text(done.stdout)
    return folder


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))


def test_a_package_a_module_and_a_test_are_written(written: Path) -> None:
    assert files_in(written) == ["spread/__init__.py", "spread/spread.py", "tests/test_spread.py"]
    assert "Wrote spread/__init__.py, spread/spread.py, tests/test_spread.py." in (written / "said.txt").read_text()


def test_the_test_command_that_is_printed_passes(written: Path) -> None:
    command = next(line for line in (written / "said.txt").read_text().splitlines() if "pytest" in line)
    strict = f"{command} -W error -p no:cacheprovider"
    done = subprocess.run(
        ["sh", "-c", strict], cwd=written, capture_output=True, text=True, timeout=120, env=environment()
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_catalog_finds_it_and_its_example_runs(written: Path) -> None:
    assert through_the_catalog("spread", "spread", folder=written) == "spread.spread.spread 150 histogram"


def test_the_service_and_its_first_job_are_said(written: Path) -> None:
    said = (written / "said.txt").read_text()
    assert re.search(r"PYTHONPATH=\. COATCHECK_ANALYSES=tasks,spread \S*coatcheck up", said)
    curl = shlex.split(next(line for line in said.splitlines() if "curl" in line))
    assert curl[2] == "http://127.0.0.1:8000/analysis/spread/run"


def test_reading_its_parameters_loads_nothing_heavy(written: Path) -> None:
    code = "import spread.spread, sys; print({'numpy', 'pandas', 'altair'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=written, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_what_is_written_is_formatted_and_sorted(written: Path) -> None:
    ruff = [Path(sys.executable).with_name("ruff")]
    checks = (
        ["format", "--check", "--line-length", "120"],
        ["check", "--select", "E,F,I,UP,B", "--line-length", "120"],
    )
    for check in checks:
        done = subprocess.run([*ruff, *check, "--isolated", "."], cwd=written, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_another_one_joins_a_package_in_a_src_folder(tmp_path: Path) -> None:
    package = tmp_path / "src" / "acme" / "analyses"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    done = new("spread", "--into", "src/acme/analyses", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PYTHONPATH=src COATCHECK_ANALYSES=tasks,acme.analyses" in done.stdout
    assert {"src/acme/analyses/spread.py", "tests/test_spread.py"} <= {*files_in(tmp_path)}
    found = through_the_catalog("spread", "acme.analyses", folder=tmp_path, path="src")
    assert found == "acme.analyses.spread.spread 150 histogram"


def test_a_name_that_the_package_has_already_is_refused(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    source = "from tasks import analysis\n\n\n@analysis\ndef spread() -> int:\n    return 1\n"
    (tmp_path / "acme" / "__init__.py").write_text(source)
    done = new("spread", "--into", "acme", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "coatcheck new: there is an analysis 'spread' already (acme.spread); choose another name.\n"
    assert files_in(tmp_path) == ["acme/__init__.py"]


def test_a_name_of_a_built_in_analysis_is_refused(tmp_path: Path) -> None:
    done = new("train", folder=tmp_path)
    assert (done.returncode, files_in(tmp_path)) == (1, [])
    assert "there is an analysis 'train' already (tasks.train.params.train)" in done.stderr


def test_existing_files_stay_as_they_are(written: Path) -> None:
    before = {name: (written / name).read_text() for name in files_in(written)}
    done = new("spread", "--into", "spread", folder=written)
    assert done.returncode == 1
    assert "already there: spread/spread.py, tests/test_spread.py; nothing was written." in done.stderr
    assert {name: (written / name).read_text() for name in files_in(written)} == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("My Share", "Try my_share."),
        ("9", "begins with a-z"),
        ("a" * 65, "at most 64 characters"),
        ("schön", "can't be used"),
        ("../up", "Try up."),
        ("class", "a word of Python itself"),
        ("match", "a word of Python itself"),
        ("json", "there is a module 'json' already"),
        ("tasks", "there is a module 'tasks' already"),
        ("run", "has a meaning in the files or in pytest"),
        ("test_it", "has a meaning in the files or in pytest"),
    ],
)
def test_a_name_that_can_not_be_used_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NewRefused, match=re.escape(said)):
        plan_files(name, into=None)


def test_a_folder_that_is_no_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NewRefused, match=r"is no package: it has no __init__\.py"):
        plan_files("spread", into=tmp_path)


def test_a_package_that_can_not_be_imported_by_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my-analyses").mkdir()
    (tmp_path / "my-analyses" / "__init__.py").touch()
    with pytest.raises(NewRefused, match="'my-analyses' is no name of a package"):
        plan_files("spread", into=tmp_path / "my-analyses")


def test_a_file_that_can_not_be_written_takes_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tests").touch()
    with pytest.raises(NewRefused, match="can't be written"):
        plan_files("spread", into=None).write()
    assert files_in(tmp_path) == []
