"""Eviction: expiring Set-Cookie lines for cookies that a browser still holds and may not.

A Cookie header shows no domain and no path, so a cookie is expired wherever it may be: under each path with which a
browser sends it with this request, host-only and, where the policy says so, for the domains above. What is not found is
tried again with the next navigation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from cookiewarden.core.cookies.cookie import CONTROL
from cookiewarden.core.cookies.scope import name_prefix, path_of
from cookiewarden.core.engine.decision import Header

MAX_LINES = 20
"""Expiring lines in one response."""
MAX_NAME = 512
"""Octets of a name above which a cookie is not expired."""
MAX_DIRECTORIES = 8
SLASH = ord("/")

HOST_ONLY = b""
"""In place of a domain: no Domain attribute."""


def is_navigation(method: bytes, headers: Iterable[Header]) -> bool:
    """Whether a request loads a page: by Sec-Fetch-Dest, or by Accept where the browser says nothing of how it
    fetches."""
    if method != b"GET":
        return False
    fields = {name.lower(): value for name, value in headers}
    if any(name.startswith(b"sec-fetch-") for name in fields):
        return fields.get(b"sec-fetch-dest") == b"document"
    return b"text/html" in fields.get(b"accept", b"").lower()


def gets_a_page(method: bytes, headers: Iterable[Header]) -> bool:
    """Whether what comes is shown as a page of its own or in a frame, so that its scripts run: the answer to a form
    too."""
    fields = {name.lower(): value for name, value in headers}
    if any(name.startswith(b"sec-fetch-") for name in fields):
        return fields.get(b"sec-fetch-mode") == b"navigate" or fields.get(b"sec-fetch-dest") == b"document"
    return method in (b"GET", b"POST") and b"text/html" in fields.get(b"accept", b"").lower()


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
    """Whether shared caches may keep a response (RFC 9111 3, RFC 9213). Names are in lower case."""
    fields = list(headers)
    if any(_keeps(_directives(fields, name)) for name in (b"cdn-cache-control", b"surrogate-control")):
        return True
    directives = _directives(fields, b"cache-control")
    # RFC 9111 5.2.2.4 and 5.2.2.7: with field names, no-cache and private speak of these fields only.
    only = directives.get(b"private", b"") + directives.get(b"no-cache", b"")
    if b"no-store" in directives or directives.get(b"private") == b"" or b"set-cookie" in only:
        return False
    if _keeps(directives):
        return True
    names = {name for name, _ in fields}
    if directives.keys() & {b"no-cache", b"max-age"}:
        return bool(
            names & {b"etag", b"last-modified"}
        )  # kept, and used when the application says that it is still good
    if any(name == b"expires" and value.strip() not in (b"0", b"-1") for name, value in fields):
        return True
    return b"last-modified" in names  # RFC 9111 4.2.2: heuristic freshness


def _keeps(directives: Mapping[bytes, bytes]) -> bool:
    fresh = directives.get(b"max-age", b"0").strip(b'"') != b"0" and b"no-cache" not in directives
    return fresh or bool(directives.keys() & {b"public", b"s-maxage"})


_DIRECTIVE = re.compile(rb'([^\s,=]+)(?:=("(?:[^"\\]|\\.)*"|[^\s,]*))?')


def _directives(fields: list[Header], name: bytes) -> dict[bytes, bytes]:
    """The directives of a field, each with its argument (empty: none)."""
    text = b",".join(value for found, value in fields if found == name).lower()
    return {key: argument for key, argument in _DIRECTIVE.findall(text)}


def paths_of(target: bytes) -> list[bytes]:
    """The paths of cookies that browsers send with a request (RFC 6265bis 5.1.4): `/`, each directory with and without
    its last `/`, and the path itself. At most MAX_DIRECTORIES directories."""
    path = path_of(target)
    found = [b"/"]
    for at in islice((at for at, octet in enumerate(path) if octet == SLASH and at), MAX_DIRECTORIES):
        found += (path[:at], path[: at + 1])
    found.append(path)
    return [each for each in dict.fromkeys(found) if b";" not in each and not CONTROL.search(each)]


def expiring_lines(
    names: Sequence[tuple[bytes, Sequence[bytes]]], target: bytes, turn: int, secure: bool = False
) -> list[bytes]:
    """Lines that expire cookies: for each name the domains at which it is tried, `HOST_ONLY` among them.

    `secure`: browsers take Secure lines here, so partitioned cookies are expired too: a Cookie header does not show
    which are. At most MAX_LINES. Where there are more, `turn` chooses some, so that no cookie waits for ever; half are
    for `/`, where most cookies are."""
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
    """At most so many lines that follow one another, from a place on that depends on the turn."""
    there_are = len(paths) * len(jars) * len(places)
    # Any order of turns comes by all places: a multiplicative hash (Knuth) spreads those that lie close together.
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
    # Browsers look at no line for such a name without what its prefix promises, not even at one that expires it.
    secure = jar or (b"; Secure" if prefix else b"")
    http_only = b"; HttpOnly" if prefix.endswith(b"http-") else b""
    bound = b"; Domain=" + domain if domain else b""
    return name + b"=; Path=" + path + bound + b"; Max-Age=0" + secure + http_only
