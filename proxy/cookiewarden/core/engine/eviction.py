"""Eviction: Set-Cookie lines that expire cookies which a browser should not hold.

A Cookie header has neither domains nor paths. So a cookie is expired under every path that matches the request,
host-only and, depending on the policy, for the domains above. If it is still there, the next navigation tries again."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from cookiewarden.core.cookies.cookie import CONTROL
from cookiewarden.core.cookies.scope import name_prefix, path_of
from cookiewarden.core.engine.decision import Header

MAX_LINES = 20
"""Maximum number of expiring lines in a response."""
MAX_NAME = 512
"""Maximum length of the name of a cookie that is expired, in octets."""
MAX_DIRECTORIES = 8
_SLASH = re.compile(rb"/")

HOST_ONLY = b""
"""Placeholder for a domain, for a line without a Domain attribute."""


def is_navigation(method: bytes, headers: Iterable[Header]) -> bool:
    """Check whether a request loads a page, by Sec-Fetch-Dest, or by Accept without Sec-Fetch headers."""
    if method != b"GET":
        return False
    fields = {name.lower(): value for name, value in headers}
    if any(name.startswith(b"sec-fetch-") for name in fields):
        return fields.get(b"sec-fetch-dest") == b"document"
    return b"text/html" in fields.get(b"accept", b"").lower()


def gets_a_page(method: bytes, headers: Iterable[Header]) -> bool:
    """Check whether the response is shown as a page or in a frame, so that its scripts run. Form submissions count."""
    fields = {name.lower(): value for name, value in headers}
    if any(name.startswith(b"sec-fetch-") for name in fields):
        return fields.get(b"sec-fetch-mode") == b"navigate" or fields.get(b"sec-fetch-dest") == b"document"
    return method in (b"GET", b"POST") and b"text/html" in fields.get(b"accept", b"").lower()


_HTML = re.compile(rb"text/html[ \t]*(;|$)", re.IGNORECASE)


def is_page(headers: Iterable[Header]) -> bool:
    """Check whether a response is HTML and not cached by shared caches, where expiring lines would reach others."""
    fields = [(name.lower(), value) for name, value in headers]
    return is_html(fields) and not is_publicly_cacheable(fields)


def is_html(headers: Iterable[Header]) -> bool:
    """Check whether a response is HTML. Header names must be in lower case."""
    types = [value for name, value in headers if name == b"content-type"]
    return bool(types) and _HTML.match(types[-1].strip()) is not None


def is_publicly_cacheable(headers: Iterable[Header]) -> bool:
    """Check whether shared caches may store a response (RFC 9111 3, RFC 9213). Header names must be in lower case."""
    fields = list(headers)
    if any(_keeps(_directives(fields, name)) for name in (b"cdn-cache-control", b"surrogate-control")):
        return True
    directives = _directives(fields, b"cache-control")
    # RFC 9111 5.2.2.4 and 5.2.2.7: with field names, no-cache and private apply only to these fields.
    only = directives.get(b"private", b"") + directives.get(b"no-cache", b"")
    if b"no-store" in directives or directives.get(b"private") == b"" or b"set-cookie" in only:
        return False
    if _keeps(directives):
        return True
    names = {name for name, _ in fields}
    if directives.keys() & {b"no-cache", b"max-age"}:
        return bool(names & {b"etag", b"last-modified"})  # stored, and used after revalidation by the application
    if any(name == b"expires" and value.strip() not in (b"0", b"-1") for name, value in fields):
        return True
    return b"last-modified" in names  # RFC 9111 4.2.2: heuristic freshness


def _keeps(directives: Mapping[bytes, bytes]) -> bool:
    fresh = directives.get(b"max-age", b"0").strip(b'"') != b"0" and b"no-cache" not in directives
    return fresh or bool(directives.keys() & {b"public", b"s-maxage"})


_DIRECTIVE = re.compile(rb'([^\s,=]+)(?:=("(?:[^"\\]|\\.)*"|[^\s,]*))?')


def _directives(fields: list[Header], name: bytes) -> dict[bytes, bytes]:
    """Return the directives of a field with their arguments (empty if absent)."""
    text = b",".join(value for found, value in fields if found == name).lower()
    return dict(_DIRECTIVE.findall(text))


def paths_of(target: bytes) -> list[bytes]:
    """Return the cookie paths that match a request (RFC 6265bis 5.1.4).

    They are `/`, up to `MAX_DIRECTORIES` directories with and without their last `/`, and the path itself."""
    path = path_of(target)
    found = [b"/"]
    for at in islice((slash.start() for slash in _SLASH.finditer(path, 1)), MAX_DIRECTORIES):
        found += (path[:at], path[: at + 1])
    found.append(path)
    return [each for each in dict.fromkeys(found) if b";" not in each and not CONTROL.search(each)]


def expiring_lines(
    names: Sequence[tuple[bytes, Sequence[bytes]]], target: bytes, turn: int, secure: bool = False
) -> list[bytes]:
    """Return at most `MAX_LINES` lines that expire cookies. `names` has each name with its domains or `HOST_ONLY`.

    With `secure`, browsers accept Secure lines here, and partitioned cookies are expired too, since a Cookie header
    does not mark them. If there are too many lines, `turn` selects some, so that each gets its turn; half are for `/`,
    where most cookies are."""
    jars = (b"", b"; Secure; Partitioned") if secure else (b"",)
    widest = max([len(domains) for _, domains in names], default=0)
    places = [(name, domains[at]) for at in range(widest) for name, domains in names if at < len(domains)]
    root, *below = paths_of(target)
    most_below = len(below) * len(jars) * len(places)
    rest = min(most_below, MAX_LINES - min(len(jars) * len(places), MAX_LINES // 2))
    return [
        *_some([root], jars, places, MAX_LINES - rest, turn),
        *_some(below, jars, places, rest, turn),
    ]


def _some(
    paths: Sequence[bytes],
    jars: Sequence[bytes],
    places: Sequence[tuple[bytes, bytes]],
    count: int,
    turn: int,
) -> list[bytes]:
    """Return at most `count` consecutive lines, from a position that depends on `turn`."""
    there_are = len(paths) * len(jars) * len(places)
    # A multiplicative hash (Knuth) spreads consecutive turns, so that any sequence of turns covers all positions.
    start = (turn * 2654435761 % 2**32) * there_are >> 32 if there_are > count else 0
    lines = []
    for number in range(start, start + min(count, there_are)):
        rest, place = divmod(number % there_are, len(places))
        path, jar = divmod(rest, len(jars))
        name, domain = places[place]
        lines.append(_line(name, paths[path], domain, jars[jar]))
    return lines


def _line(name: bytes, path: bytes, domain: bytes, jar: bytes) -> bytes:
    prefix = name_prefix(name)
    # Browsers ignore lines for such a name without the attributes of its prefix, even lines that expire it.
    secure = jar or (b"; Secure" if prefix else b"")
    http_only = b"; HttpOnly" if prefix.endswith(b"http-") else b""
    bound = b"; Domain=" + domain if domain else b""
    pair = name + b"=" if name else b"deleted"  # as in a deletion of a cookie without a name (`bare_deletion`)
    return pair + b"; Path=" + path + bound + b"; Max-Age=0" + secure + http_only
