"""How this service logs: structlog, a line an event, for people or for machines; Python's own logging joins it."""

import json
import logging
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from jobs.settings import Settings

#: What every event goes through, whoever logged it.
_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)

#: A dataclass is told by its repr, which may hide a secret, and not by all its fields.
_AS_REPR = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def configure_logs(settings: Settings) -> None:
    """Sends every log line of this process to standard error, in the format and from the level of the settings.

    Our own lines go there directly: Python's logging would take most of the time that a line needs. So its handlers and
    loggers' levels see only what libraries log.
    """
    as_json = settings.log_format == "json"
    if as_json and isinstance(sys.stderr, TextIOWrapper):
        # JSON is UTF-8 (RFC 8259, section 8.1), whatever the locale.
        sys.stderr.reconfigure(encoding="utf-8")
    render = _for_machines() if as_json else _for_people()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*_SHARED, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _join(logging.getLogger(), level, render)


def _for_machines() -> list[Processor]:
    return [structlog.processors.format_exc_info, _as_json]


def _for_people() -> list[Processor]:
    # Plain tracebacks: the pretty ones print local variables, and those are the client's data.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    try:
        return orjson.dumps(event, default=repr, option=_AS_REPR).decode()
    except TypeError:
        # Beyond orjson: whole numbers of more than 64 bits, and text that is no UTF-8, as in names of files.
        return json.dumps(event, default=repr, skipkeys=True)


def _join(root: logging.Logger, level: int, render: list[Processor]) -> None:
    """What libraries log through Python's logging comes out in the same format."""
    handler = logging.StreamHandler(sys.stderr)
    finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=list(_SHARED), processors=finish))
    root.handlers[:] = [handler]
    root.setLevel(level)


class _Lines:
    """A logger, and the factory of itself, that writes lines to a stream.

    Each line is one write, which Python's streams keep whole among threads. There is no lock, unlike in structlog's
    own: a fork would leave it locked, and a signal's handler that logs would wait for it for ever.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, *_names: object) -> "_Lines":
        return self

    def msg(self, line: str) -> None:
        # As in Python's logging, what is logged goes on if the log is full or closed, or written to at this moment.
        with suppress(OSError, ValueError, RuntimeError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = warn = error = critical = exception = fatal = log = msg
