"""Eviction: expiring Set-Cookie lines for cookies that a browser still holds and may not.

A Cookie header shows no domain and no path, so a cookie is expired wherever it may be: under `/` and the directories of the
request's path, host-only and, where the policy says so, for the domains above. What is not found is tried again with the next
navigation.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product

from cookiewarden.core.cookie import CONTROL
from cookiewarden.core.decision import Header
from cookiewarden.core.scope import name_prefix, path_of

MAX_LINES = 20
"""Expiring lines in one response."""
MAX_NAME = 512
MAX_DIRECTORIES = 4

HOST_ONLY = b""
"""In place of a domain: no Domain attribute."""


def is_navigation(method: bytes, headers: Iterable[Header]) -> bool:
    """Whether a request loads a page: by Sec-Fetch-Dest, or by Accept where the browser says nothing of how it fetches."""
    if method != b"GET":
        return False
    fields = {name.lower(): value for name, value in headers}
    if any(name.startswith(b"sec-fetch-") for name in fields):
        return fields.get(b"sec-fetch-dest") == b"document"
    return b"text/html" in fields.get(b"accept", b"").lower()


_HTML = re.compile(rb"text/html[ \t]*(;|$)", re.IGNORECASE)


def is_page(headers: Iterable[Header]) -> bool:
    """Whether a response is HTML that no shared cache keeps: expiring lines in one would reach other visitors."""
    fields = [(name.lower(), value) for name, value in headers]
    return is_html(fields) and not is_publicly_cacheable(fields)


def is_html(headers: Iterable[Header]) -> bool:
    """Whether a response is a page. Names are in lower case."""
    types = [value for name, value in headers if name == b"content-type"]
    return bool(types) and _HTML.match(types[-1].strip()) is not None


def is_publicly_cacheable(headers: Iterable[Header]) -> bool:
    """Whether a response says that shared caches may keep it (RFC 9111 3). Names are in lower case."""
    fields = list(headers)
    control = b",".join(value for name, value in fields if name == b"cache-control").lower()
    directives = {
        text.partition(b"=")[0].strip(): text.partition(b"=")[2].strip() for text in control.split(b",")
    }
    if directives.keys() & {b"private", b"no-store", b"no-cache"}:
        return False
    if directives.keys() & {b"public", b"s-maxage"}:
        return True
    if b"max-age" in directives:
        return directives[b"max-age"].strip(b'"') != b"0"
    return any(name == b"expires" and value.strip() not in (b"0", b"-1") for name, value in fields)


def directories(target: bytes) -> list[bytes]:
    """`/` and the directories of a request's path, as browsers make a cookie's path of it (RFC 6265bis 5.1.4)."""
    steps = path_of(target).split(b"/")[1:-1]
    paths = [b"/" + b"/".join(steps[:end]) for end in range(1, len(steps) + 1)][:MAX_DIRECTORIES]
    return [b"/", *(path for path in paths if path != b"/" and b";" not in path and not CONTROL.search(path))]


def expiring_lines(names: Sequence[tuple[bytes, Sequence[bytes]]], target: bytes, turn: int) -> list[bytes]:
    """Lines that expire cookies: for each name the domains at which it is tried, `HOST_ONLY` among them.

    At most MAX_LINES. Where there are more names than lines, `turn` decides with which to begin, so that what cannot be expired
    does not stand before what can.
    """
    start = turn % len(names) if len(names) > MAX_LINES else 0
    turned = [*names[start:], *names[:start]]
    widest = max((len(domains) for _, domains in names), default=0)
    lines = [
        _line(name, path, domains[which])
        for path, which in product(directories(target), range(widest))
        for name, domains in turned
        if which < len(domains)
    ]
    return lines[:MAX_LINES]


def _line(name: bytes, path: bytes, domain: bytes) -> bytes:
    prefix = name_prefix(name)
    # Browsers look at no line for such a name without what its prefix promises, not even at one that expires it.
    secure = b"; Secure" if prefix else b""
    http_only = b"; HttpOnly" if prefix.endswith(b"http-") else b""
    bound = b"; Domain=" + domain if domain else b""
    return name + b"=; Path=" + path + bound + b"; Max-Age=0" + secure + http_only
