"""Access logs that hold cookies: one exchange per line, in the format of a server or as JSON.

nginx, Apache, HAProxy and IIS write text; nginx, Caddy and Traefik write JSON. A value ends at its own closing quote,
and the escapes of these servers (`\\"`, `\\x22`) are undone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.columns import Columns, columns_of, w3c_values
from cookiewarden.tools.recordings.cookie_lines import is_redacted, set_cookie_of, split_joined
from cookiewarden.tools.recordings.recorded import Account, Note, Recorded, exchange_of_url, iso_moment, octets

_NAME = rb"(?:[\w.-]*[_.-])?(?:set[-_]?cookie|cookies?)"
_CLOSERS = {b'"': rb'"', b"'": rb"'", b"[": rb"\]", b"{": rb"\}"}
_FIELD_FOLLOWS = rb"(?=[\])}]*(?:[\s|]|$|,\s*(?:[\w.-]+\s*[=:]|[\"'\[{])))"
"""Text after a closing quote. Another quote is one of the value: Envoy and old servers do not escape them."""
_CLOSES = {
    opens: re.compile(rb"(?<!\\)(?:\\\\)*" + closer + (_FIELD_FOLLOWS if opens in b"\"'" else rb"(?=[\s,;|)\]}]|$)"))
    for opens, closer in _CLOSERS.items()
}
_OPENS = re.compile(
    rb"(?:^|(?<=[\s{,;|\"'(\[]))(" + _NAME + rb"|(?:cs|sc)\((?:set-)?cookie\))[\"']?\s*[=:]\s*([\"'\[{]|(?=[^\s,;]))",
    re.IGNORECASE,
)
_BARE = re.compile(rb"[^\s;|\"]+(?:;[ ]?[^\s;=|\"]+=[^\s;|\"]*)*")
"""A value without quotes, as logfmt writes it."""
_AFTER_BARE = (b"", b" ", b"\t", b"|")
_QUOTED = re.compile(rb'(?:^|(?<=[\s|(\[{=,:]))"((?:[^"\\]|\\.|"(?![\])]*(?:[\s|]|$)))*)"')
_BRACES = re.compile(rb"\{([^{}]*)\}")
_REQUEST = re.compile(rb'(?:^|["\s])([A-Z]{3,10}) ((?:https?://|/)[^\s"]*)')
_PATH = re.compile(rb"(?:^|[\s,{])(?:path|uri|request_uri|url)=[\"']?((?:https?://|/)[^\s\"',]*)", re.IGNORECASE)
_LOCAL_TIME = re.compile(rb"\[?([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9:]{8}) ([+-][0-9]{4})\]?")
_ISO_TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})")
_HOST = re.compile(rb"(?:^|[\s,{])(?:http_)?(?:host|vhost|server_name)\s*[=:]\s*[\"']?([\w.:\[\]-]+)", re.IGNORECASE)
_ESCAPES = re.compile(rb"\\(x[0-9A-Fa-f]{2}|u00[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"", b"t": b"\t"}

_HASHED = re.compile(rb"#([0-9A-F]{2})")
_HOSTNAME = re.compile(rb"[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?")

_TOKEN = rb"[^\s\x00-\x1f\x7f;=,:/?@<>(){}\"\\]+"
"""Cookie name in logs. It has more characters than RFC 6265 allows, but not those that begin a URL."""
_PAIRS = re.compile(_TOKEN + rb"=[^;]*(?:;[ ]?" + _TOKEN + rb"(?:=[^;]*)?)*;?[ ]?")
_ATTRIBUTE = re.compile(
    rb";\s*(?:path|domain|expires|max-age|samesite|secure|httponly|partitioned)\s*(?:[=;,]|$)", re.IGNORECASE
)


_SESSION = re.compile(rb"(?:[\w.-]*(?:sess|sid(?=\W))|__(?:host|secure)-)[^=]*=", re.IGNORECASE)
"""Names that only cookies have, such as JSESSIONID and connect.sid."""
_OTHER_FIELDS = re.compile(
    rb"(?:max-age|s-maxage|ma|h[23](?:-[0-9]+)?|root|self|for|by|host|proto|timeout|max|charset|boundary|filename|u|q|dur|rel"
    rb"|realm|width|initial-scale)=",
    re.IGNORECASE,
)
"""Beginnings of other headers that have the form of cookies, such as Strict-Transport-Security and X-Amzn-Trace-Id."""
_LINE_FEED = re.compile(rb"\n(?:set-cookie:)?[ \t]*", re.IGNORECASE)
_SCRIPT = re.compile("document[.]cookie", re.IGNORECASE)
MAX_HELD = 10_000
"""Maximum number of fields that are kept until another line identifies their column."""
_MESSAGES = ("log", "message", "msg", "line", "textpayload", "_raw", "content")
"""Members in which container runtimes, journald and collectors keep a line of a log."""
_ELSEWHERE = frozenset({"kubernetes", "docker", "container", "agent", "cloud", "resource", "labels", "node"})
"""Members about the machine that logs, not about the request."""
MAX_DEPTH = 30


@dataclass(slots=True)
class _Found:
    """The facts of one line."""

    cookie: list[bytes] = field(default_factory=list)
    set_cookie: dict[str, list[bytes]] = field(default_factory=dict)
    """By the field that holds them."""
    host: bytes = b""
    target: bytes = b""
    method: bytes = b"GET"
    https: bool | None = None
    at: float = 0.0

    def request(self, method: bytes, target: bytes) -> None:
        """Take a request line, whose target can be a URL."""
        self.method, self.target = method, target
        if b"://" in target.partition(b"?")[0] and (url := exchange_of_url(target.decode("utf-8", "surrogateescape"))):
            self.host, self.target, self.https = url.host, url.target, url.https

    def add(self, name: str, value: bytes) -> None:
        """Take a header's value, by the name of the field that holds it."""
        if b";%20" in value and b" " not in value:  # Squid encodes blanks
            value = unquote_to_bytes(value)
        if "set" in name.lower():
            # lighttpd joins the lines with their names.
            self.set_cookie.setdefault(name, []).extend(_LINE_FEED.split(value))
        else:
            self.cookie.append(value.replace(b"\n", b""))


