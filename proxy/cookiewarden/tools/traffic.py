"""Recorded traffic: HAR files, flow files of mitmproxy, and text with header lines. Files of any size are streamed."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Exchange, Header


class NoTraffic(Exception):
    """Reason why a file cannot be read as traffic; exit code 3."""


@dataclass(slots=True)
class Recorded:
    """A request and its response."""

    exchange: Exchange
    asked: list[Header] = field(default_factory=list)
    answered: list[Header] = field(default_factory=list)
    at: float = 0.0
    """Time in seconds since the epoch; 0 if unknown."""

    @property
    def url(self) -> str:
        """URL without its query."""
        path = self.exchange.target.partition(b"?")[0]
        return ("https://" if self.exchange.https else "http://") + (self.exchange.host + path).decode(
            "utf-8", "backslashreplace"
        )


BOM = b"\xef\xbb\xbf"


ANYWHERE = Exchange(b"localhost")


def recorded(path: Path, at: Exchange = ANYWHERE) -> Iterator[Recorded]:
    """Read the exchanges of a HAR file, a flow file or a text. `at` is the URL of text without a Host. Raises
    NoTraffic, for a damaged file after the exchanges before the damage."""
    try:
        with path.open("rb") as file:
            if file.peek(3)[:3] == BOM:
                file.read(3)
            beginning = file.peek(4096)[:4096].lstrip()
            kind = _kind(beginning)
            yield from _text(file, path, at) if kind == "text" else _READERS[kind](file, path)
    except OSError as error:
        raise NoTraffic(f'cannot read "{path}": {(error.strerror or "error").lower()}') from None


def _kind(beginning: bytes) -> str:
    if re.match(rb'\{\s*"log"', beginning):
        return "har"
    if re.match(rb"[0-9]+:", beginning):
        return "flows"
    return "text"


# HAR

NEEDED = frozenset({"startedDateTime", "request.method", "request.url"})


def _har(file: IO[bytes], path: Path) -> Iterator[Recorded]:
    """Parse a HAR as a stream of events: bodies are not kept, and a truncated file yields its complete exchanges."""
    import ijson  # type: ignore[import-untyped]

    entry = "log.entries.item"
    facts: dict[str, str] = {}
    headers: dict[str, list[Header]] = {}
    name = ""
    is_har = False
    numbers = _ShortNumbers(file)
    try:
        for prefix, event, value in _shallow(ijson.basic_parse(numbers)):
            if prefix == "log.entries" and event == "start_array":
                is_har = True
            if prefix == entry and event == "start_map":
                facts, headers = {}, {"request": [], "response": []}
            elif prefix == entry and event == "end_map":
                if made := _entry(facts, headers):
                    yield made
            elif event == "string" and prefix.startswith(entry):
                key = prefix[len(entry) + 1 :]
                side, _, rest = key.partition(".")
                if key in NEEDED:
                    facts[key] = value
                elif rest == "headers.item.name":
                    name = value
                elif rest == "headers.item.value" and side in headers:
                    headers[side] += [(_octets(name), _octets(one)) for one in value.split("\n")]
    except ijson.JSONError:
        what = "is truncated" if numbers.has_ended else "is not valid JSON"
        raise NoTraffic(f'"{path}" {what}; using the exchanges before that place') from None
    except UnicodeDecodeError:
        raise NoTraffic(f'"{path}" is not valid JSON (not UTF-8); using the exchanges before that place') from None
    if not is_har:
        raise NoTraffic(f'"{path}" is not a HAR file: log.entries is missing')


MAX_DIGITS = 300
"""Digits kept of a JSON number: parsers may refuse longer ones, or crash at 100,000. Numbers in a HAR are not used."""
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9]{%d,}" % MAX_DIGITS)
_DIGITS = b"0123456789"


class _ShortNumbers:
    """JSON file whose numbers are cut to MAX_DIGITS. Strings are not changed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._held = b""
        """End of the previous piece that may begin a long number or an escape."""
        self._in_string = False
        self.has_ended = False
        """True after the whole file was read. An error then means that the file is truncated."""

    def read(self, size: int = -1) -> bytes:
        """Return the next octets, or b"" at the end of the file."""
        while True:
            data = self._file.read(size)
            text, self._held = self._held + data, b""
            if data:
                text = self._hold(text)
            text = self._cut(text)
            if text or not data or size == 0:
                self.has_ended = not text and size != 0
                return text

    def _hold(self, text: bytes) -> bytes:
        """Hold back the end of a piece until the next piece is read."""
        kept = text.rstrip(_DIGITS)
        if len(kept) == len(text):
            kept = text.rstrip(b"\\")
            self._held = text[len(kept) :]
        elif self._in_string_after(kept):
            return text
        else:
            self._held = text[len(kept) :][:MAX_DIGITS]
        return kept

    def _in_string_after(self, text: bytes) -> bool:
        return self._in_string != bool(_ESCAPE.sub(b"", text).count(b'"') % 2)

    def _cut(self, text: bytes) -> bytes:
        parts: list[bytes] = []
        at = 0
        for number in _LONG_NUMBER.finditer(text):
            before = text[at : number.start()]
            self._in_string = self._in_string_after(before)
            parts += (before, number[0] if self._in_string else number[0][:MAX_DIGITS])
            at = number.end()
        self._in_string = self._in_string_after(text[at:])
        return b"".join([*parts, text[at:]])


