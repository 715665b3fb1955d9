"""Lossless parser of Set-Cookie and Cookie, as browsers read them (RFC 6265bis 5.6 and 4.2).

A parsed Set-Cookie keeps the raw text of the name-value pair and of each attribute. Joined with `;`, they are the
original header. Editing replaces, removes or adds attributes and keeps all other bytes. Values are not decoded,
unquoted or trimmed.
"""

import re
from itertools import compress

from cookiewarden.core.cookies.date import ExpiresClock, parse_cookie_date

MAX_PAIR = 4096
"""Maximum length of name and value, in octets. Browsers ignore larger cookies (RFC 6265bis 5.6)."""
MAX_ATTRIBUTE = 1024
"""Maximum length of an attribute's value, in octets. Browsers ignore longer attributes (RFC 6265bis 5.6)."""

# RFC 6265bis 5.6: %x00-08 / %x0A-1F / %x7F, which are all control characters except the tab
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
WSP = b" \t"
TOO_LONG = b"!"
LIFETIME = frozenset({b"max-age", b"expires", TOO_LONG + b"max-age", TOO_LONG + b"expires"})
"""Attributes of a cookie's lifetime."""
MAX_KNOWN = 12
"""Maximum number of known attributes in a line. A line with more is malformed; applications send at most nine, each
once."""
MAX_SAME = 4
"""Maximum number of known attributes of one name in a line, for the same reason."""
MAX_EXPIRES = 2
"""Maximum number of Expires in a line. A date costs more to read than all other attributes."""
MAX_TABS = 6
"""Maximum number of tabs in a line's attributes. Applications send none."""
KNOWN = (
    b"max-age",
    b"expires",
    b"domain",
    b"path",
    b"secure",
    b"httponly",
    b"samesite",
    b"partitioned",
    b"priority",
)
_SPELLED = {name: name for name in KNOWN}
_KNOWN = re.compile(rb"(;[ \t]*(?=[MEDPSHmedpsh])(%b)[ \t]*(?:=[^;]*)?)(?=;|\Z)" % b"|".join(KNOWN), re.IGNORECASE)
_MAX_AGE = re.compile(rb"-?[0-9]+")
FOREVER = 10**12
"""Value of a Max-Age with more than 12 digits, in seconds."""


class SetCookie:
    """A Set-Cookie header value. It has no repr, because it contains a cookie value."""

    __slots__ = ("_lifetime", "at", "name", "names", "pair", "raws", "value")

    def __init__(self, pair: bytes, name: bytes, value: bytes, raws: list[bytes], names: list[bytes]) -> None:
        """Set the parts of the header value.

        `raws` has the text of each attribute, between two `;`. `names` has its name in lower case, empty if it is
        unknown, and with the prefix `TOO_LONG` if browsers ignore it because of its length."""
        self.pair = pair
        self.name = name
        self.value = value
        self.raws = raws
        self.names = names
        self.at = dict(zip(names, range(len(names)), strict=True))
        """The position of the last attribute of each name."""
        self._lifetime: Lifetimes | None = None

    def last(self, name: bytes) -> bytes | None:
        """Return the value of an attribute, or None if it is absent. If it is repeated, the last one counts."""
        at = self.at.get(name)
        return None if at is None else value_of(self.raws[at])

    def has(self, name: bytes) -> bool:
        return name in self.at

    def lifetime(self) -> "Lifetimes":
        """Return all Max-Age and Expires attributes, including ones that browsers ignore because of their length."""
        if self._lifetime is None:
            self._lifetime = _NO_LIFETIME if LIFETIME.isdisjoint(self.at) else Lifetimes(self.names, self.raws)
        return self._lifetime


class Lifetimes:
    """The Max-Age and Expires attributes of a line."""

    __slots__ = ("age", "all", "date")

    def __init__(self, names: list[bytes], raws: list[bytes]) -> None:
        found: list[Lifetime] = []
        age: Lifetime | None = None
        date: Lifetime | None = None
        for at in compress(range(len(names)), map(LIFETIME.__contains__, names)):
            name = names[at]
            value = raws[at].partition(b"=")[2].strip(WSP)
            if name == b"max-age":
                # nearly all are short and have only digits
                seconds = int(value) if value.isdigit() and len(value) <= 12 else max_age(value)
                one = (at, name, value, seconds)
                if seconds is not None:
                    age = one
            elif name == b"expires":
                seconds = parse_cookie_date(value)
                one = (at, name, value, seconds)
                if seconds is not None:
                    date = one
            else:
                one = (at, name.removeprefix(TOO_LONG), value, None)
            found.append(one)
        self.all = found
        self.age, self.date = age, date
        """The last valid Max-Age and the last valid Expires, or None."""

    @property
    def counts(self) -> "Lifetime | None":
        """The last valid Max-Age, else the last valid Expires (RFC 6265bis 5.7), else None."""
        return self.age or self.date


Lifetime = tuple[int, bytes, bytes, int | None]
"""Position, name and value of a Max-Age or Expires, and its meaning as parsed by `max_age` or `parse_cookie_date`."""
_NO_LIFETIME = Lifetimes([], [])


