"""HAR files, by events: bodies are not kept, and a file that ends early gives its first entries.

HTTP Archive 1.2: http://www.softwareishard.com/blog/har-12-spec/"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import IO
from urllib.parse import unquote_to_bytes

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Header
from cookiewarden.tools.recordings.cookie_lines import is_redacted, set_cookie_of, split_joined
from cookiewarden.tools.recordings.device_bound import bound_names
from cookiewarden.tools.recordings.json_stream import ShortNumbers, shallow
from cookiewarden.tools.recordings.recorded import (
    Account,
    Note,
    NoTraffic,
    Recorded,
    exchange_of_url,
    iso_moment,
    octets,
)

_LISTS = frozenset({"log.entries", "entries", "item.log.entries", "item.entries"})
"""The places of entries: in a HAR, in several HARs, or without `log`."""
_BASES = frozenset({"", "item", *(f"{place}.item" for place in _LISTS)})
_HTTP = re.compile("(?:https?|wss?):|[^:]*$", re.IGNORECASE)
_FACTS = frozenset({"startedDateTime", "request.method", "request.url"})


@dataclass(slots=True)
class _Side:
    """The request or the response of an entry."""

    headers: list[Header] = field(default_factory=list)
    cookies: list[dict[str, object]] = field(default_factory=list)

    def add(self, name: str, value: str) -> None:
        """Take a header. Firefox joins lines of one name by line feeds; HTTP/2's own fields begin with a colon."""
        if not name.startswith(":"):
            self.headers += [(octets(name), octets(line)) for line in value.split("\n")]


@dataclass(slots=True)
class _Entry:
    facts: dict[str, str] = field(default_factory=dict)
    has_headers: bool = False
    milliseconds: float = 0.0
    status: int | None = None
    request: _Side = field(default_factory=_Side)
    response: _Side = field(default_factory=_Side)
    name: str = ""
    value: str = ""
    bound: tuple[bytes, ...] = ()

    @property
    def is_one(self) -> bool:
        """True for an entry, and false for other JSON."""
        return "request.url" in self.facts and self.has_headers

    def take(self, key: str, event: str, value: object) -> None:
        """Read one value. `key`: its place below the entry."""
        side, _, rest = key.partition(".")
        if event == "string" and key in _FACTS:
            self.facts[key] = str(value)
        elif event == "number" and key == "time":
            self.milliseconds = _number(value)
        elif event == "number" and key == "response.status":
            self.status = int(_number(value))
        elif key == "response.content.text" and event == "string":
            self.bound = bound_names(str(value))
        elif side in ("request", "response"):
            self.has_headers = self.has_headers or rest == "headers"
            self._take(self.request if side == "request" else self.response, rest, event, value)

    def _take(self, side: _Side, rest: str, event: str, value: object) -> None:
        if rest == "headers.item" and event == "start_map":
            self.name = self.value = ""
        elif rest == "headers.item" and event == "end_map":
            side.add(self.name, self.value)
        elif rest == "headers.item.name" and event == "string":
            self.name = str(value)
        elif rest == "headers.item.value" and event == "string":
            self.value = str(value)
        elif rest.startswith("headers.") and event == "string":  # headers as a map, with a text or a list for each
            side.add(rest.removeprefix("headers.").removesuffix(".item"), str(value))
        elif rest == "cookies.item" and event == "start_map":
            side.cookies.append({})
        elif rest.startswith("cookies.item.") and side.cookies and event in ("string", "boolean", "number"):
            side.cookies[-1][rest.removeprefix("cookies.item.")] = int(_number(value)) if event == "number" else value


def _number(value: object) -> float:
    """Return a number of a HAR; 0 if it is too large for one."""
    number = float(str(value))
    return number if isfinite(number) else 0.0


class NotHar(NoTraffic):
    """A file is JSON, and has no entries of a HAR."""


