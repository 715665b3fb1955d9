"""Set-Cookie and Cookie as browsers read them (RFC 6265bis 5.6 and 4.2), without losing a byte.

A parsed Set-Cookie keeps the raw text of the name-value pair and of every attribute; joined with `;` they
are the header again. Editing replaces, drops or adds attributes and leaves every other byte as it came.
Nothing here decodes, unquotes or trims a value.
"""

import re

from cookiewarden.core.date import is_known, parse_cookie_date

MAX_PAIR = 4096
"""Octets of name + value above which browsers ignore a cookie (RFC 6265bis 5.6)."""
MAX_ATTRIBUTE = 1024
"""Octets of an attribute's value above which browsers ignore the attribute (RFC 6265bis 5.6)."""

# RFC 6265bis 5.6: %x00-08 / %x0A-1F / %x7F, that is every control character except the tab
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
WSP = b" \t"
LIFETIME = frozenset({b"max-age", b"expires"})
"""The attributes that say how long browsers keep a cookie."""
_MAX_AGE = re.compile(rb"-?[0-9]+")
FOREVER = 10**12
"""What a Max-Age of more digits than matter counts as, in seconds."""


class Attribute:
    """One attribute: the raw text between two `;`, its name in lower case, its value without blanks. Not changed once it is made."""

    __slots__ = ("counts", "name", "raw", "value")

    def __init__(self, raw: bytes, name: bytes, value: bytes) -> None:
        self.raw = raw
        self.name = name
        self.value = value
        self.counts = len(value) <= MAX_ATTRIBUTE
        """Whether browsers look at it at all."""

    def __repr__(self) -> str:
        return f"Attribute({self.raw!r})"


class SetCookie:
    """A Set-Cookie header value. No repr: it holds a value."""

    __slots__ = ("_last", "attributes", "name", "pair", "value")

    def __init__(self, pair: bytes, name: bytes, value: bytes, attributes: list[Attribute]) -> None:
        self.pair = pair
        self.name = name
        self.value = value
        self.attributes = attributes
        self._last = {a.name: a for a in attributes if a.counts}

    def last(self, name: bytes) -> Attribute | None:
        """The attribute that counts where one is given several times: the last."""
        return self._last.get(name)

    def has(self, name: bytes) -> bool:
        return name in self._last

    def lifetime(self) -> list[Attribute]:
        """Its Max-Age and Expires, those that browsers ignore for their length among them."""
        if not (
            b"max-age" in self._last or b"expires" in self._last or len(self._last) < len(self.attributes)
        ):
            return []
        return [a for a in self.attributes if a.name in LIFETIME]


def parse_set_cookie(line: bytes) -> SetCookie | None:
    """Parse a Set-Cookie value as RFC 6265bis 5.6 does; None where browsers ignore the whole line, or nobody can say what it means.

    A line without `=` has an empty name. A line without name and value is ignored by browsers.
    """
    if CONTROL.search(line):
        return None
    pair, semicolon, rest = line.partition(b";")
    name, separator, value = pair.partition(b"=")
    if not separator:
        name, value = b"", pair
    name, value = name.strip(WSP), value.strip(WSP)
    if not name and not value:
        return None
    attributes = _attributes(rest) if semicolon else []
    return None if attributes is None else SetCookie(pair, name, value, attributes)


MAX_KNOWN = 64
"""Attributes with a meaning in one line above which nobody can say what is meant; applications send ten at most."""
_KNOWN = re.compile(
    rb";[ \t]*(?=[MEDPSHmedpsh])(?:max-age|expires|domain|path|secure|httponly|samesite|partitioned|priority)[ \t]*(?:=[^;]*)?(?=;|\Z)",
    re.IGNORECASE,
)


def _attributes(text: bytes) -> list[Attribute] | None:
    """The attributes in a line's text after its first `;`; None where there are more than MAX_KNOWN with a meaning. In a long list those
    without one are not taken apart: 16,000 cost 45 ms."""
    if text.count(b";") < MAX_KNOWN:
        return list(map(parse_attribute, text.split(b";")))
    text, at = b";" + text, 0
    found: list[Attribute] = []
    for number, match in enumerate(_KNOWN.finditer(text), 1):
        if number > MAX_KNOWN:
            return None
        if at < match.start():
            found.append(Attribute(text[at + 1 : match.start()], b"", b""))
        found.append(parse_attribute(match[0][1:]))
        at = match.end()
    if at < len(text):
        found.append(Attribute(text[at + 1 :], b"", b""))
    return found


def parse_attribute(raw: bytes) -> Attribute:
    name, _, value = raw.partition(b"=")
    return Attribute(raw, name.strip(WSP).lower(), value.strip(WSP))


def with_attribute_value(attribute: Attribute, value: bytes) -> Attribute:
    """The attribute with another value, its spelling kept."""
    key, _, _ = attribute.raw.partition(b"=")
    return Attribute(key.rstrip(WSP) + b"=" + value, attribute.name, value)


def build_set_cookie(cookie: SetCookie) -> bytes:
    """The header value again; byte for byte the parsed one where nothing was edited."""
    return b";".join([cookie.pair, *[a.raw for a in cookie.attributes]])


def max_age(attribute: Attribute) -> int | None:
    """Seconds, or None where the attribute is not a valid Max-Age (RFC 6265bis 5.6.2)."""
    if attribute.name != b"max-age" or not attribute.counts or not _MAX_AGE.fullmatch(attribute.value):
        return None
    negative, digits = attribute.value.startswith(b"-"), attribute.value.lstrip(b"-0")
    number = int(digits or b"0") if len(digits) <= 12 else FOREVER
    return -number if negative else min(number, FOREVER)


def expires(attribute: Attribute) -> int | None:
    """Seconds since the epoch, or None where the attribute is not a valid Expires (RFC 6265bis 5.6.1)."""
    if attribute.name != b"expires" or not attribute.counts:
        return None
    return parse_cookie_date(attribute.value)


def is_deletion(cookie: SetCookie, now: float) -> bool:
    """Whether the line removes a cookie: by the last valid Max-Age, else by the last valid Expires.

    `now`: seconds since the epoch, on the clock that Expires counts from (`expires_clock`). Where that is unknown, ours decides.
    """
    lifetime = cookie.lifetime()
    for parse, horizon in ((max_age, 0.0), (expires, abs(now))) if lifetime else ():
        for attribute in reversed(lifetime):
            found = parse(attribute)
            if found is not None:
                return found <= horizon
    return False


def is_unreadable(attribute: Attribute, clock: float) -> bool:
    """Whether it is a Max-Age or an Expires that RFC 6265bis calls invalid, or an Expires for which the clock is unknown. Browsers read
    some of these all the same, and each browser others: `+60`, `99x`, a year of five digits, a date without a time."""
    if attribute.name == b"expires" and not is_known(clock):
        return True
    return attribute.name in LIFETIME and max_age(attribute) is None and expires(attribute) is None


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
