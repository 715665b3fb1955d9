"""Deletions: Set-Cookie lines that every browser reads as the deletion of the same cookie.

A deletion by the application keeps its other attributes (`delete`). A deletion by the proxy has only the necessary ones
(`bare_deletion`). Both have an empty value and one Max-Age, so that all browsers read the same lifetime."""

from itertools import compress, repeat
from operator import contains, not_

from cookiewarden.core.cookies.cookie import (
    KNOWN,
    LIFETIME,
    TOO_LONG,
    WSP,
    SetCookie,
    value_of,
    with_value,
)
from cookiewarden.core.engine.verbs import Draft, keep_promise, needs_secure, require_secure, same_site_of

_IDENTITY = frozenset({b"path", b"domain", b"secure", b"partitioned", b"samesite"})
_ENDED = b" Max-Age=0"
_IGNORED = frozenset(TOO_LONG + name for name in KNOWN)
"""Attributes that browsers ignore because of their length."""


def complete(draft: Draft) -> None:
    """Add the attributes without which browsers ignore the line (RFC 6265bis 5.7).

    These are the attributes that the name's prefix requires, and Secure for SameSite=None and Partitioned."""
    keep_promise(draft)
    if needs_secure(draft):
        require_secure(draft)


def delete(draft: Draft) -> None:
    """Remove the value and leave `Max-Age=0` as the only lifetime. A line in this form is not changed."""
    names, raws = draft.names, draft.raws
    lifetime = list(compress(range(len(names)), map(LIFETIME.__contains__, names)))
    if not _IGNORED.isdisjoint(draft.at):  # some browsers read attributes that are too long
        draft.remove([at for at, name in enumerate(names) if name in _IGNORED])
    if len(lifetime) != 1 or names[lifetime[0]] != b"max-age" or value_of(raws[lifetime[0]]) != b"0":
        draft.remove(lifetime)
        if not all(map(bytes.strip, raws)):
            draft.remove([at for at, name in enumerate(names) if not name and not raws[at].strip(WSP)])
        draft.end(b"max-age", _ENDED)
    if draft.value:
        draft.become(with_value(draft.pair, b""), draft.name, b"")


def without_tabs(cookie: SetCookie) -> SetCookie:
    """Return a cookie without the tabs around its attributes' names and values, which browsers ignore.

    Attributes with other tabs are removed. Chromium ignores a line with a tab in a value."""
    if b"\t" not in b"".join(cookie.raws):
        return cookie
    strip = bytes.strip  # other white space than blanks and tabs does not occur
    raws = [b" " + b"=".join(map(strip, raw.split(b"=", 1))) if b"\t" in raw else raw for raw in cookie.raws]
    names = cookie.names
    if b"\t" in b"".join(raws):
        left = list(map(not_, map(contains, raws, repeat(b"\t"))))
        raws, names = list(compress(raws, left)), list(compress(names, left))
    return SetCookie(cookie.pair, cookie.name, cookie.value, raws, names)


def bare_deletion(cookie: SetCookie) -> bytes:
    """Return a deletion with only the cookie's identity and without a value.

    For a cookie without a name, the line has a bare word as its value (RFC 6265bis 5.6). Some clients read
    `=word; Max-Age=0` as a cookie named Max-Age.
    """
    cookie = without_tabs(cookie)
    raws: list[bytes] = []
    names: list[bytes] = []
    if not _IDENTITY.isdisjoint(cookie.at):
        is_kept = _IDENTITY.__contains__
        if b"samesite" in cookie.at and same_site_of(cookie) != b"none":
            # Without SameSite=None, browsers ignore the line in a response to another site's page. The last one counts.
            is_kept = (_IDENTITY - {b"samesite"}).__contains__
        raws = list(compress(cookie.raws, map(is_kept, cookie.names)))
        names = list(filter(is_kept, cookie.names))
    pair = cookie.name + b"=" if cookie.name else b"deleted"
    if cookie.name.startswith(b"__"):  # the name may have a prefix
        draft = Draft(SetCookie(pair, cookie.name, b"", raws, names))
        complete(draft)
        raws = draft.left()
    elif b"secure" not in names and (b"partitioned" in names or b"samesite" in names):
        raws.append(b" Secure")
    return b";".join([pair, *raws, _ENDED])
