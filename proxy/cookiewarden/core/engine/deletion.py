"""Deletions: Set-Cookie lines that every browser reads as the deletion of the same cookie.

A deletion by the application keeps its other attributes (`delete`). A deletion by the proxy has only the necessary ones
(`bare_deletion`). Both have an empty value and one Max-Age, so that all browsers read the same lifetime."""

from itertools import compress

from cookiewarden.core.cookies.cookie import (
    KNOWN,
    TOO_LONG,
    WSP,
    SetCookie,
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
    lifetime = draft.lifetime().all
    names, raws = draft.names, draft.raws
    if not _IGNORED.isdisjoint(draft.at):  # some browsers read attributes that are too long
        draft.remove([at for at, name in enumerate(names) if name in _IGNORED])
    if len(lifetime) != 1 or lifetime[0][1] != b"max-age" or lifetime[0][2] != b"0":
        draft.remove([at for at, _, _, _ in lifetime])
        if not all(map(bytes.strip, raws)):
            draft.remove([at for at, name in enumerate(names) if not name and not raws[at].strip(WSP)])
        draft.end(b"max-age", _ENDED)
    if b"\t" in b"".join(raws):
        _without_tabs(draft)
    if draft.value:
        draft.become(with_value(draft.pair, b""), draft.name, b"")


def _without_tabs(draft: Draft) -> None:
    """Remove tabs from the attributes, and attributes that need one. Chromium ignores a line with a tab in a value."""
    unclear = []
    for at, raw in enumerate(draft.raws):
        if b"\t" in raw and at not in draft.gone:
            draft.raws[at] = without_outer_tabs(raw)
            draft.is_changed = True
            if b"\t" in draft.raws[at]:
                unclear.append(at)
    if unclear:
        draft.remove(unclear)
        draft.renumber()


def without_outer_tabs(raw: bytes) -> bytes:
    """Return an attribute without the tabs around its name and its value, which browsers ignore."""
    if b"\t" not in raw:
        return raw
    key, equals, value = raw.partition(b"=")
    return b" " + key.strip(WSP) + equals + value.strip(WSP)


def bare_deletion(cookie: SetCookie) -> bytes:
    """Return a deletion with only the cookie's identity and without a value.

    For a cookie without a name, the line has a bare word as its value (RFC 6265bis 5.6). Some clients read
    `=word; Max-Age=0` as a cookie named Max-Age.
    """
    raws: list[bytes] = []
    names: list[bytes] = []
    if not _IDENTITY.isdisjoint(cookie.at):
        raws = list(compress(cookie.raws, map(_IDENTITY.__contains__, cookie.names)))
        names = list(filter(_IDENTITY.__contains__, cookie.names))
    if b"samesite" in names or b"\t" in b"".join(raws):
        # Without SameSite=None, browsers ignore the line in a response to another site's page. The last one counts.
        is_cross_site = same_site_of(cookie) == b"none"
        written = [(without_outer_tabs(raw), name) for raw, name in zip(raws, names, strict=True)]
        kept = [(raw, name) for raw, name in written if (name != b"samesite" or is_cross_site) and b"\t" not in raw]
        raws, names = [raw for raw, _ in kept], [name for _, name in kept]
    pair = cookie.name + b"=" if cookie.name else b"deleted"
    if cookie.name.startswith(b"__"):  # the name may have a prefix
        draft = Draft(SetCookie(pair, cookie.name, b"", raws, names))
        complete(draft)
        raws = draft.left()
    elif b"secure" not in names and (b"partitioned" in names or b"samesite" in names):
        raws.append(b" Secure")
    return b";".join([pair, *raws, _ENDED])
