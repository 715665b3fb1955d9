"""Access logs that hold cookies: one exchange per line, in the format of a server or as JSON.

nginx, Apache, HAProxy and IIS write text; nginx, Caddy and Traefik write JSON. A value ends at its own closing quote,
and the escapes of these servers (`\\"`, `\\x22`) are undone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.cookie_lines import is_redacted, split_joined
from cookiewarden.tools.recordings.recorded import Account, Note, Recorded, exchange_of_url, octets

_NAME = rb"(?:[\w.-]*[_.-])?(?:set[-_]?cookie|cookies?)"
_CLOSES = {b'"': rb'"', b"'": rb"'", b"[": rb"\]", b"{": rb"\}"}
_OPENS = re.compile(
    rb"(?:^|(?<=[\s{,;|\"'(\[]))(" + _NAME + rb"|(?:cs|sc)\((?:set-)?cookie\))[\"']?\s*[=:]\s*([\"'\[{])", re.IGNORECASE
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_BRACES = re.compile(rb"\{([^{}]*)\}")
_REQUEST = re.compile(rb'"([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?"')
_HOST = re.compile(rb"(?:^|[\s,{])(?:http_)?(?:host|vhost|server_name)\s*[=:]\s*[\"']?([\w.:\[\]-]+)", re.IGNORECASE)
_ESCAPES = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PLAIN = {b"n": b"", b"r": b"", b"t": b"\t"}

_HASHED = re.compile(rb"#([0-9A-F]{2})")
_HOSTNAME = re.compile(rb"[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?")

_TOKEN = rb"[^\s;=,:/?@<>(){}\"\\]+"
"""Cookie name in logs. It has more characters than RFC 6265 allows, but not those that begin a URL."""
_PAIRS = re.compile(_TOKEN + rb"=[^;]*(?:;[ ]?" + _TOKEN + rb"(?:=[^;]*)?)*;?[ ]?")
_ATTRIBUTE = re.compile(
    rb";\s*(?:path|domain|expires|max-age|samesite|secure|httponly|partitioned)\s*(?:[=;,]|$)", re.IGNORECASE
)


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

    def add(self, name: str, value: bytes) -> None:
        """Take a header's value, by the name of the field that holds it."""
        if "set" in name.lower():
            self.set_cookie.setdefault(name, []).append(value)
        else:
            self.cookie.append(value)


