"""Deletions: Set-Cookie lines that every browser reads as the deletion of the same cookie.

A deletion by the application keeps its other attributes (`delete`). A deletion by the proxy has only the necessary ones
(`bare_deletion`). Both have an empty value and one Max-Age, so that all browsers read the same lifetime."""

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
"""Attributes that some browsers could read as another lifetime."""


def complete(draft: Draft) -> None:
    """Add the attributes without which browsers ignore the line (RFC 6265bis 5.7).

    These are the attributes that the name's prefix requires, and Secure for SameSite=None and Partitioned."""
    keep_promise(draft)
    if needs_secure(draft):
        toggle(draft, SECURE, Flag.ON, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


def delete(draft: Draft) -> None:
    """Remove the value and leave `Max-Age=0` as the only lifetime. A line in this form is not changed."""
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
    elif not _IGNORED.isdisjoint(draft.names):  # some browsers read attributes that are too long
        draft.keep([at for at, name in enumerate(draft.names) if name not in _IGNORED])
    if b"\t" in b"".join(draft.raws) and any(map(_has_tab, draft.raws)):
        draft.keep([at for at, raw in enumerate(draft.raws) if not _has_tab(raw)])
    if draft.value:
        draft.become(with_value(draft.pair, b""), draft.name, b"")


def _has_tab(raw: bytes) -> bool:
    """Check whether an attribute contains a tab. Chromium ignores such a line."""
    return b"\t" in raw and b"\t" in raw.strip(WSP)


def _is_cross_site(raw: bytes) -> bool:
    """Check whether SameSite is None. Without it, browsers ignore the line in a response to another site's page."""
    return value_of(raw).lower() == b"none"


def bare_deletion(cookie: SetCookie) -> SetCookie:
    """Return a deletion with only the cookie's identity and without a value, or `cookie` itself if it is one.

    For a cookie without a name, the line has a bare word as its value (RFC 6265bis 5.6). Some clients read
    `=word; Max-Age=0` as a cookie named Max-Age.
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
