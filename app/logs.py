"""Technical logs: structured, by allow-list, so that no secret can slip into one."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset({
    "event", "level", "timestamp", "logger", "case", "person", "code", "phase", "index", "count", "bytes",
    "seconds", "port", "address", "error", "source", "step", "name", "state", "pid", "attempt", "version",
    "digest", "root",
})  # fmt: skip


def _only_allowed(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in entry.items() if key in ALLOWED}


def configure(level: str = "INFO") -> None:
    """Send logs to standard error, one line each, with the allowed keys only."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> Any:
    """A logger bound to a module's name."""
    return structlog.get_logger().bind(logger=name)