def read_har(file: IO[bytes], path: Path, account: Account) -> Iterator[Recorded]:
    """Yield the exchanges of a HAR, of several HARs, or of entries without a HAR. Raises NoTraffic, and NotHar."""
    import ijson  # type: ignore[import-untyped]

    is_har = False
    others = 0
    entry: _Entry | None = None
    base = below = ""
    numbers = ShortNumbers(file)
    try:
        for prefix, event, value in shallow(ijson.basic_parse(numbers, multiple_values=True)):
            if event == "start_array" and prefix in _LISTS:
                is_har = account.is_har = True
            elif event == "start_map" and prefix in _BASES:
                entry, base, below = _Entry(), prefix, prefix and prefix + "."
            elif entry is not None and event == "end_map" and prefix == base:
                if entry.is_one or base not in ("", "item"):
                    is_har = account.is_har = True
                    if made := _exchange(entry, account):
                        yield made
                else:
                    others += base == "item"
                entry = None
            elif entry is not None and prefix.startswith(below):
                entry.take(prefix[len(below) :], event, value)
    except ijson.JSONError:
        fault = "is truncated" if numbers.has_ended else "is not valid JSON"
        raise NoTraffic(f'"{path}" {fault}; using the exchanges before that place') from None
    except UnicodeDecodeError:
        raise NoTraffic(f'"{path}" is not valid JSON (not UTF-8); using the exchanges before that place') from None
    if not is_har:
        raise NotHar(f'"{path}" is not a HAR file: log.entries is missing')
    if others:
        account.notes[Note.NO_URL] += others


def _exchange(entry: _Entry, account: Account) -> Recorded | None:
    url = entry.facts.get("request.url", "")
    exchange = exchange_of_url(url, entry.facts.get("request.method", "GET"))
    if exchange is None:
        account.notes[Note.NO_URL if _HTTP.match(url) else Note.NOT_HTTP] += 1
        return None
    if not entry.response.headers and not entry.response.cookies and not entry.status:
        account.notes[Note.NO_RESPONSE] += 1
    notes: set[Note] = set()
    asked = _without_redacted(entry.request.headers, notes)
    answered = _without_redacted(entry.response.headers, notes)
    asked = _with_pairs(asked, entry.request.cookies, notes)
    answered = _split(answered, {octets(str(cookie.get("name", ""))) for cookie in entry.response.cookies}, notes)
    lines = [value for name, value in answered if name.lower() == b"set-cookie"]
    for cookie in _only_in(entry.response.cookies, lines):
        answered.append((b"Set-Cookie", set_cookie_of(cookie, exchange.host)))
        notes.add(Note.FROM_ARRAYS)
    account.notes.update(notes)
    return Recorded(replace(exchange, headers=asked), asked, answered, _moment(entry, answered), entry.bound)


def _with_pairs(asked: list[Header], cookies: list[dict[str, object]], notes: set[Note]) -> list[Header]:
    """Add the cookies that only the array has to the request's headers."""
    sent = b";".join(value for name, value in asked if name.lower() == b"cookie")
    pairs = [_pair(cookie) for cookie in _only_in(cookies, sent.split(b";"))]
    if not pairs:
        return asked
    notes.add(Note.FROM_ARRAYS)
    return [*asked, (b"Cookie", b"; ".join(pairs))]


def _only_in(cookies: list[dict[str, object]], lines: list[bytes]) -> Iterator[dict[str, object]]:
    """Yield the cookies of an array that the headers do not have. Recorders that keep headers as a map have the last
    line only; BrowserMob Proxy percent-decodes the names in its arrays."""
    names = {line.partition(b"=")[0].strip() for line in lines}
    names |= {unquote_to_bytes(name) for name in names}
    return (cookie for cookie in cookies if octets(str(cookie.get("name", ""))) not in names)


def _pair(cookie: dict[str, object]) -> bytes:
    return octets(f"{cookie.get('name', '')}={cookie.get('value', '')}").replace(b"\n", b"")


def _without_redacted(headers: list[Header], notes: set[Note]) -> list[Header]:
    kept = [(n, v) for n, v in headers if n.lower() not in (b"cookie", b"set-cookie") or not is_redacted(v)]
    if len(kept) < len(headers):
        notes.add(Note.REDACTED)
    return kept


def _split(headers: list[Header], names: set[bytes], notes: set[Note]) -> list[Header]:
    """Split a Set-Cookie line that stands for several. A recorder that writes several lines does not join them."""
    if sum(name.lower() == b"set-cookie" for name, _ in headers) != 1:
        return headers
    made: list[Header] = []
    for name, value in headers:
        lines = split_joined(value, names) if name.lower() == b"set-cookie" else [value]
        if len(lines) > 1:
            notes.add(Note.SPLIT)
        made += [(name, line) for line in lines]
    return made


def _moment(entry: _Entry, answered: list[Header]) -> float:
    """Return the moment of the response, from which browsers count lifetimes: its Date, else the start and the time
    that it took."""
    for name, value in answered:
        if name.lower() == b"date" and (at := parse_cookie_date(value)) is not None:
            return float(at)
    began = iso_moment(entry.facts.get("startedDateTime", ""))
    return 0.0 if began is None else began + max(entry.milliseconds, 0.0) / 1000
