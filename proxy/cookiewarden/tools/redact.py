"""Redaction of cookie lines: values, and text that may be part of a value, are replaced by their length."""

import re

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.policy.problem import counted, printable_octets

_KNOWN = re.compile(
    rb"secure|httponly|partitioned|max-age=-?[0-9]{1,20}|samesite=(?:none|lax|strict)|priority=(?:low|medium|high)|"
    rb"domain=\.?(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*)?|path=(?:/[\w.~%!$&'()*+,:@/-]*)?",
    re.IGNORECASE,
)
_EXPIRES = re.compile(rb"expires=(.*)", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(
    rb"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? )?[0-9]{1,2}[ "
    rb"-](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    rb"[ -][0-9]{2,4} [0-9:]{5,8}(?: (?:gmt|utc|[+-][0-9]{4}))?",
    re.IGNORECASE,
)
"""Usual forms of dates. The algorithm of RFC 6265bis 5.1.1 also accepts text that could be part of a value."""
_ATTRIBUTE = re.compile(rb"(secure|httponly|partitioned|max-age|samesite|priority|domain|path|expires)=", re.IGNORECASE)


def without_value(text: bytes) -> str:
    """Replace the value of a Set-Cookie line or a cookie pair by its length, and so each attribute that browsers do not
    know. A value ends at its first `;` (RFC 6265bis 5.6), so an application's value may continue there."""
    pair, separator, tail = text.partition(b";")
    name, equals, value = pair.partition(b"=")
    if not equals:
        name, value = b"", pair
    shown = f"{printable_octets(name.strip())}{'=' if equals else ''}{_length(value.strip())}"
    return shown + ";".join(["", *map(_attribute, tail.split(b";"))]) if separator else shown


def _attribute(piece: bytes) -> str:
    text = piece.strip(b" \t")
    if not text or _KNOWN.fullmatch(text) or _is_date(text):
        return printable_octets(piece)
    found = _ATTRIBUTE.match(text)
    before = piece[: piece.index(text)] + (found[0] if found else b"")
    return printable_octets(before) + _length(text[found.end() :] if found else text)


def _is_date(text: bytes) -> bool:
    found = _EXPIRES.fullmatch(text)
    return (
        found is not None
        and len(found[1]) <= 40
        and _DATE.fullmatch(found[1]) is not None
        and parse_cookie_date(found[1]) is not None
    )


def _length(value: bytes) -> str:
    return f"<{counted(len(value), 'byte')}>"


ATTRIBUTES = (
    "Domain",
    "Path",
    "Max-Age",
    "Expires",
    "SameSite",
    "Secure",
    "HttpOnly",
    "Partitioned",
    "Priority",
)


def differing_attributes(one: bytes, other: bytes) -> list[str]:
    """Return the names of the attributes in which two Set-Cookie values differ; empty if one of them is not valid."""
    first, second = parse_set_cookie(one), parse_set_cookie(other)
    if first is None or second is None:
        return []
    found = []
    for name in ATTRIBUTES:
        before, after = (cookie.last(name.lower().encode()) for cookie in (first, second))
        if before != after:
            found.append(name)
    return found
