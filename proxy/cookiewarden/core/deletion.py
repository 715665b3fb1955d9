"""Deletions: Set-Cookie lines that every browser reads as the end of a cookie, and in which it finds the cookie.

A line that the application meant as a deletion keeps its other attributes (`delete`). One of our own has nothing but what
browsers need (`bare_deletion`). Neither has a value, and neither has a second Max-Age or Expires that a browser could read otherwise.
"""

from cookiewarden.core.cookie import (
    LIFETIME,
    WSP,
    SetCookie,
    build_set_cookie,
    max_age,
    parse_attribute,
)
from cookiewarden.core.decision import Reason
from cookiewarden.core.policy import Flag
from cookiewarden.core.verbs import Draft, keep_promise, needs_secure, toggle

_IDENTITY = frozenset({b"path", b"domain", b"secure", b"partitioned"})
_ENDED = parse_attribute(b" Max-Age=0")


def complete(draft: Draft) -> None:
    """Add what browsers need to look at the line at all: what the name's prefix promises, and Secure for SameSite=None and
    Partitioned (RFC 6265bis 5.7)."""
    keep_promise(draft)
    if needs_secure(draft.cookie):
        toggle(draft, "Secure", Flag.ON, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


def delete(cookie: SetCookie) -> SetCookie:
    """The line without a value and with `Max-Age=0` for its whole lifetime. One that is so already stays byte for byte."""
    lifetime = cookie.lifetime
    is_ended = len(lifetime) == 1 and lifetime[0].value == b"0" and max_age(lifetime[0]) == 0
    if not is_ended:
        kept = [a for a in cookie.attributes if a.name not in LIFETIME and a.raw.strip(WSP)]
        cookie = cookie.with_attributes((*kept, _ENDED))
    if not cookie.name:
        # Some clients take `=` for the end of an empty name and the rest for a cookie: a bare word has no second reading.
        return (
            cookie if cookie.pair == b"deleted" else SetCookie(b"deleted", b"", b"deleted", cookie.attributes)
        )
    return cookie.with_cookie_value(b"") if cookie.value else cookie


def bare_deletion(cookie: SetCookie) -> SetCookie:
    """A deletion with nothing but what it needs to delete: the cookie's own identity, and no value. `cookie` itself where it is that.

    A cookie without a name can only be named by a value (RFC 6265bis 5.6): a fixed one takes its place.
    """
    kept = tuple(a for a in cookie.attributes if a.name in _IDENTITY)
    pair = cookie.name + b"=" if cookie.name else b"deleted"
    draft = Draft(SetCookie(pair, cookie.name, b"", kept))
    complete(draft)
    made = draft.cookie.with_attributes((*draft.cookie.attributes, _ENDED))
    return cookie if build_set_cookie(made) == build_set_cookie(cookie) else made
