"""Logs on standard error: one JSON object per line, or plain text on a terminal. Cookie values are never logged.

The items of `extra={"fields": {...}}` become separate fields beside the message.
"""

import contextlib
import json
import logging
import os
import queue
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener

from cookiewarden.core.policy.problem import printable


class JsonLines(logging.Formatter):
    def __init__(self, worker: int | None = None) -> None:
        """Create a formatter. `worker`: the number of the worker process, if there are several."""
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
        return (
            f"{self.name}: {record.levelname.lower()}: "
            f"{printable(record.getMessage())}{told}{exception and f' ({exception})'}"
        )


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return the extra fields of a record, with strings made safe to print."""
    fields: Mapping[str, object] = getattr(record, "fields", {})
    return {name: printable(value) if isinstance(value, str) else value for name, value in fields.items()}


def exception_of(record: logging.LogRecord) -> str:
    """Return the type and place of an exception. Its text is left out, because it may contain data from a client."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = traceback.extract_tb(record.exc_info[2])
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return record.exc_info[0].__name__ + place


MAX_WAITING = 10_000
"""Number of lines that wait for a slow reader of standard error. Further lines are dropped; traffic is not delayed."""
LAST_WORDS_SECONDS = 1.0


class _Waiting(QueueHandler):
    """A handler that passes lines to the writing thread, so that a blocked reader does not stop the event loop."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # the base class adds the exception's text to the message, and that may contain client data

    def enqueue(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(queue.Full):
            self.queue.put_nowait(record)


class _Writing(QueueListener):
    """The thread that writes the lines. It bypasses locks and buffers that could block the end of the process."""

    def __init__(self, lines: "queue.Queue[logging.LogRecord]", formatter: logging.Formatter) -> None:
        super().__init__(lines)
        self.formatter = formatter

    def handle(self, record: logging.LogRecord) -> None:
        line = (self.formatter.format(record) + "\n").encode("utf-8", "backslashreplace")
        with contextlib.suppress(OSError):  # a full disk or a closed pipe cannot be reported anywhere
            while line:
                line = line[os.write(sys.stderr.fileno(), line) :]

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            with contextlib.suppress(queue.Full):
                self.enqueue_sentinel()
            thread.join(LAST_WORDS_SECONDS)


@contextlib.contextmanager
def to_standard_error(worker: int | None = None) -> Iterator[None]:
    """Log cookiewarden and its libraries to standard error. `worker`: the worker's number, if there are several."""
    if sys.stderr is None:  # the parent process closed it
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (for as long as the process lives)
    formatter = Plain(worker) if sys.stderr.isatty() else JsonLines(worker)
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MAX_WAITING)
    root = logging.getLogger()
    root.handlers[:] = [_Waiting(lines)]
    root.setLevel(logging.WARNING)
    logging.getLogger("cookiewarden").setLevel(logging.INFO)
    writing = _Writing(lines, formatter)
    writing.start()
    try:
        yield
    finally:
        writing.stop()
