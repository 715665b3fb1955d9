"""The fields by which an ingress describes the browser: parsed if they come from a trusted peer, and built for the
application. Other peers lose them, and further fields by which an ingress controls applications.

X-Forwarded fields are lists, as several proxies append to them; the first member is the browser's. `Forwarded` (RFC
7239) counts if no X-Forwarded field is present.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cookiewarden.serve.wire.head import HOST, NONE

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"})

UNCLEAR = ("x-forwarded-proto", "x-forwarded-host", "forwarded")
"""Fields whose values may be not understood."""

_INGRESS_LINE = re.compile(
    rb"\r\n(?=[xtf])(x-(?:forwarded-(?:path|port|prefix|scheme|server|ssl)|original-url|re(?:al-ip|write-url)|script-name)"
    rb"|true-client-ip|front-end-https):",
    re.IGNORECASE,
)

_SCHEMES = {b"http": b"http", b"https": b"https", b"ws": b"http", b"wss": b"https"}
"""The scheme of a browser's request, by its spelling; a WebSocket starts with an HTTP request."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The fields of a request: addresses on its path, and the scheme and host in the browser. Scheme and host are empty
    if the fields are missing or not valid."""

    addresses: bytes = b""
    scheme: bytes = b""
    host: bytes = b""
    is_present: bool = False
    """True if the request has one of `FORWARDED`."""
    unclear: tuple[str, ...] = ()
    """Fields that are not valid, or whose members disagree."""
    ingress: tuple[str, ...] = ()
    """The request's `serve.ingress.INGRESS_FIELDS`."""


def read_forwarded(special: Mapping[bytes, Sequence[bytes]], fields: bytes) -> Forwarded | None:
    """Parse the fields; None if there are none.

    `special`: values by lower-case name. `fields`: the other lines, each with its line break before it."""
    ingress = tuple(sorted({name.lower().decode() for name in _INGRESS_LINE.findall(fields)}))
    if FORWARDED.isdisjoint(special):
        return Forwarded(ingress=ingress) if ingress else None
    if special.keys() & FORWARDED == {b"forwarded"}:
        return _read_rfc_7239(special[b"forwarded"], ingress)
    schemes = _members(special.get(b"x-forwarded-proto", NONE))
    hosts = _members(special.get(b"x-forwarded-host", NONE))
    scheme = _SCHEMES.get(schemes[0].lower(), b"") if schemes else b""
    host = hosts[0] if hosts and HOST.fullmatch(hosts[0]) else b""
    unclear = []
    if b"x-forwarded-proto" in special and (not scheme or len({_SCHEMES.get(s.lower()) for s in schemes}) > 1):
        unclear.append("x-forwarded-proto")
    if b"x-forwarded-host" in special and (not host or len({h.lower() for h in hosts}) > 1):
        unclear.append("x-forwarded-host")
    addresses = b", ".join(filter(None, special.get(b"x-forwarded-for", NONE)))
    return Forwarded(addresses, scheme, host, True, tuple(unclear), ingress)


def _members(values: Sequence[bytes]) -> list[bytes]:
    """Return the members of a list; several fields are one list (RFC 9110 5.3)."""
    return [member.strip(b" \t") for value in values for member in value.split(b",") if member.strip(b" \t")]


MAX_FORWARDED = 2048
"""Maximum octets of `Forwarded` that are parsed. Browsers send none, and an ingress sends about 100."""
_PAIRS = re.compile(rb"([ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]*))[ \t]*)?(;|,|$))")
"""A pair with its end, or an empty one, which is allowed."""


def _read_rfc_7239(values: Sequence[bytes], ingress: tuple[str, ...]) -> Forwarded:
    """Parse `Forwarded`. Its first element describes the browser; every `for` is an address on the path."""
    text = b",".join(values)
    pairs = _PAIRS.findall(text) if len(text) <= MAX_FORWARDED else []
    if b"".join(whole for whole, *_ in pairs) != text:
        return Forwarded(is_present=True, unclear=("forwarded",), ingress=ingress)
    elements: list[dict[bytes, bytes]] = [{}]
    for _, name, quoted, token, end in pairs:
        if name:
            elements[-1][name.lower()] = token or re.sub(rb"\\(.)", rb"\1", quoted)
        if end == b",":
            elements.append({})
    first = next(filter(None, elements), {})
    scheme = _SCHEMES.get(first.get(b"proto", b"").lower(), b"")
    host = first.get(b"host", b"")
    host = host if HOST.fullmatch(host) else b""
    protos = {_SCHEMES.get(each[b"proto"].lower()) for each in elements if b"proto" in each}
    is_unclear = (b"proto" in first and not scheme) or (b"host" in first and not host) or len(protos) > 1
    addresses = b", ".join(_address(each[b"for"]) for each in elements if each.get(b"for"))
    unclear = ("forwarded",) if is_unclear else ()
    return Forwarded(addresses, scheme, host, True, unclear, ingress)


_NODE = re.compile(rb"\[([0-9A-Fa-f:.]+)\](?::[\w.-]+)?|([^:\s,]+)(?::[\w.-]+)?")


def _address(node: bytes) -> bytes:
    """Return the address of a node (RFC 7239 6) as X-Forwarded-For writes it: without port and brackets."""
    found = _NODE.fullmatch(node)
    return b"unknown" if found is None else found[1] or found[2]


class Browser:
    """The host and scheme that a browser used, and the X-Forwarded lines for the application."""

    __slots__ = ("host", "https", "lines")

    def __init__(self, host: bytes, https: bool, lines: bytes) -> None:
        self.host = host
        self.https = https
        self.lines = lines


_LINES = b"\r\nX-Forwarded-For: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Proto: %b"


def browser_of(peer: bytes, host: bytes, came: Forwarded | None, is_trusted: bool, https: bool) -> Browser:
    """Determine the browser's view of a request of `peer` for `host`.

    `came`: the request's own fields, which are used if `is_trusted`.
    `https`: the scheme of browsers if no field states it."""
    if came is None or not is_trusted:
        return Browser(host, https, _LINES % (peer, host, b"https" if https else b"http"))
    addresses = came.addresses + b", " + peer if came.addresses else peer
    scheme = came.scheme or (b"https" if https else b"http")
    seen = came.host or host
    return Browser(seen, scheme == b"https", _LINES % (addresses, seen, scheme))
