"""The settings: read once, documented in one table, refused in one line."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from jobs.errors import SettingsError
from jobs.masking import without_password
from jobs.settings import Settings, is_given, load_settings, variable

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in fields(Settings):
        monkeypatch.delenv(variable(setting), raising=False)
        monkeypatch.delenv(f"{variable(setting)}_FILE", raising=False)


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
        ("REDIS_URL", "sentinel://localhost/0"),
        ("BROKER_URL", "kafka://localhost"),
        ("MAX_BODY", "1"),
        ("TIMEOUT", "99999999"),
        ("BLOB_URL", "nosuch://bucket"),
        ("BLOB_URL", "s3://"),
        ("BLOB_URL", "relative/folder"),
        ("ALLOWED_HOSTS", "http://example.org"),
        ("ALLOWED_HOSTS", "example.org:80"),
        ("ALLOWED_HOSTS", "*.example.org"),
        ("CORS_ORIGINS", "example.org"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "https://example.org/"),
        ("CORS_ORIGINS", "https://Example.org"),
        ("CORS_ORIGINS", "https://example.org:443"),
        ("CORS_ORIGINS", "http://example.org:80"),
        ("CORS_ORIGINS", "https://example.org,*"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"COATCHECK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    line = str(refused.value)
    assert line.startswith(f"COATCHECK_{name}={value}: allowed is ")
    assert "\n" not in line


@pytest.mark.parametrize(
    "origin", ["https://example.org", "http://127.0.0.1:8080", "http://[::1]:8080", "https://example.org:80", "*"]
)
def test_origins_are_taken_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("COATCHECK_CORS_ORIGINS", origin)
    assert load_settings().cors_origins == (origin,)


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


def test_a_broker_for_another_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_ENGINE", "rq")
    monkeypatch.setenv("COATCHECK_BROKER_URL", "amqp://localhost")
    with pytest.raises(SettingsError, match="only Celery has a broker of its own, not rq"):
        load_settings()


def test_a_refused_redis_url_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL", "https://me:hunter2@example.org")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_a_file_gives_a_variable_without_the_white_space_around_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "redis-url"
    file.write_text("redis://:hunter2@redis:6379/0\n")
    monkeypatch.setenv("COATCHECK_REDIS_URL", "redis://elsewhere/0")
    monkeypatch.setenv("COATCHECK_REDIS_URL_FILE", str(file))
    assert load_settings().redis_url == "redis://:hunter2@redis:6379/0"


def test_a_wrong_value_of_a_file_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("hunter2")
    monkeypatch.setenv("COATCHECK_PORT_FILE", str(file))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"COATCHECK_PORT_FILE={file}: allowed is a readable file with a whole number")
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COATCHECK_REDIS_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"COATCHECK_REDIS_URL_FILE=.*none: allowed is a readable file"):
        load_settings()


def test_a_setting_is_given_by_its_variable_or_by_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_given("redis_url")
    monkeypatch.setenv("COATCHECK_REDIS_URL_FILE", "/run/redis-url")
    assert is_given("redis_url")
    monkeypatch.delenv("COATCHECK_REDIS_URL_FILE")
    monkeypatch.setenv("COATCHECK_REDIS_URL", "redis://redis/0")
    assert is_given("redis_url")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:s3cret@host:1/0", "redis://:***@host:1/0"),
        ("redis://me:s3cret@host/0", "redis://me:***@host/0"),
        ("redis://host/0", "redis://host/0"),
        ("unix:///tmp/a.sock?db=0", "unix:///tmp/a.sock?db=0"),
        (
            "sentinel://:s3cret@a:1,b:2/0?master=front&sentinel_password=s3cret",
            "sentinel://:***@a:1,b:2/0?master=front&sentinel_password=***",
        ),
        ("rediss://host/0?ssl_password=s3cret&ssl_keyfile=/k", "rediss://host/0?ssl_password=***&ssl_keyfile=/k"),
        ("redis://:s3/cret@host:1/0", "redis://***@host:1/0"),
        ("amqp://me:s3#cr?et@host/", "amqp://***@host/"),
        ("redis://me:4711/s3cret@host/0", "redis://***@host/0"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
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
