"""HAR files, by events: bodies are not kept, and a file that ends early gives its first entries.

HTTP Archive 1.2: http://www.softwareishard.com/blog/har-12-spec/"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Header
from cookiewarden.tools.recordings.cookie_lines import is_redacted, set_cookie_of, split_joined
from cookiewarden.tools.recordings.json_stream import ShortNumbers, shallow
from cookiewarden.tools.recordings.recorded import Account, Note, NoTraffic, Recorded, exchange_of_url, octets

_ENTRY = "log.entries.item"
_FACTS = frozenset({"startedDateTime", "request.method", "request.url"})


@dataclass(slots=True)
class _Side:
    """The request or the response of an entry."""

    headers: list[Header] = field(default_factory=list)
    cookies: list[dict[str, object]] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    facts: dict[str, str] = field(default_factory=dict)
    milliseconds: float = 0.0
    status: int | None = None
    request: _Side = field(default_factory=_Side)
    response: _Side = field(default_factory=_Side)
    name: str = ""

    def take(self, key: str, event: str, value: object) -> None:
        """Read one value. `key`: its place below the entry."""
        side, _, rest = key.partition(".")
        if event == "string" and key in _FACTS:
            self.facts[key] = str(value)
        elif event == "number" and key == "time":
            self.milliseconds = float(str(value))
        elif event == "number" and key == "response.status":
            self.status = int(float(str(value)))
        elif side in ("request", "response"):
            self._take(self.request if side == "request" else self.response, rest, event, value)

    def _take(self, side: _Side, rest: str, event: str, value: object) -> None:
        if rest == "headers.item.name" and event == "string":
            self.name = str(value)
        elif rest == "headers.item.value" and event == "string":
            # Firefox joins lines of one name by line feeds; HTTP/2's own fields begin with a colon.
            if not self.name.startswith(":"):
                side.headers += [(octets(self.name), octets(line)) for line in str(value).split("\n")]
        elif rest == "cookies.item" and event == "start_map":
            side.cookies.append({})
        elif rest.startswith("cookies.item.") and side.cookies and event in ("string", "boolean"):
            side.cookies[-1][rest.removeprefix("cookies.item.")] = value


def read_har(file: IO[bytes], path: Path, account: Account) -> Iterator[Recorded]:
    """Yield the exchanges of a HAR. Raises NoTraffic."""
    import ijson  # type: ignore[import-untyped]

    account.is_har = True
    is_har = False
    entry = _Entry()
    numbers = ShortNumbers(file)
    try:
        for prefix, event, value in shallow(ijson.basic_parse(numbers)):
            if prefix == "log.entries" and event == "start_array":
                is_har = True
            elif prefix == _ENTRY and event == "start_map":
                entry = _Entry()
            elif prefix == _ENTRY and event == "end_map":
                if made := _exchange(entry, account):
                    yield made
            elif prefix.startswith(_ENTRY + "."):
                entry.take(prefix[len(_ENTRY) + 1 :], event, value)
    except ijson.JSONError:
        fault = "is truncated" if numbers.has_ended else "is not valid JSON"
        raise NoTraffic(f'"{path}" {fault}; using the exchanges before that place') from None
    except UnicodeDecodeError:
        raise NoTraffic(f'"{path}" is not valid JSON (not UTF-8); using the exchanges before that place') from None
    if not is_har:
        raise NoTraffic(f'"{path}" is not a HAR file: log.entries is missing')


def _exchange(entry: _Entry, account: Account) -> Recorded | None:
    url = entry.facts.get("request.url", "")
    exchange = exchange_of_url(url, entry.facts.get("request.method", "GET"))
    if exchange is None:
        account.notes[Note.NOT_HTTP if ":" in url else Note.NO_URL] += 1
        return None
    if not entry.response.headers and not entry.response.cookies and not entry.status:
        account.notes[Note.NO_RESPONSE] += 1
    notes: set[Note] = set()
    asked = _without_redacted(entry.request.headers, notes)
    answered = _without_redacted(entry.response.headers, notes)
    if not _has(asked, b"cookie") and (pairs := [_pair(cookie) for cookie in entry.request.cookies]):
        asked.append((b"Cookie", b"; ".join(pairs)))
        notes.add(Note.FROM_ARRAYS)
    if _has(answered, b"set-cookie"):
        answered = _split(answered, {octets(str(cookie.get("name", ""))) for cookie in entry.response.cookies}, notes)
    elif entry.response.cookies:
        answered += [(b"Set-Cookie", set_cookie_of(cookie, exchange.host)) for cookie in entry.response.cookies]
        notes.add(Note.FROM_ARRAYS)
    account.notes.update(notes)
    return Recorded(replace(exchange, headers=asked), asked, answered, _moment(entry, answered))


def _has(headers: list[Header], name: bytes) -> bool:
    return any(found.lower() == name for found, _ in headers)


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
    try:
        began = datetime.fromisoformat(entry.facts.get("startedDateTime", "").replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return began + max(entry.milliseconds, 0.0) / 1000
