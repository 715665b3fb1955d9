"""Exchanges as a recorder saved them, and an account of the parts that were not understood."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import urlsplit

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.core.policy.problem import counted
from cookiewarden.tools.recordings.device_bound import REGISTRATION


class NoTraffic(Exception):
    """A file cannot be read as traffic; exit code 3."""


@dataclass(slots=True)
class Recorded:
    """A request and its response."""

    exchange: Exchange
    asked: list[Header] = field(default_factory=list)
    answered: list[Header] = field(default_factory=list)
    at: float = 0.0
    """The moment of the response, in seconds since the epoch; 0 if unknown."""
    bound: tuple[bytes, ...] = ()
    """Names of cookies that the response binds to the device, by the registration of a session in its body."""

    @property
    def url(self) -> str:
        """The URL without its query."""
        path = self.exchange.target.partition(b"?")[0]
        return ("https://" if self.exchange.https else "http://") + (self.exchange.host + path).decode(
            "utf-8", "backslashreplace"
        )


ANYWHERE = Exchange(b"localhost")
"""The place of text that does not name its own."""


class Note(Enum):
    """Parts of a recording that were left out or needed an interpretation."""

    NO_URL = "left out: the URL is missing or not valid"
    NOT_HTTP = "left out: not fetched by HTTP, such as data and chrome-extension URLs"
    NO_RESPONSE = "without a response: only the request is used"
    REDACTED = "left out: the cookies are redacted"
    NOT_PARSED = "left out: not valid JSON, or not of the columns that the file names"
    TOO_LONG = "left out: longer than 1 MB"
    UNCLEAR = (
        "left out: a field may be a cookie header; name the fields of the log, such as "
        'cookie="$http_cookie", with escaped quotes'
    )
    UNKNOWN_FORM = "left out: Set-Cookie or Cookie in a form that is not known"
    CUT = "with a host or an attribute that cannot be right, such as a line that is cut in the wrong place"
    STORED = "left out: cookies as a browser stores them, without headers; record a HAR file"
    FROM_ARRAYS = "read from cookies[] arrays, because the headers do not have these cookies"
    SPLIT = "split: the recorder had joined Set-Cookie lines with commas"
    BY_FORM = "read by form: a field without a name looks like a cookie header"
    NO_TIME = "with Expires and without its own time: the lifetimes are counted from now"
    PERHAPS_ENDED = (
        "left out: an Expires is in the past and the time of the response is not known, so it is perhaps a deletion"
    )
    NO_HOST = "without a host: read as of https://localhost/; give --url if it is another"


_MISSING = frozenset(
    {
        Note.NO_URL,
        Note.REDACTED,
        Note.NOT_PARSED,
        Note.TOO_LONG,
        Note.UNCLEAR,
        Note.UNKNOWN_FORM,
        Note.CUT,
        Note.STORED,
        Note.PERHAPS_ENDED,
    }
)
"""Notes on parts that may have had cookies."""


_A_DELETION = 946_684_800
"""The year 2000, in seconds since the epoch. Applications delete cookies with an Expires before it."""

UNKNOWN_BINDING = (
    "with Secure-Session-Registration, which binds cookies to the device, but no body names them; record a HAR file "
    "with bodies"
)


@dataclass(slots=True)
class Account:
    """The contents of one file. A reader adds to it while it reads."""

    exchanges: int = 0
    cookies: int = 0
    """Cookie and Set-Cookie header lines."""
    notes: Counter[Note] = field(default_factory=Counter)
    registrations: int = 0
    """Responses that ask the browser to bind a session to the device."""
    bound: int = 0
    """Cookies that the bodies of registrations name."""
    is_har: bool = False
    now: float = field(default_factory=time.time)
    """In seconds since the epoch. It stands for the time of a response that the file does not have."""
    unit: str = "exchange"
    place: int = 0
    """The number of the line or record that is read; 0 if its kind is not counted."""
    first: dict[Note, int] = field(default_factory=dict)
    """The first place of each note that means a loss."""
    _last: dict[Note, int] = field(default_factory=dict)

    def miss(self, note: Note, place: int = 0) -> None:
        """Count a line or record that was not understood, once for each note. `place`: of an earlier line."""
        place = place or self.place
        if not place or self._last.get(note) != place:
            self.notes[note] += 1
        self._last[note] = place
        if place:
            self.first[note] = min(place, self.first.get(note, place))

    def add(self, one: Recorded) -> None:
        """Count an exchange."""
        self.exchanges += 1
        self.cookies += sum(name.lower() in (b"cookie", b"set-cookie") for name, _ in [*one.asked, *one.answered])
        self.registrations += any(name.lower() in REGISTRATION for name, _ in one.answered)
        self.bound += len(one.bound)
        if not one.at:
            self._note_dates([value for name, value in one.answered if name.lower() == b"set-cookie"])

    def _note_dates(self, lines: list[bytes]) -> None:
        """Count an exchange whose Expires can only be counted from now."""
        cookies = [cookie for line in lines if (cookie := parse_set_cookie(line)) is not None]
        dates = [one.date for cookie in cookies if (one := cookie.lifetime()).age is None and cookie.value]
        read = [date[3] for date in dates if date is not None and date[3] is not None]
        if any(at > self.now for at in read):
            self.notes[Note.NO_TIME] += 1
        if any(_A_DELETION < at <= self.now for at in read):
            self.miss(Note.PERHAPS_ENDED)

    def lines(self) -> list[str]:
        """Describe each note in one line."""
        lines = [
            f"{counted(self.notes[note], self.unit)} {note.value}{self._first(note)}"
            for note in Note
            if self.notes[note]
        ]
        if self.registrations and not self.bound:
            lines.append(f"{counted(self.registrations, self.unit)} {UNKNOWN_BINDING}")
        return lines

    def _first(self, note: Note) -> str:
        return f"; the first is {self.unit} {self.first[note]}" if note in self.first else ""

    @property
    def is_incomplete(self) -> bool:
        """True if cookies of the file may be missing in its exchanges."""
        return not self.cookies or any(self.notes[note] for note in _MISSING)

    @property
    def why_no_cookies(self) -> str:
        """The reason for the absence of cookies, with the remedy."""
        if self.notes[Note.REDACTED]:
            how = "" if self.is_har else " (log_credentials in Caddy, accessLog.fields.headers in Traefik)"
            return f"its cookies are redacted; record them without redaction{how}"
        if self.notes[Note.STORED]:
            return "it has cookies as a browser stores them, such as Playwright's storageState; record a HAR file"
        if self.notes[Note.UNKNOWN_FORM] or self.notes[Note.UNCLEAR]:
            return "its Set-Cookie and Cookie headers have a form that is not known; record a HAR file or use curl -v"
        if self.is_har and self.exchanges:
            return (
                "it has no Cookie and Set-Cookie headers. Chrome and Edge leave them out by default: in the developer "
                'tools enable Settings > Preferences > Network > "Allow to generate HAR with sensitive data", then '
                'choose "Export HAR (with sensitive data)"'
            )
        return "it has no Cookie and Set-Cookie headers"


def exchange_of_url(url: str, method: str = "GET") -> Exchange | None:
    """Return the request for a URL; None if it is not fetched by HTTP. A WebSocket starts with an HTTP request."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "ws", "wss") or not host:
        return None
    if not host.isascii() and (host := ascii_host(host)) == "":
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Exchange(octets(host), octets(target), parts.scheme in ("https", "wss"), (), octets(method))


_AMBIGUOUS = re.compile("[\u00df\u03c2\u200c\u200d]")
"""Characters that IDNA 2003 and browsers map differently."""


def ascii_host(host: str) -> str:
    """Return the xn--… form of a host with its port; empty if browsers disagree on it."""
    if _AMBIGUOUS.search(host):
        return ""
    try:
        return host.lower().encode("idna").decode()
    except UnicodeError:
        return ""


def exchange_of_target(target: bytes, method: bytes, at: Exchange) -> Exchange:
    """Return the request of a request line. `at`: the place of a target that is only a path."""
    if b"://" in target.partition(b"?")[0]:
        found = exchange_of_url(target.decode("utf-8", "surrogateescape"))
        return replace(found, method=method) if found else at
    return replace(at, target=target if target.startswith(b"/") else b"/", method=method, headers=())


def octets(text: str) -> bytes:
    """Encode text of a recording; characters that cannot be encoded are escaped."""
    return text.encode("utf-8", "surrogateescape" if text.isprintable() else "backslashreplace").replace(b"\r", b"")


def iso_moment(text: str) -> float | None:
    """Read a date of ISO 8601, in seconds since the epoch; None if it is not valid. One without a zone is in UTC."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
