"""Deletions: Set-Cookie lines that every browser reads as the end of a cookie, and in which it finds the cookie.

A line that the application meant as a deletion keeps its other attributes (`delete`). One of our own has nothing but what
browsers need (`bare_deletion`). Neither has a value, and neither has a second Max-Age or Expires that a browser could read otherwise.
"""

from cookiewarden.core.cookie import (
    LIFETIME,
    WSP,
    Attribute,
    SetCookie,
    build_set_cookie,
    max_age,
    parse_attribute,
    with_value,
)
from cookiewarden.core.decision import Reason
from cookiewarden.core.policy import Flag
from cookiewarden.core.verbs import SECURE, Draft, keep_promise, needs_secure, toggle

_IDENTITY = frozenset({b"path", b"domain", b"secure", b"partitioned"})
_ENDED = parse_attribute(b" Max-Age=0")


def complete(draft: Draft) -> None:
    """Add what browsers need to look at the line at all: what the name's prefix promises, and Secure for SameSite=None and
    Partitioned (RFC 6265bis 5.7)."""
    keep_promise(draft)
    if needs_secure(draft):
        toggle(draft, SECURE, Flag.ON, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


def delete(draft: Draft) -> None:
    """Take the value off and leave `Max-Age=0` as the whole lifetime. A line that is so already stays byte for byte."""
    lifetime = draft.lifetime()
    is_ended = len(lifetime) == 1 and lifetime[0].value == b"0" and max_age(lifetime[0]) == 0
    if not is_ended:
        kept = [a for a in draft.attributes if a.name not in LIFETIME and a.raw.strip(WSP) and a.counts]
        draft.attributes, draft.changed = [*kept, _ENDED], True
    elif not all(a.counts for a in draft.attributes):  # some browsers look at one that is too long
        draft.attributes, draft.changed = [a for a in draft.attributes if a.counts], True
    if draft.value:
        draft.become(with_value(draft.pair, b""), draft.name, b"")


def _is_cross_site(attribute: Attribute) -> bool:
    """Whether it is SameSite=None, without which browsers take no line for a cookie from another site's page."""
    return attribute.name == b"samesite" and attribute.value.lower() == b"none"


def bare_deletion(cookie: SetCookie) -> SetCookie:
    """A deletion with nothing but what it needs to delete: the cookie's own identity, and no value. `cookie` itself where it is that.

    A cookie without a name can only be named by a value (RFC 6265bis 5.6): a bare word takes its place, because some clients read
    `=word; Max-Age=0` as a cookie called Max-Age.
    """
    kept = [a for a in cookie.attributes if a.counts and (a.name in _IDENTITY or _is_cross_site(a))]
    pair = cookie.name + b"=" if cookie.name else b"deleted"
    draft = Draft(SetCookie(pair, cookie.name, b"", kept))
    complete(draft)
    draft.attributes.append(_ENDED)
    return cookie if build_set_cookie(draft) == build_set_cookie(cookie) else draft
