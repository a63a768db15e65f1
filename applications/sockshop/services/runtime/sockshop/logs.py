"""A service's log: one JSON object a line on standard error, without successful requests."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from .context import current

log = logging.getLogger("sockshop")


class JsonLines(logging.Formatter):
    """Writes a record as JSON, with the traceback of its error and the id of the current trace."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "message": record.getMessage(),
        }
        context = current.get()
        if context is not None:
            line["trace"] = context.trace_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up(service: str) -> None:
    """Log to standard error; of third-party packages only warnings and errors."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("sockshop").setLevel(logging.INFO)
    # Pika logs every failed connection attempt with a traceback; the publisher and the consumer log it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


class Condition:
    """Whether ``store`` works. Logs each failure and each recovery once."""

    def __init__(self, store: str) -> None:
        self._store = store
        self.trouble = ""

    def tell(self, error: Exception | None) -> None:
        """Record an attempt that succeeded, or failed with ``error``."""
        trouble = repr(error) if error else ""
        if trouble and not self.trouble:
            log.warning("%s does not work: %s", self._store, trouble)
        elif self.trouble and not trouble:
            log.info("%s works", self._store)
        self.trouble = trouble
