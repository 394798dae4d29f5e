"""The command `coatcheck`: its verbs, plug-ins, exit codes, and the demonstration against a stand-in server."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest
import typer
from client_stand_in import RESULT_PATH, STATUS_PATH, StandIn, standing_in
from typer.testing import CliRunner

import coatcheck
from coatcheck import cli, demonstration
from coatcheck.cli import build_app
from coatcheck.errors import ConnectionLost
from coatcheck.report import walk_lines
from coatcheck.walk import Exchange


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in(StandIn()) as stand_in:
        yield stand_in


def run_demo(url: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "coatcheck", "demo", "--url", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def plug_in(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry_point = EntryPoint(name="extra", value=value, group=cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda *, group: [entry_point])


def extra() -> None:
    """A verb that some other package adds."""
    typer.echo("extra ran")


def test_the_module_runs_like_the_script() -> None:
    done = subprocess.run([sys.executable, "-m", "coatcheck", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "coatcheck")


def test_without_a_verb_the_help_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, "nothing:here")
    result = CliRunner().invoke(build_app(), [])
    assert (result.exit_code, "demo" in result.stdout) == (0, True)


def test_a_plug_in_adds_a_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, f"{__name__}:extra")
    assert CliRunner().invoke(build_app(), ["extra"]).stdout == "extra ran\n"


def test_a_broken_plug_in_costs_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    plug_in(monkeypatch, "no_such_module:verb")
    build_app()
    assert capsys.readouterr().err == (
        "coatcheck extra can't be used: no_such_module:verb: No module named 'no_such_module'\n"
    )


def test_an_expected_failure_is_one_line_and_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_app() -> None:
        raise ConnectionLost("No answer.")

    monkeypatch.setattr(cli, "build_app", lambda: broken_app)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == "No answer."


def test_ctrl_c_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(demonstration, "_runs_at", interrupted)
    assert CliRunner().invoke(build_app(), ["demo"]).exit_code == 130


def test_the_demo_uses_a_server_that_runs(server: StandIn) -> None:
    done = run_demo(server.url)
    assert (done.returncode, f"Using the Coatcheck at {server.url}" in done.stdout) == (0, True)


def test_the_demo_shows_the_walk(server: StandIn) -> None:
    out = run_demo(server.url).stdout
    assert (
        "POST /analysis/train/run\n"
        f"  202  Location: {STATUS_PATH}  Retry-After: 0\n"
        f"GET {STATUS_PATH}\n"
        f"  202 × 2  Location: {STATUS_PATH}  Retry-After: 0\n"  # noqa: RUF001
        f"  303  Location: {RESULT_PATH}\n"
        f"GET {RESULT_PATH}\n"
        "  200\n"
    ) in out


def test_the_demo_shows_the_metrics_beside_the_baseline(server: StandIn) -> None:
    lines = run_demo(server.url).stdout.splitlines()
    assert any(line.replace("│", " ").split() == ["accuracy", "0.9800", "0.0100", "0.4000"] for line in lines)


def test_the_demo_shows_progress_without_a_terminal(server: StandIn) -> None:
    assert "   50 % running: fold 2\n" in run_demo(server.url).stdout


def test_a_failed_job_fails_the_demo_with_its_reason(server: StandIn) -> None:
    server.outcome = (422, {"title": "The analysis rejected its input", "detail": "No column cultivar."})
    done = run_demo(server.url)
    wanted = "The demo failed: The analysis rejected its input: No column cultivar.\n"
    assert (done.returncode, done.stderr.endswith(wanted)) == (1, True)


def test_a_server_without_workers_fails_the_demo(server: StandIn) -> None:
    server.workers = 0
    done = run_demo(server.url)
    assert (done.returncode, "has no worker that is ready" in done.stderr) == (1, True)


def test_polls_that_were_answered_alike_are_one_line() -> None:
    poll = Exchange(method="GET", path="/a", status=202)
    done = Exchange(method="GET", path="/a", status=303, location="http://host/b")
    assert list(walk_lines([poll, poll, poll, done])) == ["GET /a", "  202 × 3", "  303  Location: /b"]  # noqa: RUF001


def test_the_service_s_processes_load_no_http_client() -> None:
    heavy = "{'httpx', 'circus', 'redis', 'celery', 'flask', 'numpy'}"
    code = f"import sys, coatcheck.cli as cli; cli.build_app(); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_every_public_name_can_be_imported() -> None:
    assert all(hasattr(coatcheck, name) for name in coatcheck.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = coatcheck.nothing


def test_a_verb_whose_extra_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> None:
        raise ModuleNotFoundError("No module named 'circus'", name="circus")

    monkeypatch.setattr(cli, "build_app", lambda: lacking)
    with pytest.raises(
        SystemExit, match=r"circus is not installed; `pip install 'coatcheck-service\[api,worker,stack\]'"
    ):
        cli.main()
