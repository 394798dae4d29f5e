"""Traces (OpenTelemetry) from the request through the queue into the run; where they are off, they cost nothing.

What traces are sent to, and which, is said by the standard variables ``OTEL_*``.
Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from jobs.settings import Settings
from jobs.version import service_version

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

#: What an attribute of a span can be.
Attribute = str | int | float | bool

#: What makes spans in this process; None where traces are off.
_provider: "TracerProvider | None" = None

#: What there is where traces are off; it can be entered any number of times.
_NO_SPAN: "AbstractContextManager[Span | None]" = nullcontext()


def start_tracing(settings: Settings, *, role: str) -> None:
    """Sends the spans of this process, and of those that it forks, to the collector, where the settings want it."""
    global _provider  # noqa: PLW0603 - the one of this process, as OpenTelemetry itself has it
    if not settings.tracing or _provider is not None:
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    _provider = TracerProvider(resource=Resource.create(_about(role)))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # What an analysis traces itself belongs to its run.
    trace.set_tracer_provider(_provider)


def _about(role: str) -> dict[str, str]:
    """What is said of this process, unless the environment says it."""
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    version = {"service.version": service_version()}
    return version if named else {**version, "service.name": f"coatcheck-{role}"}


def is_tracing() -> bool:
    """Whether spans are made in this process."""
    return _provider is not None


def traceparent() -> str:
    """The span that is current here, as others can go on from it; "" where there is none.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header
    """
    if _provider is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


def trace_id() -> str:
    """The id of the trace that is current here, 32 hexadecimal digits; "" where there is none."""
    return traceparent()[3:35]


def span(
    name: str,
    *,
    kind: Literal["internal", "server", "consumer"] = "internal",
    parent: str = "",
    attributes: Mapping[str, Attribute] | None = None,
) -> "AbstractContextManager[Span | None]":
    """A span for as long as this lasts, below the current one, or below ``parent``, a ``traceparent`` of elsewhere.

    Gives None where traces are off. What is raised passes through, and is noted without its text, which may hold data.
    """
    return _NO_SPAN if _provider is None else _made_span(_provider, name, kind, parent, attributes)


@contextmanager
def _made_span(
    provider: "TracerProvider", name: str, kind: str, parent: str, attributes: Mapping[str, Attribute] | None
) -> Iterator["Span"]:
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    with provider.get_tracer("coatcheck", service_version()).start_as_current_span(
        name,
        context=context,
        kind=SpanKind[kind.upper()],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except BaseException as error:
            made.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def mark_failed(made: "Span | None", why: str) -> None:
    """Notes that what this span tells of went wrong; of None nothing is noted."""
    if made is None:
        return
    from opentelemetry.trace import Status, StatusCode

    made.set_status(Status(StatusCode.ERROR, why))


def flush_traces(*, within: float) -> None:
    """Sends what is left, before this process ends; gives up after ``within`` seconds."""
    if _provider is None:
        return
    # The exporter tries for as long as it is told to itself.
    flushing = threading.Thread(target=_provider.force_flush, daemon=True)
    flushing.start()
    flushing.join(within)
