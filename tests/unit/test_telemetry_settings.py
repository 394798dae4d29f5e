"""What is wanted beside and not installed stops the start with one line; what is not wanted costs nothing."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec

import pytest

from jobs import telemetry
from jobs.errors import SettingsError
from jobs.settings import Settings, load_settings
from jobs.telemetry import check_telemetry
from jobs.tracing import is_tracing, span, traceparent

DSN = "https://public@sentry.example.org/7"


@pytest.mark.parametrize(
    ("wanted", "package"),
    [({"tracing": True}, "opentelemetry.exporter.otlp.proto.http"), ({"sentry_dsn": DSN}, "sentry_sdk")],
)
def test_what_is_not_installed_is_told_with_what_brings_it(
    wanted: dict[str, object], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(Settings(), **wanted)  # type: ignore[arg-type]
    check_telemetry(settings)
    monkeypatch.setattr(telemetry, "find_spec", lambda name: None if name == package else find_spec(name))
    with pytest.raises(SettingsError, match=r"pip install 'coatcheck-service\["):
        check_telemetry(settings)
    check_telemetry(Settings())


@pytest.mark.parametrize(
    "dsn", ["sentry.example.org", "https://sentry.example.org/7", "https://key@host/project", "ftp://k@h/1"]
)
def test_a_dsn_that_is_none_is_refused(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COATCHECK_SENTRY_DSN", dsn)
    with pytest.raises(SettingsError, match="COATCHECK_SENTRY_DSN"):
        load_settings()


def test_without_tracing_a_span_is_nothing() -> None:
    with span("anything", kind="server", parent="00-" + "1" * 32 + "-" + "1" * 16 + "-01") as made:
        assert (made, is_tracing(), traceparent()) == (None, False, "")


def test_what_is_off_is_not_imported() -> None:
    program: Sequence[str] = (
        "import sys",
        "from app.factory import create_app",
        "from jobs.settings import Settings",
        "from jobs.telemetry import flush_telemetry, start_telemetry",
        "start_telemetry(Settings(), role='api')",
        "create_app(Settings())",
        "flush_telemetry()",
        # redis-py itself looks for parts of OpenTelemetry.
        "heavy = ('opentelemetry.sdk.trace', 'opentelemetry.exporter', 'sentry_sdk')",
        "print([name for name in heavy if name in sys.modules])",
    )
    ran = subprocess.run([sys.executable, "-c", "\n".join(program)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