MAX_DEPTH = 12
"""Maximum nesting that is parsed; the headers of a HAR have depth 7."""
_BEGINS, _ENDS = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})


def _shallow(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Yield the events of `ijson.parse`, without those nested deeper than MAX_DEPTH. Prefixes take memory in the square
    of the depth, and exhaust it at a depth of 100,000."""
    path: list[str] = []
    below = 0
    for event, value in events:
        if below or (event in _BEGINS and len(path) >= MAX_DEPTH):
            below += (event in _BEGINS) - (event in _ENDS)
        elif event == "map_key":
            path[-1] = value
        elif event in _ENDS:
            path.pop()
            yield ".".join(path), event, value
        else:
            yield ".".join(path), event, value
            if event in _BEGINS:
                path.append("item" if event == "start_array" else "")


def _entry(facts: dict[str, str], headers: dict[str, list[Header]]) -> Recorded | None:
    exchange = exchange_of_url(facts.get("request.url", ""), facts.get("request.method", "GET"))
    if exchange is None:
        return None
    try:
        at = datetime.fromisoformat(facts.get("startedDateTime", "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        at = 0.0
    # RFC 9113 8.3: pseudo-header fields begin with a colon
    plain = {side: [h for h in found if not h[0].startswith(b":")] for side, found in headers.items()}
    exchange = Exchange(exchange.host, exchange.target, exchange.https, plain["request"], exchange.method)
    return Recorded(exchange, plain["request"], plain["response"], at)


def exchange_of_url(url: str, method: str = "GET") -> Exchange | None:
    """Return the exchange of an HTTP URL, or None for other URLs."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Exchange(_octets(host), _octets(target), parts.scheme == "https", (), _octets(method))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape" if text.isprintable() else "backslashreplace").replace(b"\r", b"")


# mitmproxy


def _flows(file: IO[bytes], path: Path) -> Iterator[Recorded]:
    try:
        from mitmproxy.exceptions import FlowReadException
        from mitmproxy.http import HTTPFlow
        from mitmproxy.io import FlowReader
    except ImportError:
        raise NoTraffic(
            f"\"{path}\" looks like a flow file; to read it, install mitmproxy: pip install 'cookiewarden[mitm]'"
        ) from None
    declared = re.match(rb"([0-9]+):", file.peek(20))  # type: ignore[attr-defined]
    if declared is None or len(declared[1]) > 15 or int(declared[1]) > path.stat().st_size:
        raise NoTraffic(f'"{path}" is a damaged flow file (shorter than its first length field)')
    try:
        for flow in FlowReader(file).stream():
            if isinstance(flow, HTTPFlow):
                yield _flow(flow)
    except FlowReadException as error:
        raise NoTraffic(
            f'"{path}" is not a flow file of this mitmproxy ({error}); using the flows before that place'
        ) from None
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        AssertionError,
        MemoryError,
        OverflowError,
    ) as error:
        raise NoTraffic(
            f'"{path}" is a damaged flow file ({type(error).__name__}); using the flows before that place'
        ) from None


