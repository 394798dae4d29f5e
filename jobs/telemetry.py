"""What this process tells to services beside: traces and errors; both start and end together."""

from importlib.util import find_spec

from jobs.error_reports import flush_reports, start_error_reports
from jobs.errors import SettingsError
from jobs.settings import PREFIX, Settings
from jobs.tracing import flush_traces, start_tracing

#: How long a process that ends waits for what it has still to tell, seconds.
LAST_WORDS = 2.0


def check_telemetry(settings: Settings) -> None:
    """Looks whether what the settings want is installed; to be called before anything is served.

    Raises:
        SettingsError: it is not.

    """
    for wanted, name, package, extra in (
        (settings.tracing, "TRACING=true", "opentelemetry.exporter.otlp.proto.http", "otel"),
        (settings.sentry_dsn, "SENTRY_DSN", "sentry_sdk", "sentry"),
    ):
        if wanted and not _is_installed(package):
            raise SettingsError(
                f"{PREFIX}{name}: {package} is not installed; pip install 'coatcheck-service[{extra}]' brings it"
            )


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def start_telemetry(settings: Settings, *, role: str) -> None:
    """Begins what the settings want; once begun, it goes on in processes that are forked from this one."""
    start_error_reports(settings, role=role)
    start_tracing(settings, role=role)


def flush_telemetry() -> None:
    """Tells the rest; for the end of a process that ends without Python's own."""
    flush_reports(within=LAST_WORDS)
    flush_traces(within=LAST_WORDS)
