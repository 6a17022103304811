"""Structured logs that cannot carry content: only named fields pass, and only values that cannot hold any.

Our own events are fixed words with fields from :data:`FIELDS`; another name is dropped and counted. What
libraries log is reduced to its template: of the arguments only numbers remain. A message that the logging
code does not hold as a constant was put together from what it handled: only its place is told. An exception
is its type and where it arose, never its message, because messages quote what they choked on.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import FrameType, TracebackType
from typing import Any, Final

import structlog

from safelight.server.config import Config

FIELDS: Final = frozenset(
    {
        "call", "case", "check", "code", "count", "duration_ms", "error", "event", "family", "how",
        "item", "job", "kind", "level", "limit", "logger", "method", "occurrence", "outcome", "person",
        "pid", "process", "reason", "report", "request", "request_id", "route", "seconds", "sequence",
        "size", "starts", "status", "timestamp", "where", "withheld",
    }
)  # fmt: skip
"""Every field that a log line may have. Records are named by their UUIDs."""

_LONGEST: Final = 200
_ARGUMENTS: Final = "safelight_arguments"
_FIXED: Final = "safelight_fixed"
_HASH_LIKE: Final = re.compile(r"[0-9A-Fa-f]{16,}|[A-Za-z0-9+/_=-]{40,}")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{0,100}")
_PLACEHOLDER: Final = re.compile(r"%(?:\(\w+\))?[-#0 +]*[\d.]*[a-zA-Z]")
WITHHELD: Final = "[withheld]"

_Event = MutableMapping[str, Any]


def configure_logs(config: Config, process: str) -> None:
    """Send the logs of this process to standard error, as the settings say."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if config.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
    ]
    structlog.configure(
        processors=[*shared, only_allowed, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_keep_arguments)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[template_only, *shared],
            processors=[
                only_allowed,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log_level.upper())
    # Python's own hooks would print the message of an exception that nobody caught.
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    structlog.get_logger("safelight").critical("uncaught error", exc_info=(kind, error, trace))


def _named(process: str) -> Any:  # noqa: ANN401 - structlog's processors
    def add(_logger: Any, _method: str, event: _Event) -> _Event:  # noqa: ANN401
        event.setdefault("process", process)
        return event

    return add


def only_allowed(_logger: Any, _method: str, event: _Event) -> _Event:  # noqa: ANN401 - structlog's processors
    """Drop every field that is not in :data:`FIELDS`, and whatever in a value looks like a hash."""
    error = event.pop("exc_info", None)
    kept = {name: value for name, value in event.items() if name in FIELDS or name.startswith("_")}
    withheld = len(event) - len(kept)
    for name, value in kept.items():
        if not name.startswith("_"):
            kept[name] = _request_id(value) if name == "request_id" else _harmless(value)
    if withheld:
        kept["withheld"] = withheld
    if found := _error(error):
        kept["error"], kept["where"] = found
    return kept


def template_only(_logger: Any, _method: str, event: _Event) -> _Event:  # noqa: ANN401 - structlog's processors
    """Of a library's record: its template with numbers filled in, its logger, and its exception."""
    record: logging.LogRecord = event["_record"]
    if getattr(record, _FIXED):
        event["event"] = _filled(str(record.msg), getattr(record, _ARGUMENTS))
    else:
        event["event"] = "a message that was put together"
        event["where"] = f"{record.filename}:{record.lineno}"
    event["logger"] = record.name
    event["exc_info"] = record.exc_info
    # Django names the path in its messages; how the request ended is enough.
    if record.name.startswith("django.request"):
        event["event"], event["status"] = "request failed", getattr(record, "status_code", None)
    return event


def _keep_arguments(record: logging.LogRecord) -> bool:
    """Where structlog, which clears them, leaves them; and whether the message is a constant of the code.

    Called in the thread that logs, so the code that logs is still to be found on its stack.
    """
    setattr(record, _ARGUMENTS, record.args)
    setattr(record, _FIXED, _is_constant(record))
    return True


def _is_constant(record: logging.LogRecord) -> bool:
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - as logging itself finds its caller
    while frame is not None:
        code = frame.f_code
        if code.co_name == record.funcName and code.co_filename == record.pathname:
            return isinstance(record.msg, str) and record.msg in code.co_consts
        frame = frame.f_back
    return False


def _filled(template: str, args: object) -> str:
    values = iter(args) if isinstance(args, tuple) else iter(())

    def fill(_match: re.Match[str]) -> str:
        value = next(values, None)
        return str(value) if isinstance(value, int | float) else "…"

    return _PLACEHOLDER.sub(fill, template) if args else template


def _request_id(value: object) -> object:
    """A hotline's own name for one of our requests, which may look like a hash and has to be quoted whole."""
    text = str(value)
    return text if _REQUEST_ID.fullmatch(text) else WITHHELD


def _harmless(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)[:_LONGEST]
    if _UUID.fullmatch(text):
        return text
    return _HASH_LIKE.sub(WITHHELD, text)


def _error(error: object) -> tuple[str, str] | None:
    """The type of an exception and the lines of code it came through."""
    if error is True:
        error = sys.exc_info()
    if isinstance(error, BaseException):
        error = (type(error), error, error.__traceback__)
    if not isinstance(error, tuple) or error[0] is None:
        return None
    frames: TracebackType | None = error[2]
    where = [f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in traceback.extract_tb(frames)]
    return f"{error[0].__module__}.{error[0].__qualname__}", " ".join(where[-8:])