def _flow(flow: Any) -> Recorded:
    request, response = flow.request, flow.response
    asked = [(bytes(name), bytes(value)) for name, value in request.headers.fields]
    answered = [(bytes(name), bytes(value)) for name, value in response.headers.fields] if response else []
    exchange = Exchange(
        request.pretty_host.encode(),
        request.path.encode("utf-8", "surrogateescape"),
        request.scheme == "https",
        asked,
        request.method.encode(),
    )
    return Recorded(exchange, asked, answered, request.timestamp_start or 0.0)


# Text

_REQUEST_LINE = re.compile(rb"(?:> )?([A-Z]+) (\S+) HTTP/[0-9.]+\s*")
_STATUS_LINE = re.compile(rb"(?:< )?HTTP/[0-9.]+ [0-9]{3}.*")
_HEADER = re.compile(rb"(?:[<>*] )?(set-cookie|cookie|host|date)[ \t]*:[ \t]*(.*?)[ \t]*\r?", re.IGNORECASE)
# Fields of access logs with a custom format: cookie="…", "http_cookie":"…", set_cookie=[…]
_LOGGED = re.compile(
    rb'(?:^|[\s{,"\'(])((?:sent_http_|http_)?(?:set[-_])?cookie)["\']?\s*[=:]\s*["\'\[]([^"\'\]]*)["\'\]]',
    re.IGNORECASE,
)
MAX_LINE = 1 << 20


def _text(file: IO[bytes], path: Path, at: Exchange) -> Iterator[Recorded]:
    """Read output of `curl -i` and `curl -v`, saved heads, and access logs with cookies."""
    heads = _Heads(at)
    found = binary = False
    for line in _lines(file):
        binary = binary or b"\0" in line
        for one in heads.take(line):
            found = True
            yield one
    for one in heads.rest():
        found = True
        yield one
    if not found:
        kind = "is binary" if binary else "has no Set-Cookie or Cookie header"
        raise NoTraffic(f'"{path}" {kind}; give a HAR file, a flow file of mitmproxy, or text as from curl -i')


MAX_HEAD = 1000
"""Maximum cookie lines of a head; further lines start a new one."""


class _Heads:
    """Requests and responses assembled from lines of text."""

    def __init__(self, at: Exchange) -> None:
        self.exchange = at
        self._begin()

    def _begin(self, is_head: bool = False, is_answer: bool = False) -> None:
        self.asked: list[Header] = []
        self.answered: list[Header] = []
        self.at = 0.0
        self.is_head, self.is_answer = is_head, is_answer

    def take(self, line: bytes) -> Iterator[Recorded]:
        """Read a line, and yield the exchange that it completes."""
        if request := _REQUEST_LINE.fullmatch(line):
            yield from self.rest()
            target = request[2] if request[2].startswith(b"/") else b"/"
            self.exchange = Exchange(self.exchange.host, target, self.exchange.https, (), request[1])
            self._begin(is_head=True)
        elif _STATUS_LINE.fullmatch(line):
            if self.is_answer or not self.is_head:
                yield from self.rest()
            self.is_head = self.is_answer = True
        elif header := _HEADER.fullmatch(line):
            yield from self._header(header[1].lower(), header[2])
        else:
            for logged in _LOGGED.finditer(line):
                yield from self._header(b"set-cookie" if b"set" in logged[1].lower() else b"cookie", logged[2])
                yield from self.rest()

    def _header(self, name: bytes, value: bytes) -> Iterator[Recorded]:
        if name == b"host":
            self.exchange = replace(self.exchange, host=value)
        elif name == b"date":
            self.at = float(parse_cookie_date(value) or 0)
        else:
            if not self.is_head or len(self.asked) + len(self.answered) >= MAX_HEAD:
                yield from self._ended()  # a line outside a head
            (self.asked if name == b"cookie" else self.answered).append((name, value))

    def _ended(self) -> Iterator[Recorded]:
        """Yield the exchange of the cookie lines so far, if any."""
        if self.asked or self.answered:
            yield Recorded(replace(self.exchange, headers=self.asked), self.asked, self.answered, self.at)
            self.asked, self.answered = [], []

    def rest(self) -> Iterator[Recorded]:
        """Yield the last exchange, and start a new one."""
        yield from self._ended()
        self._begin()


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    reader = io.BufferedReader(file) if not isinstance(file, io.BufferedReader) else file  # type: ignore[type-var]
    while line := reader.readline(MAX_LINE):
        yield line.rstrip(b"\n")


_READERS = {"har": _har, "flows": _flows}
