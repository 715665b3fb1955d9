"""Which kind of recording a file is, and its exchanges."""

import codecs
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.flows import read_flows
from cookiewarden.tools.recordings.har import read_har
from cookiewarden.tools.recordings.heads import Heads
from cookiewarden.tools.recordings.json_stream import Utf8
from cookiewarden.tools.recordings.logs import Logs
from cookiewarden.tools.recordings.recorded import ANYWHERE, Account, NoTraffic, Recorded

MAX_LINE = 1 << 20
"""Octets of a line of text; the rest counts as another line."""
PEEKED = 1 << 16


def recorded(path: Path, at: Exchange = ANYWHERE, account: Account | None = None) -> Iterator[Recorded]:
    """Yield the exchanges of a file, of any supported kind. Raises NoTraffic.

    Args:
        at: the place of text that does not name its own.
        account: gets counts of the exchanges, and of the parts that were left out.
    """
    account = account if account is not None else Account()
    try:
        with path.open("rb") as raw:
            file = _as_utf8(raw)
            beginning = file.peek(PEEKED)[:PEEKED].lstrip()
            for one in _read(file, path, at, account, beginning):
                account.add(one)
                yield one
    except OSError as error:
        raise NoTraffic(f'cannot read "{path}": {(error.strerror or "error").lower()}') from None


def _read(file: io.BufferedReader, path: Path, at: Exchange, account: Account, beginning: bytes) -> Iterator[Recorded]:
    if re.match(rb"[0-9]+:", beginning):
        return read_flows(file, path)
    if beginning.startswith(b"{") and not _is_json_line(beginning):
        return read_har(file, path, account)
    return _read_text(file, path, at, account)


def _is_json_line(beginning: bytes) -> bool:
    """Check whether a file that begins with `{` has one JSON object per line: a log, not a HAR."""
    first, newline, _ = beginning.partition(b"\n")
    if not newline and len(beginning) >= PEEKED:
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return not (isinstance(found, dict) and isinstance(found.get("log"), dict))


def _as_utf8(file: io.BufferedReader) -> io.BufferedReader:
    """Decode UTF-16 by its byte order mark or by its zeros; drop the mark of UTF-8."""
    begin = file.peek(4)[:4]
    if begin.startswith(codecs.BOM_UTF8):
        file.read(3)
        return file
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.BufferedReader(Utf8(file, "utf-16"))
    if len(begin) == 4 and begin[0] and begin[2] and not begin[1] and not begin[3]:
        return io.BufferedReader(Utf8(file, "utf-16-le"))
    if len(begin) == 4 and begin[1] and begin[3] and not begin[0] and not begin[2]:
        return io.BufferedReader(Utf8(file, "utf-16-be"))
    return file


def _read_text(file: io.BufferedReader, path: Path, at: Exchange, account: Account) -> Iterator[Recorded]:
    """Yield the exchanges of saved heads and of access logs, line by line."""
    heads, logs = Heads(at, account), Logs(at, account)
    account.unit = "line"
    found = binary = False
    for line in iter(lambda: file.readline(MAX_LINE), b""):
        text = line.rstrip(b"\n")
        binary = binary or b"\0" in text
        is_head, ended = heads.take(text)
        for one in [*ended, *(() if is_head else logs.take(text))]:
            found = True
            yield one
    for one in heads.rest():
        found = True
        yield one
    if not found and not account.notes:
        fault = "is binary" if binary else "has no Set-Cookie or Cookie header"
        raise NoTraffic(
            f'"{path}" {fault}; give a HAR file, a flow file of mitmproxy, an access log with cookies, '
            "or text as from curl -i"
        )
