"""Access logs that hold cookies: one exchange per line, in the format of a server or as JSON.

nginx, Apache, HAProxy and IIS write text; nginx, Caddy and Traefik write JSON. A value ends at its own closing quote,
and the escapes of these servers (`\\"`, `\\x22`) are undone."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.browser import Requests
from cookiewarden.tools.recordings.columns import Columns, columns_of, w3c_values
from cookiewarden.tools.recordings.cookie_lines import are_side_by_side, is_redacted, split_joined
from cookiewarden.tools.recordings.fields import (
    add_facts,
    captures,
    has_member,
    is_map,
    is_pairs,
    is_torn,
    named_fields,
    unnamed_fields,
)
from cookiewarden.tools.recordings.found import (
    ATTRIBUTE,
    LINE_FEED,
    PAIRS,
    LogFacts,
    exchange_of_found,
    is_empty,
    moment,
)
from cookiewarden.tools.recordings.header_lists import HeaderList
from cookiewarden.tools.recordings.json_records import Members
from cookiewarden.tools.recordings.json_shapes import parts_of
from cookiewarden.tools.recordings.json_stream import with_repeats
from cookiewarden.tools.recordings.mentions import UnreadHeaders, is_named, named
from cookiewarden.tools.recordings.netlog import Sources, events_of
from cookiewarden.tools.recordings.recorded import Account, Note, Recorded

_HOSTNAME = re.compile(rb"[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?")
_SESSION = re.compile(rb"(?:[\w.-]*(?:sess|sid(?=\W))|__(?:host|secure)-)[^=]*=", re.IGNORECASE)
"""Names that only cookies have, such as JSESSIONID and connect.sid."""
_OTHER_NAMES = frozenset(
    b"max-age s-maxage stale-while-revalidate stale-if-error includesubdomains preload ma persist h2 root"
    b" self parent sampled lineage calledfrom for by host proto timeout max charset boundary filename dur rel realm"
    b" width height initial-scale minimum-scale maximum-scale user-scalable viewport-fit shrink-to-fit".split()
)
"""Parameters of headers that have the form of cookies, such as Strict-Transport-Security and X-Amzn-Trace-Id."""
_HTTP_3 = re.compile(rb"h3(?:-[0-9]+)?")
_PRIORITY = re.compile(rb"u=[0-7](?:,[ ]?i)?")
"""The Priority header (RFC 9218)."""
MAX_HELD = 10_000
"""Maximum number of fields that are kept until another line identifies their column."""
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
        self._unread = UnreadHeaders(account)
        self._listed = HeaderList()
        self._browser = Requests()
        self._held: list[tuple[tuple[int, int], LogFacts, bytes, int]] = []
        """Fields with one pair and their places, kept until another line identifies their column."""

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
        for column, found, value, place in held:
            if self._columns.get(column) or (column not in self._columns and _SESSION.match(value)):
                yield from self._taken(found, value)
            elif column not in self._columns:
                self._account.miss(Note.UNCLEAR, place)

    def record(self, record: dict[str, Any]) -> Iterator[Recorded]:
        """Yield the exchanges of a JSON record. Its cookies can be in a line of text that it holds."""
        if "name" in record and "value" in record and "domain" in record:
            self._account.miss(Note.STORED)
            return
        if (events := events_of(record)) is not None:
            yield from self._events(events)
            return
        parts = list(parts_of(record))
        for part in parts:
            yield from self.record(part)
        members = Members(self._account, parts)
        before = self._account.notes.total()
        found = members.read(record)
        self._browser.add_place(record, found)
        made = list(self._exchange(found))
        yield from made
        if made:
            names = found.names()
            if any(not names.issuperset(named(text)) for text in members.messages):
                self._account.miss(Note.UNKNOWN_FORM)
        elif self._account.notes.total() == before:
            for text in members.messages:
                held = self._json(text) if text.lstrip().startswith(b'{"') else self._other(text)
                for one in held:
                    one.at = one.at or found.at
                    yield one

    def _events(self, events: list[dict[str, Any]]) -> Iterator[Recorded]:
        sources = Sources(self._at, self._account)
        for number, event in enumerate(events, 1):
            self._account.place = number
            made = sources.take(event)
            yield from self.record(event) if made is None else made

    def skip(self) -> None:
        """Take a line that belongs to a head or a body."""
        self._unread.skip()

    def _exchange(self, found: LogFacts) -> Iterator[Recorded]:
        yield from exchange_of_found(found, self._at, self._account)

    # Text

    def _other(self, line: bytes) -> Iterator[Recorded]:
        """Read a line of text, or of JSON after the prefix of a container runtime or of syslog."""
        at = line.find(b'{"')
        if at > 0 and line.rstrip().endswith(b"}"):
            made = list(self._json(line[at:], is_sure=False))
            yield from made
            if made:
                self._unread.take(line[:at])
                return
        if header := self._listed.take(line):
            listed = LogFacts()
            listed.add(*header)
            yield from self._exchange(listed)
            return
        found, rest = self._text(line)
        yield from self._exchange(found)
        self._unread.take(rest, found.names())

    def _text(self, line: bytes) -> tuple[LogFacts, bytes]:
        """Return the facts of a line, and its parts that are not cookie headers."""
        found = LogFacts()
        if is_map(line):
            self._account.miss(Note.UNKNOWN_FORM)
            return found, line
        held = len(self._held)
        rest: list[bytes] = []
        at = 0
        is_refused = False
        for name, value, (begin, end) in named_fields(line):
            rest.append(line[at:begin])
            at = end
            if line[begin:end].endswith(b"]") and are_side_by_side(value):  # Go has no sign between two values
                self._account.miss(Note.UNKNOWN_FORM)
                is_refused = True
            elif b"=" in value or is_empty(value) or is_redacted(value):
                found.add(name, value)
            else:
                self._account.miss(Note.UNCLEAR)
        rest.append(line[at:])
        others = b"".join(rest)
        if not found.cookie and not found.set_cookie and not is_refused:
            by_form = [
                self._by_form((n, m), value, found)
                for n, fields in enumerate((unnamed_fields(line), captures(line)))
                for m, value in enumerate(fields)
            ]
            self._account.notes[Note.BY_FORM] += any(by_form)
        if found.cookie or found.set_cookie or len(self._held) > held:
            add_facts(found, others)
        elif b"; " not in line or line.count(b'"') % 2 == 0:
            return found, others
        if is_torn(others):
            self._account.miss(Note.UNCLEAR)
        return found, others

    def _by_form(self, column: tuple[int, int], value: bytes, found: LogFacts) -> bool:
        """Take a field without a name if it looks like a cookie header. Return whether it does."""
        if b";%20" in value and b" " not in value:  # Squid encodes blanks
            value = unquote_to_bytes(value)
        parts = LINE_FEED.split(value) if b"\n" in value else split_joined(value)
        if b"=" not in value or not all(map(PAIRS.fullmatch, parts)):
            if not found.host and _HOSTNAME.fullmatch(value):
                found.host = value
            return False
        if has_member(value) or is_named(re.split(rb"[;,]", value, maxsplit=1)[0]):  # as in `--header=Cookie: sid=1`
            self._account.miss(Note.UNKNOWN_FORM)
            return False
        if b"&" in value and b";" not in value:
            self._columns[column] = False  # the query of a URL
        if self._columns.get(column) is False:
            return False
        if not self._columns.get(column) and (is_other := _is_other(value)) is not None:
            if not is_other:
                self._account.miss(Note.UNCLEAR)
            return False
        if ATTRIBUTE.search(value):
            found.add("set-cookie", value)
        elif self._columns.get(column) or is_pairs(parts[0]):
            self._columns[column] = True
            found.add("cookie", value)
        else:  # one pair: a cookie, or a parameter
            if len(self._held) < MAX_HELD:
                self._held.append((column, found, value, self._account.place))
            else:
                self._account.miss(Note.UNCLEAR)
            return False
        return True

    def _taken(self, found: LogFacts, value: bytes) -> Iterator[Recorded]:
        self._account.notes[Note.BY_FORM] += not (found.cookie or found.set_cookie)
        yield from self._exchange(replace(found, cookie=[value], set_cookie={}))

    def _row(self, columns: Columns, line: bytes) -> Iterator[Recorded]:
        """Read a line of CSV."""
        row = columns.row(line)
        if row is None:
            if line.strip():
                self._account.miss(Note.NOT_PARSED)
        else:
            yield from self.record(with_repeats(row))

    def _w3c_line(self, line: bytes) -> Iterator[Recorded]:
        if not line.strip():
            return
        values = w3c_values(line)
        if len(values) != len(self._fields):
            self._account.miss(Note.NOT_PARSED)
        else:
            yield from self._exchange(self._w3c(values))

    def _w3c(self, values: list[bytes]) -> LogFacts:
        """Read a line of a W3C extended log. IIS writes blanks as `+`; CloudFront percent-encodes values."""
        found = LogFacts()
        row = {name.lower(): value for name, value in zip(self._fields, values, strict=True) if value != b"-"}
        is_encoded = any(name.startswith("x-edge-") for name in row)
        for name in row:
            if name in ("cs(cookie)", "sc(set-cookie)"):
                value = unquote_to_bytes(row[name]) if is_encoded else re.sub(rb"(?<=[;,])\+", b" ", row[name])
                found.add(name, value)
            elif "cookie" in name and b"=" in row[name]:
                self._account.miss(Note.UNKNOWN_FORM)
        found.method, found.target = row.get("cs-method", b"GET"), row.get("cs-uri-stem", row.get("cs-uri", b"/"))
        found.host = row.get("x-host-header") or row.get("cs-host") or row.get("cs(host)") or b""
        scheme, port = row.get("cs-protocol", b"").lower(), row.get("s-port", b"")
        if scheme in (b"http", b"https") or port in (b"80", b"443"):
            found.https = scheme == b"https" or (not scheme and port == b"443")
        date = b" ".join((row.get("date", b""), row.get("time", b""))).decode("utf-8", "replace")
        found.at = moment(f"{date}+00:00")
        return found

    # JSON

    def _json(self, line: bytes, is_sure: bool = True) -> Iterator[Recorded]:
        """Read a line of JSON. `is_sure`: count it if it is not valid."""
        try:
            record = json.loads(_X.sub(rb"\\u00\1", line), object_pairs_hook=with_repeats)
        except (ValueError, RecursionError):
            if is_sure:
                self._account.miss(Note.NOT_PARSED)
            return
        if isinstance(record, dict):
            yield from self.record(record)


def _is_other(value: bytes) -> bool | None:
    """Check whether a field is of another header: False if only its first name is one of these, None for cookies."""
    if _PRIORITY.fullmatch(value):
        return True
    names = [piece.partition(b"=")[0].strip().lower() for piece in re.split(rb"[;,]", value) if b"=" in piece]
    known = [name in _OTHER_NAMES or _HTTP_3.fullmatch(name) is not None for name in names]
    return all(known) if known[0] else None
