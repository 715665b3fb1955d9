"""Checks for rules that contradict the prefix of a cookie's name (RFC 6265bis 4.1.3)."""

from collections.abc import Iterator

from cookiewarden.core.cookies.scope import name_prefix
from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import HOST_ONLY, Flag
from cookiewarden.core.policy.problem import Code, Problem

_SHOWN = {
    b"__secure-": "__Secure-",
    b"__http-": "__Http-",
    b"__host-": "__Host-",
    b"__host-http-": "__Host-Http-",
}


def prefix_conflicts(declared: Declared) -> Iterator[Problem]:
    """Report conflicts of an entry's rules with the prefixes of its name and of its new name."""
    entry = declared.entry
    if entry.rename is not None:
        renamed = name_prefix(entry.rename.name.encode())
        yield from _conflicts(declared, renamed)
        moves = [move for move in entry.rules.domain_moves if move.after != HOST_ONLY]
        if renamed.startswith(b"__host-") and (moves or entry.rules.domain not in (None, HOST_ONLY)):
            message = "browsers reject a __Host- cookie with a Domain; remove domain, or use host-only"
            yield declared.draft.problem(Code.PREFIX_CONFLICT, message, "domain")
    yield from _conflicts(declared, name_prefix(entry.name.encode()))


def _conflicts(declared: Declared, prefix: bytes) -> Iterator[Problem]:
    if not prefix:
        return
    rules, problem, shown = declared.entry.rules, declared.draft.problem, _SHOWN[prefix]
    if rules.secure is Flag.REMOVE:
        message = f"browsers reject a {shown} cookie without Secure; use true or keep"
        yield problem(Code.PREFIX_CONFLICT, message, "secure")
    if prefix.endswith(b"http-") and rules.http_only is Flag.REMOVE:
        message = f"browsers reject a {shown} cookie without HttpOnly; use true or keep"
        yield problem(Code.PREFIX_CONFLICT, message, "http_only")
    moved = any(move.before == "/" and move.after != "/" for move in rules.path_moves)
    if prefix.startswith(b"__host-") and (moved or rules.path not in (None, "/")):
        message = f"browsers reject a {shown} cookie whose path is not /; use / or keep"
        yield problem(Code.PREFIX_CONFLICT, message, "path")