_PLACES = frozenset(
    [
        "uri",
        "request_uri",
        "requestpath",
        "request_path",
        "requesturl",
        "path",
        "url",
        "request_url",
        "original_path",
        "rawpath",
        "http.request.uri",
        "http.request.full_uri",
        "clientrequesturi",
    ]
)
_HOSTS = frozenset(
    [
        "host",
        "http_host",
        "request_host",
        "requesthost",
        "vhost",
        "server_name",
        "authority",
        ":authority",
        "http.host",
        "clientrequesthost",
    ]
)
_ANSWER = re.compile(r"res(?:$|_|p)|downstream")
"""Members about the response; other names begin with `res`, too, such as `resources`."""
_TIMES = frozenset(
    {"time", "@timestamp", "timestamp", "time_iso8601", "time_local", "startutc", "start_time", "ts", "start"}
)
_LINES = frozenset({"request", "request_line", "requestline"})
_X = re.compile(rb"\\x([0-9A-Fa-f]{2})")
"""An escape that nginx writes without `escape=json`, and that JSON does not have."""


class Logs:
    """Lines of an access log."""

    def __init__(self, at: Exchange, account: Account) -> None:
        self._at = at
        self._account = account
        self._fields: list[str] = []
        """Of W3C logs, as their `#Fields:` line names them."""
        self._named_columns: Columns | None = None
        self._lines = 0
        self._columns: dict[tuple[int, int], bool] = {}
        """The fields without a name that are cookie headers, and those that are not."""
        self._held: list[tuple[tuple[int, int], _Found, bytes]] = []
        """Fields with one pair, kept until another line identifies their column."""

    def take(self, line: bytes) -> Iterator[Recorded]:
        """Yield the exchanges of a line, if the line has cookies."""
        self._lines += bool(line.strip())
        if line.startswith(b"#Fields:"):
            self._fields = line.decode("utf-8", "replace").split()[1:]
        elif self._lines == 1 and (columns := columns_of(line)):
            self._named_columns = columns
        elif self._named_columns is not None:
            yield from self._row(self._named_columns, line)
        elif self._fields and not line.startswith(b"#"):
            yield from self._w3c_line(line)
        elif line.lstrip().startswith(b'{"'):
            yield from self._json(line)
        else:
            yield from self._other(line)

    def rest(self) -> Iterator[Recorded]:
        """Yield the exchanges whose fields waited for another line. The fields that no line explains are counted."""
        held, self._held = self._held, []
        for column, found, value in held:
            if self._columns.get(column) or (column not in self._columns and _SESSION.match(value)):
                yield from self._taken(found, value)
            elif column not in self._columns:
                self._account.notes[Note.UNCLEAR] += 1

    def record(self, record: dict[str, Any]) -> Iterator[Recorded]:
        """Yield the exchanges of a JSON record. Its cookies can be in a line of text that it holds."""
        if _are_stored([record]) and "name" in record and "value" in record:
            self._account.notes[Note.STORED] += 1
            return
        if parts := list(_exchanges(record)):
            for part in parts:
                yield from self.record(part)
            return
        found = _Found()
        self._walk(record, found, 0)
        before = sum(self._account.notes.values())
        made = list(self._recorded(found))
        yield from made
        if not made and sum(self._account.notes.values()) == before:
            for text in _messages(record):
                held = self._json(text) if text.lstrip().startswith(b'{"') else self._other(text)
                for one in held:
                    one.at = one.at or found.at
                    yield one

    # Text

    def _other(self, line: bytes) -> Iterator[Recorded]:
        """Read a line of text, or of JSON after the prefix of a container runtime or of syslog."""
        at = line.find(b'{"')
        if at > 0 and line.rstrip().endswith(b"}"):
            made = list(self._json(line[at:], is_sure=False))
            yield from made
            if made:
                return
        yield from self._recorded(self._text(line))

    def _text(self, line: bytes) -> _Found:
        found = _Found()
        held = len(self._held)
        rest: list[bytes] = []
        at = 0
        for name, value, (begin, end) in _named(line):
            rest.append(line[at:begin])
            at = end
            if b"=" in value or _is_empty(value) or is_redacted(value):
                found.add(name, value)
            else:
                self._account.notes[Note.UNCLEAR] += 1
        if not found.cookie and not found.set_cookie:
            by_form = [
                self._by_form((n, m), value, found)
                for n, fields in enumerate((_unnamed(line), _captures(line)))
                for m, value in enumerate(fields)
            ]
            self._account.notes[Note.BY_FORM] += any(by_form)
        if found.cookie or found.set_cookie or len(self._held) > held:
            _add_facts(found, line)
        elif b"; " not in line or line.count(b'"') % 2 == 0:
            return found
        self._account.notes[Note.UNCLEAR] += _is_torn(b"".join([*rest, line[at:]]))
        return found

    def _by_form(self, column: tuple[int, int], value: bytes, found: _Found) -> bool:
        """Take a field without a name if it looks like a cookie header. Return whether it does."""
        if b";%20" in value and b" " not in value:  # Squid encodes blanks
            value = unquote_to_bytes(value)
        parts = _LINE_FEED.split(value) if b"\n" in value else split_joined(value)
        if b"=" not in value or not all(map(_PAIRS.fullmatch, parts)):
            if not found.host and _HOSTNAME.fullmatch(value):
                found.host = value
            return False
        if b"&" in value and b";" not in value:
            self._columns[column] = False  # the query of a URL
        if self._columns.get(column) is False or _OTHER_FIELDS.match(value):
            return False
        if _ATTRIBUTE.search(value):
            found.add("set-cookie", value)
        elif self._columns.get(column) or _is_several(parts[0]):
            self._columns[column] = True
            found.add("cookie", value)
        else:  # one pair: a cookie, or a parameter
            if len(self._held) < MAX_HELD:
                self._held.append((column, found, value))
            else:
                self._account.notes[Note.UNCLEAR] += 1
            return False
        return True

    def _taken(self, found: _Found, value: bytes) -> Iterator[Recorded]:
        self._account.notes[Note.BY_FORM] += not (found.cookie or found.set_cookie)
        yield from self._recorded(replace(found, cookie=[value], set_cookie={}))

    def _row(self, columns: Columns, line: bytes) -> Iterator[Recorded]:
        """Read a line of CSV."""
        row = columns.row(line)
        if row is None:
            self._account.notes[Note.NOT_PARSED] += bool(line.strip())
        else:
            yield from self.record(dict(row))

    def _w3c_line(self, line: bytes) -> Iterator[Recorded]:
        if not line.strip():
            return
        values = w3c_values(line)
        if len(values) != len(self._fields):
            self._account.notes[Note.NOT_PARSED] += 1
        else:
            yield from self._recorded(self._w3c(values))

    def _w3c(self, values: list[bytes]) -> _Found:
        """Read a line of a W3C extended log. IIS writes blanks as `+`; CloudFront percent-encodes values."""
        found = _Found()
        row = {name.lower(): value for name, value in zip(self._fields, values, strict=True) if value != b"-"}
        is_encoded = any(name.startswith("x-edge-") for name in row)
        for name in ("cs(cookie)", "sc(set-cookie)"):
            if name in row:
                value = unquote_to_bytes(row[name]) if is_encoded else re.sub(rb"(?<=[;,])\+", b" ", row[name])
                found.add(name, value)
        found.method, found.target = row.get("cs-method", b"GET"), row.get("cs-uri-stem", row.get("cs-uri", b"/"))
        found.host = row.get("x-host-header") or row.get("cs-host") or row.get("cs(host)") or b""
        scheme, port = row.get("cs-protocol", b"").lower(), row.get("s-port", b"")
        if scheme in (b"http", b"https") or port in (b"80", b"443"):
            found.https = scheme == b"https" or (not scheme and port == b"443")
        moment = b" ".join((row.get("date", b""), row.get("time", b""))).decode("utf-8", "replace")
        found.at = _moment(f"{moment}+00:00")
        return found

    # JSON

    def _json(self, line: bytes, is_sure: bool = True) -> Iterator[Recorded]:
        """Read a line of JSON. `is_sure`: count it if it is not valid."""
        try:
            record = json.loads(_X.sub(rb"\\u00\1", line), object_pairs_hook=_object)
        except (ValueError, RecursionError):
            self._account.notes[Note.NOT_PARSED] += is_sure
            return
        if isinstance(record, dict):
            yield from self.record(record)

    def _walk(self, value: Any, found: _Found, depth: int, is_answer: bool = False) -> None:
        if depth > MAX_DEPTH:
            return
        if isinstance(value, list):
            for one in value:
                # Headers as a list of names and values.
                name = (one.get("name") or one.get("key")) if isinstance(one, dict) else None
                if isinstance(name, str) and "value" in one:
                    self._member(name, one["value"], found, depth, is_answer)
                else:
                    self._walk(one, found, depth + 1, is_answer)
        elif isinstance(value, dict):
            for key, one in value.items():
                self._member(key, one, found, depth, is_answer)

    def _member(self, key: str, value: Any, found: _Found, depth: int, is_answer: bool) -> None:
        name = key.lower().replace("-", "_")
        if re.fullmatch(_NAME.decode(), name) and not _SCRIPT.search(key):
            is_set = is_answer and (name == "cookies" or (name == "cookie" and isinstance(value, list)))
            self._cookies(f"set_{key}" if is_set else key, value, found)
        elif isinstance(value, dict | list):
            if name == "url" and isinstance(value, dict) and (url := _url_of_parts(value)):
                self._fact("url", url, found)
                return
            if name in _HOSTS and isinstance(value, list) and value and isinstance(value[0], str):
                found.host = octets(value[0])
            if name not in _ELSEWHERE:
                is_answer = is_answer or _ANSWER.match(name) is not None
                self._walk(value, found, depth + 1, is_answer)
        elif isinstance(value, str):
            self._fact(name, value, found)
        elif name in ("ts", "time", "timestamp") and isinstance(value, float | int) and not isinstance(value, bool):
            found.at = value / 1000 if value > 1e11 else float(value)

    def _cookies(self, key: str, value: Any, found: _Found) -> None:
        if value == [] and not key.lower().endswith("cookies"):  # Caddy without log_credentials
            self._account.notes[Note.REDACTED] += 1
        if "set" not in key.lower() and _are_stored(value):
            self._account.notes[Note.STORED] += 1
            return
        if "set" in key.lower() and isinstance(value, dict):
            value = [f"{name}={one}" for name, one in value.items()]
        if "set" in key.lower() and isinstance(value, list):
            lines = [set_cookie_of(one, b"") if isinstance(one, dict) else one for one in value]
            value = [line.decode() if isinstance(line, bytes) else line for line in lines]
        for text in _texts(value):
            if "=" in text or _is_empty(octets(text)) or is_redacted(octets(text)):
                found.add(key, octets(text))
            else:  # such as has_cookie: yes
                self._account.notes[Note.UNCLEAR] += 1

    def _fact(self, name: str, value: str, found: _Found) -> None:
        if name in _HOSTS:
            found.host = found.host or octets(value)
        elif name in _PLACES:
            if exchange := exchange_of_url(value):
                found.host, found.target, found.https = exchange.host, exchange.target, exchange.https
            elif value.startswith("/"):
                found.target = found.target or octets(value)
        elif name in ("method", "request_method", "requestmethod", "clientrequestmethod"):
            found.method = octets(value)
        elif name in ("scheme", "requestscheme", "request_scheme", "clientrequestscheme"):
            found.https = value.lower() == "https"
        elif line := re.fullmatch(r"([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?", value) if name in _LINES else None:
            found.request(octets(line[1]), octets(line[2]))
        elif _ATTRIBUTE.search(octets(value)) and all(map(_PAIRS.fullmatch, split_joined(octets(value)))):
            self._account.notes[Note.BY_FORM] += 1
            found.add("set_cookie", octets(value))
        elif name in _TIMES:
            found.at = found.at or _moment(value)

    # Both

    def _recorded(self, found: _Found) -> Iterator[Recorded]:
        asked = [(b"Cookie", value) for value in found.cookie if self._is_kept(value)]
        answered: list[Header] = []
        for value in _once(found.set_cookie):
            if self._is_kept(value):
                lines = split_joined(value)
                self._account.notes[Note.SPLIT] += len(lines) > 1
                answered += [(b"Set-Cookie", line) for line in lines]
        if asked or answered:
            at = self._at
            target = found.target if found.target.startswith(b"/") else at.target
            https = at.https if found.https is None else found.https
            exchange = Exchange(found.host or at.host, target, https, asked, found.method)
            yield Recorded(exchange, asked, answered, found.at)

    def _is_kept(self, value: bytes) -> bool:
        if _is_empty(value):
            return False
        if is_redacted(value):
            self._account.notes[Note.REDACTED] += 1
            return False
        return True


