"""Deletions: Set-Cookie lines that every browser reads as the end of a cookie, and in which it finds the cookie.

A line that the application meant as a deletion keeps its other attributes (`delete`). One of our own has nothing but
what browsers need (`bare_deletion`). Neither has a value, and neither has a second Max-Age or Expires that a browser
could read otherwise."""

from cookiewarden.core.cookies.cookie import (
    KNOWN,
    LIFETIME,
    TOO_LONG,
    WSP,
    SetCookie,
    build_set_cookie,
    value_of,
    with_value,
)
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.engine.verbs import SECURE, Draft, keep_promise, needs_secure, toggle
from cookiewarden.core.policy.policy import Flag

_IDENTITY = frozenset({b"path", b"domain", b"secure", b"partitioned"})
_ENDED = b" Max-Age=0"
_IGNORED = frozenset(TOO_LONG + name for name in KNOWN)
_READ_ELSE = LIFETIME | _IGNORED
"""Attributes that some browser could read as another end."""


def complete(draft: Draft) -> None:
    """Add what browsers need to look at the line at all: what the name's prefix promises, and Secure for SameSite=None
    and Partitioned (RFC 6265bis 5.7)."""
    keep_promise(draft)
    if needs_secure(draft):
        toggle(draft, SECURE, Flag.ON, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


def delete(draft: Draft) -> None:
    """Take the value off and leave `Max-Age=0` as the whole lifetime. A line that is so already stays byte for byte."""
    is_ended = [(name, value) for _, name, value, _ in draft.lifetime()] == [(b"max-age", b"0")]
    if not is_ended:
        draft.keep(
            [
                at
                for at, name in enumerate(draft.names)
                if (name not in _READ_ELSE if name else draft.raws[at].strip(WSP))
            ]
        )
        draft.end(b"max-age", _ENDED)
    elif not _IGNORED.isdisjoint(draft.names):  # some browsers look at one that is too long
        draft.keep([at for at, name in enumerate(draft.names) if name not in _IGNORED])
    if b"\t" in b"".join(draft.raws) and any(map(_has_tab, draft.raws)):
        draft.keep([at for at, raw in enumerate(draft.raws) if not _has_tab(raw)])
    if draft.value:
        draft.become(with_value(draft.pair, b""), draft.name, b"")


def _has_tab(raw: bytes) -> bool:
    """Whether a tab stands within an attribute: Chromium looks at no line with one, and so has no cookie from one."""
    return b"\t" in raw and b"\t" in raw.strip(WSP)


def _is_cross_site(raw: bytes) -> bool:
    """Whether a SameSite is None, without which browsers take no line for a cookie from another site's page."""
    return value_of(raw).lower() == b"none"


def bare_deletion(cookie: SetCookie) -> SetCookie:
    """A deletion with nothing but what it needs to delete: the cookie's own identity, and no value. `cookie` itself
    where it is that.

    A cookie without a name can only be named by a value (RFC 6265bis 5.6): a bare word takes its place, because some
    clients read
    `=word; Max-Age=0` as a cookie called Max-Age.
    """
    kept = [
        (raw, name)
        for raw, name in zip(cookie.raws, cookie.names, strict=True)
        if (name in _IDENTITY or (name == b"samesite" and _is_cross_site(raw))) and not _has_tab(raw)
    ]
    pair = cookie.name + b"=" if cookie.name else b"deleted"
    draft = Draft(SetCookie(pair, cookie.name, b"", [raw for raw, _ in kept], [name for _, name in kept]))
    complete(draft)
    draft.end(b"max-age", _ENDED)
    return cookie if build_set_cookie(draft) == build_set_cookie(cookie) else draft
