"""Errors that are told to Sentry: what nobody expected, with the ids by which the log has the rest.

Only the type of an error and where it was raised leave this service: no text, no variables, no request. Texts and
variables may hold the client's data.
"""

from typing import TYPE_CHECKING, cast

from jobs.settings import Settings
from jobs.version import service_version

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: Whether this process tells its errors.
_on = False

#: What an event says beside its error that is none of Sentry's business.
_PRIVATE = ("request", "user", "extra", "breadcrumbs", "modules", "logentry")


def start_error_reports(settings: Settings, *, role: str) -> None:
    """Tells the errors of this process, and of those that it forks, to Sentry, where the settings name one."""
    global _on  # noqa: PLW0603 - sentry-sdk's client is one of the process, too
    if not settings.sentry_dsn or _on:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        release=f"coatcheck@{service_version()}",
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=_without_data,
    )
    # Of all contexts: a request in the API has one of its own.
    sentry_sdk.get_global_scope().set_tag("role", role)
    _on = True


def report_error(error: BaseException, **tags: str | int) -> None:
    """Tells an error, with what it is found by: ids, names, numbers; where reports are off nothing happens."""
    if not _on:
        return
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        scope.set_tags({name: str(value) for name, value in tags.items()})
        scope.capture_exception(error)


def report_event(message: str, **tags: str | int) -> None:
    """Tells what went wrong where there is no error to tell; the message is always the same for the same thing."""
    if not _on:
        return
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        scope.set_tags({name: str(value) for name, value in tags.items()})
        scope.capture_message(message, level="error")


def flush_reports(*, within: float) -> None:
    """Sends what is left, before this process ends; gives up after ``within`` seconds."""
    if not _on:
        return
    import sentry_sdk

    sentry_sdk.flush(timeout=within)


def _without_data(event: "Event", _hint: "Hint") -> "Event":
    told = cast("dict[str, object]", event)
    # Of a message the text is our own.
    for name in _PRIVATE if "exception" in event else _PRIVATE[:-1]:
        told.pop(name, None)
    for error in cast("dict[str, list[dict[str, object]]]", event.get("exception") or {}).get("values", []):
        error["value"] = ""
    return event
