"""Set-Cookie and Cookie as browsers read them (RFC 6265bis 5.6 and 4.2), without losing a byte.

A parsed Set-Cookie keeps the raw text of the name-value pair and of every attribute; joined with `;` they
are the header again. Editing replaces, drops or adds attributes and leaves every other byte as it came.
Nothing here decodes, unquotes or trims a value.
"""

import re
from itertools import islice, repeat

from cookiewarden.core.cookies.date import parse_cookie_date

MAX_PAIR = 4096
"""Octets of name + value above which browsers ignore a cookie (RFC 6265bis 5.6)."""
MAX_ATTRIBUTE = 1024
"""Octets of an attribute's value above which browsers ignore the attribute (RFC 6265bis 5.6)."""

# RFC 6265bis 5.6: %x00-08 / %x0A-1F / %x7F, that is every control character except the tab
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
WSP = b" \t"
TOO_LONG = b"!"
LIFETIME = frozenset({b"max-age", b"expires", TOO_LONG + b"max-age", TOO_LONG + b"expires"})
"""The attributes that say how long browsers keep a cookie."""
MAX_KNOWN = 12
"""Attributes with a meaning in one line above which nobody can say what is meant; applications send nine at most, each
once."""
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
_KEYS = re.compile(rb";[ \t]*+([a-z-]*+(?=[ \t]*+(?:[=;]|\Z)))?")
"""The key of each attribute in lower case; empty where it has other signs than those of KNOWN."""
_KNOWN = re.compile(rb";[ \t]*(?=[MEDPSHmedpsh])(%b)[ \t]*(?:=[^;]*)?(?=;|\Z)" % b"|".join(KNOWN), re.IGNORECASE)
_MAX_AGE = re.compile(rb"-?[0-9]+")
FOREVER = 10**12
"""What a Max-Age of more digits than matter counts as, in seconds."""


class SetCookie:
    """A Set-Cookie header value. No repr: it holds a value."""

    __slots__ = ("_at", "_lifetime", "name", "names", "pair", "raws", "value")

    def __init__(self, pair: bytes, name: bytes, value: bytes, raws: list[bytes], names: list[bytes]) -> None:
        """`raws`: the text of each attribute, between two `;`. `names`: what it is, in lower case; empty where it means
        nothing, and after
        `TOO_LONG` where browsers ignore it for the length of its value."""
        self.pair = pair
        self.name = name
        self.value = value
        self.raws = raws
        self.names = names
        self._at = dict(zip(names, range(len(names)), strict=True))  # of equal names the last one stays
        self._lifetime: list[Lifetime] | None = None

    def last(self, name: bytes) -> bytes | None:
        """The value of the attribute that counts where one is given several times: the last. None where there is
        none."""
        at = self._at.get(name)
        return None if at is None else value_of(self.raws[at])

    def has(self, name: bytes) -> bool:
        return name in self._at

    def lifetime(self) -> list["Lifetime"]:
        """Its Max-Age and Expires, those that browsers ignore for their length among them."""
        if self._lifetime is None:
            self._lifetime = [] if LIFETIME.isdisjoint(self._at) else self._read_lifetime()
        return self._lifetime

    def _read_lifetime(self) -> list["Lifetime"]:
        found: list[Lifetime] = []
        for at, name in enumerate(self.names):
            if name in LIFETIME:
                value = self.raws[at].partition(b"=")[2].strip(WSP)
                if name == b"max-age":
                    found.append((at, name, value, max_age(value)))
                elif name == b"expires":
                    found.append((at, name, value, expires(value)))
                else:
                    found.append((at, name.removeprefix(TOO_LONG), value, None))
        return found


Lifetime = tuple[int, bytes, bytes, int | None]
"""Where a Max-Age or an Expires stands; its name; its value; what it says, as `max_age` or `expires` read it."""


def parse_set_cookie(line: bytes) -> SetCookie | None:
    """Parse a Set-Cookie value as RFC 6265bis 5.6 does; None where browsers ignore the whole line, or nobody can say
    what it means.

    A line without `=` has an empty name. A line without name and value is ignored by browsers."""
    if CONTROL.search(line):
        return None
    pair, semicolon, rest = line.partition(b";")
    name, separator, value = pair.partition(b"=")
    if not separator:
        name, value = b"", pair
    name, value = name.strip(WSP), value.strip(WSP)
    if not name and not value:
        return None
    attributes = _attributes(rest) if semicolon else ([], [])
    return None if attributes is None else SetCookie(pair, name, value, *attributes)


