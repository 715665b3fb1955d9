"""The facts of one line or record of a log, and the exchange that they make."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.cookie_lines import has_next_header, is_cut, is_redacted, is_several, split_joined
from cookiewarden.tools.recordings.recorded import Account, Note, Recorded, exchange_of_url, iso_moment

_LOCAL_TIME = re.compile(rb"\[?([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9:]{8}) ([+-][0-9]{4})\]?")
_ISO_TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})")
TOKEN = rb"[^\s\x00-\x1f\x7f;=,:/?@<>(){}\"\\]+"
"""Cookie name in logs. It has more characters than RFC 6265 allows, but not those that begin a URL."""
PAIRS = re.compile(TOKEN + rb"=[^;]*(?:;[ ]?" + TOKEN + rb"(?:=[^;]*)?)*;?[ ]?")
ATTRIBUTE = re.compile(
    rb";\s*(?:path|domain|expires|max-age|samesite|secure|httponly|partitioned)\s*(?:[=;,]|$)", re.IGNORECASE
)
LINE_FEED = re.compile(rb"\n(?:set-cookie:)?[ \t]*", re.IGNORECASE)
_BLANK = re.compile(rb"\s")
_OPENING = (b'"', b"'", b"`", b"[", b"{", b"(", b"<", b"b'", b'b"')
"""Text in which a value begins if its delimiters were not understood."""


@dataclass(slots=True)
class LogFacts:
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
            self.set_cookie.setdefault(name, []).extend(LINE_FEED.split(value))
        else:
            self.cookie.append(value.replace(b"\n", b""))

    def names(self) -> set[bytes]:
        """Return the names of the cookies that were taken."""
        return self.set_names() | self.asked_names()

    def set_names(self) -> set[bytes]:
        """Return the names of the cookies in Set-Cookie headers."""
        lines = [line for lines in self.set_cookie.values() for value in lines for line in split_joined(value)]
        return set(map(_name, lines))

    def asked_names(self) -> set[bytes]:
        """Return the names of the cookies in Cookie headers."""
        return {_name(pair) for value in self.cookie for pair in value.split(b";")}


def _name(pair: bytes) -> bytes:
    return pair.partition(b"=")[0].strip()


def exchange_of_found(found: LogFacts, at: Exchange, account: Account) -> Iterator[Recorded]:
    """Yield the exchange of a line or record, if it has cookies. `at`: the place of one that does not name its own."""
    asked = [(b"Cookie", value) for value in found.cookie if _is_kept(value, account)]
    answered: list[Header] = []
    for value in _once(found.set_cookie):
        if _is_kept(value, account):
            lines = split_joined(value)
            account.notes[Note.SPLIT] += len(lines) > 1
            answered += [(b"Set-Cookie", line) for line in lines if is_clear(line, account)]
    if asked or answered:
        target = found.target if found.target.startswith(b"/") else at.target
        https = at.https if found.https is None else found.https
        exchange = Exchange(found.host or at.host, target, https, asked, found.method)
        yield Recorded(exchange, asked, answered, found.at)


def is_clear(line: bytes, account: Account) -> bool:
    """Check that a Set-Cookie line is only one, and count the lines that are not or that seem cut."""
    if is_several(line):
        account.miss(Note.UNKNOWN_FORM)
        return False
    if is_cut(line):
        account.miss(Note.CUT)
    return True


def _is_kept(value: bytes, account: Account) -> bool:
    if is_empty(value):
        return False
    if is_redacted(value):
        account.miss(Note.REDACTED)
        return False
    name = _name(value)
    if name.startswith(_OPENING) or _BLANK.search(name):
        account.miss(Note.UNKNOWN_FORM)
        return False
    if has_next_header(value):
        account.miss(Note.CUT)
    return True


def _once(by_field: dict[str, list[bytes]]) -> list[bytes]:
    """Return the Set-Cookie lines of the application. Proxies can log them twice, before and after their own edits."""
    for word in ("origin", "upstream"):
        for name, values in by_field.items():
            if word in name.lower():
                return values
    kept: list[bytes] = []
    known: set[bytes] = set()
    for values in by_field.values():
        names = [value.partition(b"=")[0] for value in values]
        kept += [value for name, value in zip(names, values, strict=True) if name not in known]
        known.update(names)
    return kept


def is_empty(value: bytes) -> bool:
    return value.strip() in (b"", b"-", b"null", b"None")


def time_in(line: bytes) -> float:
    """Return the time of a line in seconds since the epoch; 0 if it is unknown. Its Expires are measured from it."""
    if local := _LOCAL_TIME.search(line):
        day, month, year, time, zone = (part.decode() for part in local.groups())
        number = "JanFebMarAprMayJunJulAugSepOctNovDec".find(month) // 3 + 1
        return moment(f"{year}-{number:02}-{day}T{time}{zone}")
    found = _ISO_TIME.search(line)
    return moment(found[0].decode()) if found else 0.0


def moment(text: str) -> float:
    """Read a date of a log or of HTTP, in seconds since the epoch; 0 if it is not valid."""
    if _LOCAL_TIME.fullmatch(line := text.encode("utf-8", "replace")):
        return time_in(line)
    return iso_moment(text) or float(parse_cookie_date(line[:40]) or 0)
