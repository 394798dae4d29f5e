"""The settings: read once, documented in one table, refused in one line."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from jobs.errors import SettingsError
from jobs.settings import Settings, load_settings, variable, without_password

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in fields(Settings):
        monkeypatch.delenv(variable(setting), raising=False)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load_settings() == Settings()


def test_a_variable_replaces_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_ANALYSES", "tasks,my_company.analyses")
    monkeypatch.setenv("COATCHECK_PORT", "0")
    assert load_settings().analyses == ("tasks", "my_company.analyses")
    assert load_settings().port == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "70000"),
        ("PORT", ""),
        ("LEASE", "nan"),
        ("LEASE", "-1"),
        ("CONCURRENCY", "0"),
        ("CONCURRENCY", "1.5"),
        ("OPEN", "perhaps"),
        ("LOG_FORMAT", "xml"),
        ("NAMESPACE", "Ä"),
        ("ANALYSES", "a b"),
        ("ANALYSES", ""),
        ("REDIS_URL", "http://example.org"),
        ("REDIS_URL", "localhost:6379"),
        ("MAX_BODY", "1"),
        ("TIMEOUT", "99999999"),
        ("BLOB_URL", "nosuch://bucket"),
        ("BLOB_URL", "s3://"),
        ("BLOB_URL", "relative/folder"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"COATCHECK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert line.startswith(f"COATCHECK_{name}={value}: allowed is ")
    assert "\n" not in line


def test_a_default_time_limit_above_the_largest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_TIMEOUT", "100")
    monkeypatch.setenv("COATCHECK_MAX_TIMEOUT", "50")
    with pytest.raises(SettingsError, match="COATCHECK_TIMEOUT=100: allowed is at most COATCHECK_MAX_TIMEOUT=50"):
        load_settings()


def test_a_heartbeat_that_lets_leases_lapse_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_LEASE", "1")
    monkeypatch.setenv("COATCHECK_HEARTBEAT", "5")
    with pytest.raises(SettingsError, match="COATCHECK_HEARTBEAT=5: allowed is at most a third of COATCHECK_LEASE=1"):
        load_settings()


def test_a_refused_redis_url_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL", "https://me:hunter2@example.org")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:s3cret@host:1/0", "redis://:***@host:1/0"),
        ("redis://me:s3cret@host/0", "redis://me:***@host/0"),
        ("redis://host/0", "redis://host/0"),
        ("unix:///tmp/a.sock?db=0", "unix:///tmp/a.sock?db=0"),
    ],
)
def test_passwords_are_masked_for_logs(url: str, shown: str) -> None:
    assert without_password(url) == shown


def as_shown(default: object) -> str:
    """The default as one would write it into the environment."""
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_the_page_documents_every_setting_with_its_default_and_what_is_allowed() -> None:
    rows = dict(re.findall(r"^\| `(COATCHECK_\w+)` (\|.*\|)$", PAGE.read_text(), re.MULTILINE))
    expected = {variable(setting): setting for setting in fields(Settings)}
    assert set(rows) == set(expected)
    for name, setting in expected.items():
        shown = as_shown(setting.default)
        assert f"| `{shown}` |" in rows[name] or (shown == "" and "| |" in rows[name]), name
        assert setting.metadata["allowed"] in rows[name], name
