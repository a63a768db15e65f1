"""What a service says: one JSON object a line on standard error, and nothing about requests that went well."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from .context import current

log = logging.getLogger("sockshop")


class JsonLines(logging.Formatter):
    """Writes a record as JSON, with the traceback of its error and the id of the trace at hand."""

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
    """Send all that is logged to standard error; of other people's packages, warnings and worse."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("sockshop").setLevel(logging.INFO)
    # Pika tells of every attempt to connect with a traceback of its own; the publisher and the consumer say it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


class Condition:
    """Whether ``store`` works. Logs when it ceases to and when it does again, once each."""

    def __init__(self, store: str) -> None:
        self._store = store
        self.trouble = ""

    def tell(self, error: Exception | None) -> None:
        """Take notice of an attempt that failed with ``error``, or went well."""
        trouble = repr(error) if error else ""
        if trouble and not self.trouble:
            log.warning("%s does not work: %s", self._store, trouble)
        elif self.trouble and not trouble:
            log.info("%s works", self._store)
        self.trouble = trouble