def _attributes(text: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """The attributes in a line's text after its first `;` and their names; None where there are more than MAX_KNOWN
    with a meaning."""
    if text.count(b";") < MAX_KNOWN:
        raws = text.split(b";")
        names = list(map(_SPELLED.get, _KEYS.findall(b";" + text.lower()), repeat(b"")))
    else:
        raws, names = _few_of_many(b";" + text)
        if len(names) - names.count(b"") > MAX_KNOWN:
            return None
    if len(text) > MAX_ATTRIBUTE:
        for at, name in enumerate(names):
            if len(raws[at]) > MAX_ATTRIBUTE and name and len(value_of(raws[at])) > MAX_ATTRIBUTE:
                names[at] = TOO_LONG + name
    return raws, names


def _few_of_many(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """Of a long list those with a meaning, one more than MAX_KNOWN at most, and what stands between them as one: 16,000
    taken apart cost 45 ms."""
    raws: list[bytes] = []
    names: list[bytes] = []
    at = 0
    for match in islice(_KNOWN.finditer(text), MAX_KNOWN + 1):
        if at < match.start():
            raws.append(text[at + 1 : match.start()])
            names.append(b"")
        raws.append(match[0][1:])
        names.append(match[1].lower())
        at = match.end()
    if at < len(text):
        raws.append(text[at + 1 :])
        names.append(b"")
    return raws, names


def value_of(raw: bytes) -> bytes:
    """An attribute's value, without the blanks around it."""
    return raw.partition(b"=")[2].strip(WSP)


def with_attribute_value(raw: bytes, value: bytes) -> bytes:
    """An attribute with another value, its spelling kept."""
    key, _, _ = raw.partition(b"=")
    return key.rstrip(WSP) + b"=" + value


def build_set_cookie(cookie: SetCookie) -> bytes:
    """The header value again; byte for byte the parsed one where nothing was edited."""
    return b";".join([cookie.pair, *cookie.raws])


def max_age(value: bytes) -> int | None:
    """Seconds, or None where it is not the value of a valid Max-Age (RFC 6265bis 5.6.2)."""
    if value.isdigit() and len(value) <= 12:  # nearly all
        return int(value)
    if len(value) > MAX_ATTRIBUTE or not _MAX_AGE.fullmatch(value):
        return None
    negative, digits = value.startswith(b"-"), value.lstrip(b"-0")
    number = int(digits or b"0") if len(digits) <= 12 else FOREVER
    return -number if negative else min(number, FOREVER)


def expires(value: bytes) -> int | None:
    """Seconds since the epoch, or None where it is not the value of a valid Expires (RFC 6265bis 5.6.1)."""
    return None if len(value) > MAX_ATTRIBUTE else parse_cookie_date(value)


def is_deletion(cookie: SetCookie, now: float) -> bool:
    """Whether the line removes a cookie: by the last valid Max-Age, else by the last valid Expires.

    `now`: seconds since the epoch, on the clock that Expires counts from (`expires_clock`). Where that is unknown, ours
    decides."""
    counts = lifetime_that_counts(cookie)
    if counts is None:
        return False
    _, name, _, says = counts
    return says is not None and says <= (0.0 if name == b"max-age" else abs(now))


def lifetime_that_counts(cookie: SetCookie) -> Lifetime | None:
    """The last valid Max-Age, else the last valid Expires (RFC 6265bis 5.7); None where there is neither."""
    lifetime = cookie.lifetime()
    for wanted in (b"max-age", b"expires") if lifetime else ():
        for found in reversed(lifetime):
            if found[1] == wanted and found[3] is not None:
                return found
    return None


def parse_cookie(header: bytes) -> list[tuple[bytes, bytes]]:
    """The pieces of a Cookie header between its `;`, each with its cookie's name (empty for none)."""
    return [(name_of(piece), piece) for piece in header.split(b";")]


def name_of(piece: bytes) -> bytes:
    name, separator, _ = piece.partition(b"=")
    return name.strip(WSP) if separator else b""


def with_name(pair: bytes, name: bytes) -> bytes:
    """A pair under another name, its blanks and its value kept."""
    old, equals, value = pair.partition(b"=")
    bare = old.strip(WSP)
    begin = old.index(bare)
    return old[:begin] + name + old[begin + len(bare) :] + equals + value


def with_value(pair: bytes, value: bytes) -> bytes:
    """A pair with another value, all before it kept."""
    name, equals, _ = pair.partition(b"=")
    return name + equals + value


def build_cookie(pieces: list[bytes], first_removed: bool) -> bytes:
    """The pieces that stay. A removed piece takes the separator before it; the first, the one after it."""
    header = b";".join(pieces)
    return header.lstrip(WSP) if first_removed else header