def parse_set_cookie(line: bytes) -> SetCookie | None:
    """Parse a Set-Cookie value (RFC 6265bis 5.6). Return None if browsers ignore the line or its meaning is unclear.

    A line without `=` has an empty name. Browsers ignore a line without name and value."""
    return None if CONTROL.search(line) else read_set_cookie(line)


def read_set_cookie(line: bytes) -> SetCookie | None:
    """Parse a Set-Cookie value without control characters. For other values, use `parse_set_cookie`."""
    pair, semicolon, rest = line.partition(b";")
    name, separator, value = pair.partition(b"=")
    if not separator:
        name, value = b"", pair
    name, value = name.strip(WSP), value.strip(WSP)
    if not name and not value:
        return None
    attributes = _attributes(rest) if semicolon else ([], [])
    return None if attributes is None else SetCookie(pair, name, value, attributes[0], attributes[1])


def _attributes(text: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """Split the text after a line's first `;` into attributes and their names.

    Return None if there are more than MAX_KNOWN known attributes, MAX_SAME of one name, MAX_EXPIRES or MAX_TABS."""
    if text.count(b"\t") > MAX_TABS:
        return None
    if text.count(b";") < MAX_KNOWN:
        raws = text.split(b";")
        names = [_SPELLED.get(raw.partition(b"=")[0].strip(WSP), b"") for raw in text.lower().split(b";")]
    else:
        raws, names = _few_of_many(b";" + text)
        if len(names) - names.count(b"") > MAX_KNOWN:
            return None
    if len(names) > MAX_EXPIRES and names.count(b"expires") > MAX_EXPIRES:
        return None
    if len(names) > MAX_SAME and max(map(names.count, KNOWN)) > MAX_SAME:
        return None
    if len(text) > MAX_ATTRIBUTE:
        for at, name in enumerate(names):
            if len(raws[at]) > MAX_ATTRIBUTE and name and len(value_of(raws[at])) > MAX_ATTRIBUTE:
                names[at] = TOO_LONG + name
    return raws, names


def _few_of_many(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """Split a long list into known attributes, up to MAX_KNOWN + 1, and the texts between them.

    Splitting 16,000 attributes completely would take 45 ms."""
    # Three items for each known attribute: the text before it, its text and its name. At the end is the rest.
    parts = _KNOWN.split(text, MAX_KNOWN + 1)
    known = map(bytes.lower, parts[2::3])
    del parts[2::3]
    names = [b""] * len(parts)
    names[1::2] = known
    return [part[1:] for part in filter(None, parts)], list(compress(names, parts))


def value_of(raw: bytes) -> bytes:
    """Return an attribute's value, without surrounding whitespace."""
    return raw.partition(b"=")[2].strip(WSP)


def with_attribute_value(raw: bytes, value: bytes) -> bytes:
    """Return an attribute with another value, in the same spelling."""
    key, _, _ = raw.partition(b"=")
    return key.rstrip(WSP) + b"=" + value


def build_set_cookie(cookie: SetCookie) -> bytes:
    """Return the header value. Without edits, it is identical to the parsed one."""
    return b";".join([cookie.pair, *cookie.raws])


def max_age(value: bytes) -> int | None:
    """Parse a Max-Age to seconds, or None if it is not valid (RFC 6265bis 5.6.2)."""
    if len(value) > MAX_ATTRIBUTE or not _MAX_AGE.fullmatch(value):
        return None
    negative, digits = value.startswith(b"-"), value.lstrip(b"-0")
    number = int(digits or b"0") if len(digits) <= 12 else FOREVER
    return -number if negative else min(number, FOREVER)


def is_deletion(cookie: SetCookie, clock: ExpiresClock) -> bool:
    """Check whether the line deletes a cookie, by the last valid Max-Age, else by the last valid Expires."""
    counts = cookie.lifetime().counts
    if counts is None or counts[3] is None:
        return False
    return counts[3] <= (0 if counts[1] == b"max-age" else clock.sent)


def parse_cookie(header: bytes) -> list[tuple[bytes, bytes]]:
    """Split a Cookie header at each `;`. Return the name (may be empty) and text of each piece."""
    return [(name_of(piece), piece) for piece in header.split(b";")]


def name_of(piece: bytes) -> bytes:
    name, separator, _ = piece.partition(b"=")
    return name.strip(WSP) if separator else b""


def with_name(pair: bytes, name: bytes) -> bytes:
    """Return a pair with another name and the same whitespace and value."""
    old = pair.partition(b"=")[0]
    bare = old.strip(WSP)
    begin = old.index(bare)
    return pair[:begin] + name + pair[begin + len(bare) :]


def with_value(pair: bytes, value: bytes) -> bytes:
    """Return a pair with another value and the same text before it."""
    name, equals, _ = pair.partition(b"=")
    return name + equals + value


def build_cookie(pieces: list[bytes], first_removed: bool) -> bytes:
    """Join the kept pieces. If the first piece was removed, remove the leading whitespace as well."""
    header = b";".join(pieces)
    return header.lstrip(WSP) if first_removed else header
