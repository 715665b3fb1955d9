"""Logs on standard error: one JSON object per line, or plain text on a terminal. Never a cookie value."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from cookiewarden.core.problem import printable


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": printable(record.getMessage()),
        }
        if exception := exception_of(record):
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False)


class Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        exception = exception_of(record)
        return f"cookiewarden: {record.levelname.lower()}: {printable(record.getMessage())}{exception and f' ({exception})'}"


def exception_of(record: logging.LogRecord) -> str:
    """Type and place of an exception. Not its text: that may hold what a client sent."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = traceback.extract_tb(record.exc_info[2])
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return record.exc_info[0].__name__ + place


def set_up() -> None:
    """Send what cookiewarden and its libraries log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain() if sys.stderr.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("cookiewarden").setLevel(logging.INFO)
