"""Which kind of recording a file is, and its exchanges."""

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.policy.problem import counted
from cookiewarden.tools.recordings.fields import is_log_line
from cookiewarden.tools.recordings.flows import read_flows
from cookiewarden.tools.recordings.har import NotHar, read_har
from cookiewarden.tools.recordings.heads import Heads
from cookiewarden.tools.recordings.json_shapes import MAX_DEPTH
from cookiewarden.tools.recordings.json_stream import TooLarge, Utf8, records
from cookiewarden.tools.recordings.logs import Logs
from cookiewarden.tools.recordings.mentions import is_named
from cookiewarden.tools.recordings.recorded import ANYWHERE, Account, Note, NoTraffic, Recorded

MAX_LINE = 1 << 20
"""Octets of a line of text; longer lines are left out, and counted."""
PEEKED = 1 << 16


class CountedFile(io.FileIO):
    """A file that reports the number of octets of each read."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path)
        self._on_read = on_read

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self._on_read(count or 0)
        return count


def recorded(
    path: Path,
    at: Exchange = ANYWHERE,
    account: Account | None = None,
    on_read: Callable[[int], None] = lambda octets: None,
) -> Iterator[Recorded]:
    """Yield the exchanges of a file, of any supported kind. Raises NoTraffic.

    Args:
        at: the place of text that does not name its own.
        account: gets counts of the exchanges, and of the parts that were left out.
        on_read: gets the number of octets of each read of the file.
    """
    account = account if account is not None else Account()
    try:
        with io.BufferedReader(CountedFile(path, on_read), PEEKED) as raw:
            for one in _read(_plain(raw, path), path, at, account):
                account.add(one)
                if not _HOST.fullmatch(one.exchange.host):
                    account.miss(Note.CUT)
                if at == ANYWHERE and one.exchange.host == ANYWHERE.host and not account.is_har:
                    account.notes[Note.NO_HOST] += 1
                yield one
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise NoTraffic(f'"{path}" is a damaged gzip file; using the exchanges before that place') from None
    except OSError as error:
        raise NoTraffic(f'cannot read "{path}": {(error.strerror or "error").lower()}') from None


_HOST = re.compile(rb"[^\s\\\"';,]*[^\s\\\"';,.]")
"""A host of a request; a dot or a backslash at its end is of a tool that writes line ends."""
_LOOSE = re.compile(rb"(?:set-?cookie|(?<![\w.-])cookie)[\"'\]]{0,2}\s{0,8}[:=]\s{0,8}[^\s\"'\[{,;]", re.IGNORECASE)
_HEADER_LINE = re.compile(rb"^\s{0,64}(?:set-)?cookie: ?\S", re.IGNORECASE)
_FLOWS = re.compile(rb"(?:0|[1-9][0-9]*):(?![0-9]{2}(?::[0-9]{2}|\s))(?:[0-9]+:|[^\s0-9])")
"""The length of a flow, which is not the time of a line. It has no zeros before it, as numbers of HAProxy have."""
_JSON = re.compile(rb'\{\s*["}]|\[\s*(?:[\[{\]]|"(?:[^"\\]|\\.)*"\s*[,\]])')
_YAML = re.compile(rb"(?:---[^\n]*\n)?(?:responses|interactions|http_interactions):[ \t]*\r?\n")
"""The first key of a file of `responses`, VCR or Betamax."""
MAX_YAML = 50_000_000
"""Maximum octets of such a file."""
_OTHERS = {
    b"PK\x03\x04": "is a zip archive (Fiddler, Playwright and Proxyman write such files); unpack it, or export a HAR",
    b"BZh": "is compressed; unpack it with bunzip2",
    b"\xfd7zXZ": "is compressed; unpack it with unxz",
    b"\x28\xb5\x2f\xfd": "is compressed; unpack it with unzstd",
    b"\x0a\x0d\x0d\x0a": "is a capture of packets (pcapng); export a HAR instead",
    b"\xd4\xc3\xb2\xa1": "is a capture of packets (pcap); export a HAR instead",
    b"<?xml": "is XML, such as an export of Burp; export a HAR instead",
    b"# Netscape HTTP Cookie File": "is a cookie file of curl or a browser, without headers; record with curl -v",
}
"""Files that people have instead, by their first octets."""


def _plain(raw: "io.BufferedReader[Any]", path: Path) -> "io.BufferedReader[Any]":
    """Unpack gzip and decode to UTF-8. Raises NoTraffic for a kind of file that cannot be read."""
    file = io.BufferedReader(gzip.GzipFile(fileobj=raw), PEEKED) if raw.peek(2)[:2] == b"\x1f\x8b" else raw
    file = _as_utf8(file)
    for begin, fault in _OTHERS.items():
        if file.peek(len(begin))[: len(begin)] == begin:
            raise NoTraffic(f'"{path}" {fault}')
    return file


def _read(file: "io.BufferedReader[Any]", path: Path, at: Exchange, account: Account) -> Iterator[Recorded]:
    beginning = file.peek(PEEKED)[:PEEKED].lstrip()
    if _FLOWS.match(beginning):
        yield from read_flows(file, path)
    elif _YAML.match(beginning):
        yield from _read_yaml(file, path, at, account)
    elif _JSON.match(beginning) and not _is_json_line(beginning):
        yield from _read_json(file, path, at, account)
    else:
        yield from _read_text(file, path, at, account)


def _read_json(file: "io.BufferedReader[Any]", path: Path, at: Exchange, account: Account) -> Iterator[Recorded]:
    """Yield the exchanges of a HAR, or of JSON records that span lines."""
    try:
        yield from read_har(file, path, account)
        return
    except NotHar as error:
        other = error
    account.unit = "record"
    logs = Logs(at, account)
    found = False
    with io.BufferedReader(io.FileIO(path), PEEKED) as raw:
        try:
            for number, record in enumerate(records(_plain(raw, path)), 1):
                account.place = number
                for one in logs.record(record):
                    found = True
                    yield one
        except TooLarge:
            raise NoTraffic(f"{other}; to read it as a log, write one record per line (jq -c)") from None
    if not found and not account.notes.total():
        raise other


def _read_yaml(file: "io.BufferedReader[Any]", path: Path, at: Exchange, account: Account) -> Iterator[Recorded]:
    """Yield the exchanges of a recording in YAML. Long values are folded there, so that lines are not header lines."""
    text = file.read(MAX_YAML + 1)
    if len(text) > MAX_YAML:
        raise NoTraffic(f'"{path}" is larger than {MAX_YAML // 1_000_000} MB; record a HAR file')
    try:
        _refuse_unsafe(text, path)
        data = yaml.load(text, Loader=_YAML_LOADER)  # noqa: S506 (it makes only texts, lists and dictionaries)
    except yaml.YAMLError:
        raise NoTraffic(f'"{path}" is not valid YAML; record a HAR file') from None
    account.unit = "record"
    logs = Logs(at, account)
    records = [one for value in data.values() if isinstance(value, list) for one in value]
    for number, record in enumerate(records, 1):
        account.place = number
        if isinstance(record, dict):
            yield from logs.record(record)


def _refuse_unsafe(text: bytes, path: Path) -> None:
    """Raise NoTraffic for YAML that takes more memory than its text, or a deeper stack than the process has."""
    depth = 0
    for event in yaml.parse(text, Loader=_YAML_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise NoTraffic(f'"{path}" has YAML aliases, which are not read; record a HAR file')
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise NoTraffic(f'"{path}" has more than {MAX_DEPTH} levels; record a HAR file')


_YAML_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def _is_json_line(beginning: bytes) -> bool:
    """Check whether a file that begins with `{` has one JSON object per line: a log, not a HAR."""
    first, newline, rest = beginning.partition(b"\n")
    if not newline and len(beginning) >= PEEKED:
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):  # a line of a log can have a fault, or escapes that JSON does not have
        is_line = first.rstrip().endswith(b"}") and (not rest.strip() or rest.startswith(b"{"))
        return is_line and b'"entries"' not in first
    if not isinstance(found, dict) or isinstance(found.get("log"), dict) or isinstance(found.get("entries"), list):
        return False
    request = found.get("request")
    return not (isinstance(request, dict) and "url" in request and "headers" in request and "response" in found)


def _as_utf8(file: "io.BufferedReader[Any]") -> "io.BufferedReader[Any]":
    """Decode UTF-16 by its byte order mark or by its zeros; drop the mark of UTF-8."""
    begin = file.peek(4)[:4]
    if begin.startswith(codecs.BOM_UTF8):
        file.read(3)
        return file
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.BufferedReader(Utf8(file, "utf-16"), PEEKED)
    if len(begin) == 4 and begin[0] and begin[2] and not begin[1] and not begin[3]:
        return io.BufferedReader(Utf8(file, "utf-16-le"), PEEKED)
    if len(begin) == 4 and begin[1] and begin[3] and not begin[0] and not begin[2]:
        return io.BufferedReader(Utf8(file, "utf-16-be"), PEEKED)
    return file


def _read_text(file: "io.BufferedReader[Any]", path: Path, at: Exchange, account: Account) -> Iterator[Recorded]:
    """Yield the exchanges of saved heads and of access logs, line by line."""
    heads, logs = Heads(at, account), Logs(at, account)
    account.unit = "line"
    found = binary = False
    is_rest = False
    loose = first_loose = 0
    while line := file.readline(MAX_LINE):
        account.place += not is_rest
        was_rest, is_rest = is_rest, len(line) >= MAX_LINE and not line.endswith(b"\n")
        if is_rest or was_rest:
            account.miss(Note.TOO_LONG)
            continue
        text = line.rstrip(b"\r\n")
        if b"\0" in text:
            binary = True
            if is_named(text):
                account.miss(Note.UNKNOWN_FORM)
            continue
        is_head, made = heads.take(text)
        if (_HEADER_LINE if heads.in_body else _LOOSE).search(text):
            loose += 1
            first_loose = first_loose or account.place
        if is_head or (heads.in_body and not is_log_line(text)):
            logs.skip()
        elif of_log := list(logs.take(text)):
            made += of_log
            heads.in_body = False
        for one in made:
            found = True
            yield one
    yield from logs.rest()
    for one in heads.end():
        found = True
        yield one
    if not found and (binary or not account.notes.total()):
        fault = "is binary" if binary else "has no Set-Cookie or Cookie header"
        if loose and not binary:
            verb = "contains" if loose == 1 else "contain"
            fault = (
                f"is not understood: {counted(loose, 'line')} {verb} Set-Cookie or Cookie in a form that is not known; "
                f"the first is line {first_loose}"
            )
        raise NoTraffic(
            f'"{path}" {fault}; give a HAR file, a flow file of mitmproxy, an access log with cookies, '
            "or text as from curl -i"
        )
