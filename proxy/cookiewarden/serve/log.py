"""Logs on standard error: one JSON object per line, or plain text on a terminal. Never a cookie value.

What is logged with `extra={"fields": {...}}` is said in fields of their own beside the message.
"""

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

from cookiewarden.core.problem import printable


class JsonLines(logging.Formatter):
    def __init__(self, worker: int | None = None) -> None:
        """`worker`: its number, where there are several."""
        super().__init__()
        self.worker: dict[str, object] = {} if worker is None else {"worker": worker}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self.worker,
            "message": printable(record.getMessage()),
            **fields_of(record),
        }
        if exception := exception_of(record):
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False)


class Plain(logging.Formatter):
    def __init__(self, worker: int | None = None) -> None:
        super().__init__()
        self.name = "cookiewarden" if worker is None else f"cookiewarden worker {worker}"

    def format(self, record: logging.LogRecord) -> str:
        exception = exception_of(record)
        told = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        return f"{self.name}: {record.levelname.lower()}: {printable(record.getMessage())}{told}{exception and f' ({exception})'}"


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """What was said in fields, fit to print."""
    fields: Mapping[str, object] = getattr(record, "fields", {})
    return {name: printable(value) if isinstance(value, str) else value for name, value in fields.items()}


def exception_of(record: logging.LogRecord) -> str:
    """Type and place of an exception. Not its text: that may hold what a client sent."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = traceback.extract_tb(record.exc_info[2])
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return record.exc_info[0].__name__ + place


def set_up(worker: int | None = None) -> None:
    """Send what cookiewarden and its libraries log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain(worker) if sys.stderr.isatty() else JsonLines(worker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("cookiewarden").setLevel(logging.INFO)
