"""What Prometheus scrapes: the figures of the whole service, the same from each of its API processes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial, update_wrapper
from typing import cast

import structlog
from flask import Flask, Response, request
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS_TYPE
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics
from prometheus_client.registry import Collector

from app.answers import NO_STORE
from app.description.operations import Answer, Operation, documented
from app.desk import desk
from app.signals.metric_families import families_of, gauge, labeled_gauge
from app.signals.tally import TALLY
from jobs.api_keys import Scope
from jobs.errors import StoreUnavailable
from jobs.figures import Figures, read_figures
from jobs.settings import Settings
from jobs.version import service_version

log = structlog.get_logger(__name__)

#: The types of the answer; the first is for who names neither.
_TYPES = ("text/plain", _OPEN_METRICS := "application/openmetrics-text")

_HEADERS = [NO_STORE, ("Vary", "Accept")]

_OPERATION = Operation(
    scope=Scope.ADMIN,
    answers={
        200: Answer(
            description="The figures of the whole service, as Prometheus or OpenMetrics writes them.",
            mimetype=", ".join(_TYPES),
            headers=("Vary",),
        )
    },
    heeds=("Accept",),
)


def register_metrics(app: Flask, settings: Settings) -> None:
    """Adds the route; where the service or its figures are open, it asks for no key."""
    is_open = settings.open or settings.metrics_open
    view = update_wrapper(partial(metrics), metrics)
    app.add_url_rule(
        "/metrics", "metrics", documented(replace(_OPERATION, scope=None if is_open else Scope.ADMIN))(view)
    )


def metrics() -> Response:
    """Tell the figures of the service to Prometheus."""
    answer = _Answer(_figures())
    if _prefers_open_metrics():
        return Response(_in_open_metrics(answer), content_type=OPEN_METRICS_TYPE, headers=_HEADERS)
    return Response(generate_latest(answer), content_type=CONTENT_TYPE_PLAIN_0_0_4, headers=_HEADERS)


def _in_open_metrics(answer: Collector) -> bytes:
    return cast("bytes", generate_open_metrics(answer))  # type: ignore[no-untyped-call]


def _prefers_open_metrics() -> bool:
    """Whether it is the first of the two that the client names; its version does not matter, for there is one."""
    named = (name.partition(";")[0].strip().lower() for name, quality in request.accept_mimetypes if quality > 0)
    return next((name for name in named if name in _TYPES), "") == _OPEN_METRICS


def _figures() -> Figures | None:
    """What the store tells, with what this process has counted; None where Redis can't be used now."""
    store = desk().store
    try:
        TALLY.hand_over(store)
        return read_figures(store)
    except StoreUnavailable as error:
        log.warning("metrics.store_unavailable", error=str(error))
        return None


class _Answer(Collector):
    """The families of one answer.

    Without the store there are none of its figures, rather than old ones: a counter that falls is taken for one that
    began anew.
    """

    def __init__(self, figures: Figures | None) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """What the encoders ask for."""
        yield gauge("store_up", "Whether Redis can be used.", float(self._figures is not None))
        about = (service_version(), desk().settings.engine)
        yield labeled_gauge("build_info", "What answers.", ("version", "engine"), {about: 1.0})
        if self._figures is not None:
            yield from families_of(self._figures, desk().catalog)