def _once(by_field: dict[str, list[bytes]]) -> list[bytes]:
    """Return the Set-Cookie lines of the application. Proxies can log them twice, before and after their own edits."""
    for word in ("origin", "upstream"):
        for name, values in by_field.items():
            if word in name.lower():
                return values
    return next(iter(by_field.values()), [])


def _is_empty(value: bytes) -> bool:
    return value.strip() in (b"", b"-", b"null", b"None")


def _is_several(value: bytes) -> bool:
    """Check whether a value has two pairs or more, as cookie headers write them. Jetty writes no blanks."""
    pieces = re.split(rb"; ?", value.rstrip(b"; "))
    return len(pieces) > 1 and sum(b"=" in piece for piece in pieces) > 1


def _is_torn(rest: bytes) -> bool:
    """Check whether a quote is left within a line without its fields, so a field may have ended too early."""
    rest = _BRACES.sub(b"", _QUOTED.sub(b" ", rest))
    return b'"' in rest and b"=" in rest


def _named(line: bytes) -> Iterator[tuple[str, bytes, tuple[int, int]]]:
    """Yield the fields of a text line that are named as cookie headers: cookie="…", http_cookie='…', set_cookie=[…].
    The numbers are the places of the whole field."""
    at = 0
    missing: set[bytes] = set()
    while opened := _OPENS.search(line, at):
        at = opened.end()
        name = opened[1].decode("latin-1")
        if _SCRIPT.search(name) or opened[2] in missing:
            continue
        if not opened[2]:
            bare = _BARE.match(line, at) if opened[0].endswith(b"=") else None
            if bare is not None:
                at = bare.end()
                if line[at : at + 1] in _AFTER_BARE and _PAIRS.fullmatch(bare[0]):
                    yield name, bare[0], (opened.start(), at)
            continue
        # The closing quote is not escaped, and the field ends after it.
        closed = _CLOSES[opened[2]].search(line, at)
        if closed is None:
            missing.add(opened[2])
            continue
        yield name, _unescape(line[at : closed.end() - 1]), (opened.start(), closed.end())
        at = closed.end()