class Logs:
    """Lines of an access log."""

    def __init__(self, at: Exchange, account: Account) -> None:
        self._at = at
        self._account = account
        self._fields: list[str] = []
        """Of W3C logs, as their `#Fields:` line names them."""

    def take(self, line: bytes) -> Iterator[Recorded]:
        """Yield the exchange of a line, if the line has cookies."""
        if line.startswith(b"#Fields:"):
            self._fields = line.decode("utf-8", "replace").split()[1:]
        elif line.lstrip().startswith(b'{"'):
            yield from self._json(line)
        elif self._fields and not line.startswith(b"#"):
            yield from self._recorded(self._w3c(line))
        else:
            yield from self._recorded(self._text(line))

    # Text

    def _text(self, line: bytes) -> _Found:
        found = _Found()
        if request := _REQUEST.search(line):
            found.method, found.target = request[1], request[2]
        if host := _HOST.search(line):
            found.host = host[1]
        for name, value in _named(line):
            found.add(name, value)
        if found.cookie or found.set_cookie:
            return found
        if any([self._by_form(value, found) for value in [*_unnamed(line), *_captures(line)]]):
            self._account.notes[Note.BY_FORM] += 1
        return found

    def _by_form(self, value: bytes, found: _Found) -> bool:
        """Take a field without a name if it looks like a cookie header. Return whether it does."""
        if not all(map(_PAIRS.fullmatch, split_joined(value))):
            if not found.host and _HOSTNAME.fullmatch(value):
                found.host = value
            return False
        if b"&" in value and b";" not in value:
            return False  # the query of a URL
        found.add("set-cookie" if _ATTRIBUTE.search(value) else "cookie", value)
        return True

    def _w3c(self, line: bytes) -> _Found:
        """Read a line of a W3C extended log, in which IIS writes blanks as `+`."""
        found = _Found()
        row = dict(zip(self._fields, line.split(), strict=False))
        for name, value in row.items():
            if value != b"-" and name.lower() in ("cs(cookie)", "sc(set-cookie)"):
                found.add(name, re.sub(rb"(?<=[;,])\+", b" ", value))
        found.method, found.target = row.get("cs-method", b"GET"), row.get("cs-uri-stem", b"/")
        found.host = row.get("cs-host", b"").replace(b"-", b"") and row["cs-host"]
        moment = b" ".join((row.get("date", b""), row.get("time", b""))).decode("utf-8", "replace")
        found.at = _moment(f"{moment}+00:00")
        return found

    # JSON

    def _json(self, line: bytes) -> Iterator[Recorded]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            self._account.notes[Note.NOT_PARSED] += 1
            return
        found = _Found()
        self._walk(record, found)
        yield from self._recorded(found)

    def _walk(self, value: Any, found: _Found) -> None:
        if isinstance(value, list):
            for one in value:
                # Headers as a list of names and values.
                if isinstance(one, dict) and isinstance(one.get("name"), str) and "value" in one:
                    self._member(one["name"], one["value"], found)
                else:
                    self._walk(one, found)
        elif isinstance(value, dict):
            for key, one in value.items():
                self._member(key, one, found)

    def _member(self, key: str, value: Any, found: _Found) -> None:
        name = key.lower().replace("-", "_")
        if re.fullmatch(_NAME.decode(), name):
            if value == []:  # Caddy without log_credentials
                self._account.notes[Note.REDACTED] += 1
            for text in _texts(value):
                found.add(key, octets(text))
        elif isinstance(value, dict | list):
            if name in ("host", "authority") and isinstance(value, list) and value and isinstance(value[0], str):
                found.host = octets(value[0])
            self._walk(value, found)
        elif isinstance(value, str):
            self._fact(name, value, found)
        elif name in ("ts", "time", "timestamp") and isinstance(value, float | int) and not isinstance(value, bool):
            found.at = value / 1000 if value > 1e11 else float(value)

    def _fact(self, name: str, value: str, found: _Found) -> None:
        if name in (
            "host",
            "http_host",
            "request_host",
            "requesthost",
            "vhost",
            "server_name",
            "authority",
            ":authority",
        ):
            found.host = found.host or octets(value)
        elif name in ("uri", "request_uri", "requestpath", "request_path", "path", "url", "request_url"):
            if exchange := exchange_of_url(value):
                found.host, found.target, found.https = exchange.host, exchange.target, exchange.https
            elif value.startswith("/"):
                found.target = found.target or octets(value)
        elif name in ("method", "request_method", "requestmethod"):
            found.method = octets(value)
        elif name in ("scheme", "requestscheme", "request_scheme"):
            found.https = value.lower() == "https"
        elif name == "request" and (line := re.fullmatch(r"([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?", value)):
            found.method, found.target = octets(line[1]), octets(line[2])
        elif name in ("time", "@timestamp", "timestamp", "time_iso8601", "startutc", "ts"):
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
        if value in (b"", b"-"):
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


def _named(line: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the fields of a text line that are named as cookie headers: cookie="…", http_cookie='…', set_cookie=[…]."""
    at = 0
    while opened := _OPENS.search(line, at):
        closes = _CLOSES[opened[2]]
        # The closing quote is not escaped, and the field ends after it.
        closed = re.compile(rb"(?<!\\)(?:\\\\)*" + closes + rb"(?=[\s,;|)\]}]|$)").search(line, opened.end())
        if closed is None:
            at = opened.end()
            continue
        yield opened[1].decode("latin-1"), _unescape(line[opened.end() : closed.end() - 1])
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
        return bytes([int(code[1:], 16)]) if len(code) == 3 else _PLAIN.get(code, code)

    return _ESCAPES.sub(plain, text) if b"\\" in text else text


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


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return 0.0
