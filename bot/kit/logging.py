"""Logs for machines: one JSON object a line, with no personal data in it."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_SECRET = re.compile(
    r"(whsec_\w+|[sr]k_(?:live|test)_\w+|Bearer\s+\S+|\b\d{8,}\b|[\w.+-]+@[\w-]+\.[\w.]+)"
)


def scrub(text: str) -> str:
    """Take keys, tokens, long numbers and e-mail addresses out of `text`."""
    return _SECRET.sub("[removed]", text)


class JsonFormatter(logging.Formatter):
    """A log line: `at`, `level`, `event`, whatever the caller gave in `extra={"data": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON, scrubbed."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": scrub(record.getMessage()),
        }
        line |= getattr(record, "data", {})
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str = "INFO") -> None:
    """Send every log of this process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "apscheduler", "rasa_sdk", "stripe"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