def _unnamed(line: bytes) -> Iterator[bytes]:
    """Yield the quoted fields of a line."""
    for quoted in _QUOTED.findall(line):
        yield _unescape(quoted)


def _captures(line: bytes) -> Iterator[bytes]:
    """Yield the captured headers of a line by HAProxy, which writes delimiters in them as `#22`."""
    for group in _BRACES.findall(line):
        for value in group.split(b"|"):
            yield _HASHED.sub(lambda found: bytes([int(found[1], 16)]), value)


def _unescape(text: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code[-2:], 16)]) if len(code) > 1 else _PLAIN.get(code, code)

    return _ESCAPES.sub(plain, text) if b"\\" in text else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON; a cookie header that is written twice has both values."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made and "cookie" in key.lower() and isinstance(value, str):
            value = [*(made[key] if isinstance(made[key], list) else [made[key]]), value]
        made[key] = value
    return made


def _exchanges(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the members of lists that have a request and a response, as in collections of Postman. Their URLs
    differ."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and isinstance(one.get("request"), dict) and "response" in one:
                yield one
            elif depth < MAX_DEPTH:
                yield from _exchanges(one, depth + 1)
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        for one in value.values():
            yield from _exchanges(one, depth + 1)


def _url_of_parts(url: dict[str, Any]) -> str:
    """Return a URL that is written as an object, as Postman and Newman do; empty if its parts are not known."""
    whole = url.get("raw", url.get("full"))  # Postman, Elastic Common Schema
    if isinstance(whole, str):
        return whole
    host, path = url.get("host"), url.get("path")
    if not isinstance(host, list) or not isinstance(path, list):
        return ""
    return f"{url.get('protocol', 'https')}://{'.'.join(map(str, host))}/{'/'.join(map(str, path))}"


def _are_stored(value: Any) -> bool:
    """Check for cookies with a domain, as Playwright's storageState has them. Requests have only names and values."""
    return isinstance(value, list) and any(isinstance(one, dict) and "domain" in one for one in value)


def _messages(record: dict[str, Any]) -> Iterator[bytes]:
    """Yield the lines of text that a record holds."""
    for key, value in record.items():
        if isinstance(value, str) and key.lower() in _MESSAGES:
            yield octets(value.rstrip("\r\n"))


def _texts(value: Any) -> Iterator[str]:
    """Yield the header values of a JSON member: a text, a list of them, or cookies by name."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in value):
            yield "; ".join(f"{one['name']}={one.get('value', '')}" for one in value)
        else:
            for one in value:
                yield from _texts(one)
    elif isinstance(value, dict) and value:
        yield "; ".join(f"{name}={one}" for name, one in value.items())


def _add_facts(found: _Found, line: bytes) -> None:
    """Read the request line, the host and the time of a line of text."""
    if request := _REQUEST.search(line):
        found.request(request[1], request[2])
    elif path := _PATH.search(line):
        found.request(b"GET", path[1])
    found.at = _time_in(line)
    if host := _HOST.search(line):
        found.host = host[1]


def _time_in(line: bytes) -> float:
    """Return the time of a line in seconds since the epoch; 0 if it is unknown. Its Expires are measured from it."""
    if local := _LOCAL_TIME.search(line):
        day, month, year, time, zone = (part.decode() for part in local.groups())
        number = "JanFebMarAprMayJunJulAugSepOctNovDec".find(month) // 3 + 1
        return _moment(f"{year}-{number:02}-{day}T{time}{zone}")
    found = _ISO_TIME.search(line)
    return _moment(found[0].decode()) if found else 0.0


def _moment(text: str) -> float:
    if _LOCAL_TIME.fullmatch(line := text.encode("utf-8", "replace")):
        return _time_in(line)
    return iso_moment(text) or 0.0
