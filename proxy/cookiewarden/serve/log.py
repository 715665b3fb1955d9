"""Logs on standard error: one JSON object per line, or plain text on a terminal. Never a cookie value.

What is logged with `extra={"fields": {...}}` is said in fields of their own beside the message.
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
        return (
            f"{self.name}: {record.levelname.lower()}: "
            f"{printable(record.getMessage())}{told}{exception and f' ({exception})'}"
        )


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


MAX_WAITING = 10_000
"""Lines that wait for a reader of standard error; beyond it they are dropped, and traffic goes on."""
LAST_WORDS_SECONDS = 1.0


class _Waiting(QueueHandler):
    """Hands lines to a thread: a reader that does not read must not stop the event loop."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # the standard one puts an exception's text into the message, and that may hold what was sent

    def enqueue(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(queue.Full):
            self.queue.put_nowait(record)


class _Writing(QueueListener):
    """The thread that writes, past every lock and buffer that the end of the process would wait for."""

    def __init__(self, lines: "queue.Queue[logging.LogRecord]", formatter: logging.Formatter) -> None:
        super().__init__(lines)
        self.formatter = formatter

    def handle(self, record: logging.LogRecord) -> None:
        line = (self.formatter.format(record) + "\n").encode("utf-8", "backslashreplace")
        with contextlib.suppress(OSError):  # a full disk, a closed pipe: nowhere to complain
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
    """Send what cookiewarden and its libraries log to standard error. `worker`: its number, where there are several."""
    if sys.stderr is None:  # closed by whoever started us
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
