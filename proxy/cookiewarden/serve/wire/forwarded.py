"""The fields by which an ingress describes the browser: parsed if they come from a trusted peer, and built for the
application. Other peers lose them, and further fields by which an ingress controls applications.

X-Forwarded fields are lists, as several proxies append to them; the first member is the browser's. `Forwarded` (RFC
7239) counts if no X-Forwarded field is present.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller

from cookiewarden.serve.ingress import SCHEME_FIELDS
from cookiewarden.serve.wire.head import HOST, NONE

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"})

UNCLEAR = ("x-forwarded-proto", "x-forwarded-host", "forwarded", *SCHEME_FIELDS)
"""Fields of a trusted ingress that may be not understood, or not used."""

_INGRESS_LINE = re.compile(
    rb"\r\n(?=[xtfcsp][-raflc])(x-(?:forwarded-(?:path|port|prefix|protocol|scheme|server|ssl)|original-(?:host|url)"
    rb"|re(?:al-ip|write-url)|script-name|scheme|url-scheme|arr-ssl|cl(?:ient|uster-client)-ip)"
    rb"|true-client-ip|front-end-https|fastly-(?:client-ip|ssl)|cf-(?:connecting-ip|visitor)"
    rb"|cloudfront-forwarded-proto|script_name|path_info):",
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
    unused: tuple[str, ...] = ()
    """Fields that state the scheme, if no field that is read does."""
    ingress: tuple[str, ...] = ()
    """The request's `serve.ingress.INGRESS_FIELDS`."""


def read_forwarded(special: Mapping[bytes, Sequence[bytes]], fields: bytes) -> Forwarded | None:
    """Parse the fields; None if there are none.

    `special`: values by lower-case name. `fields`: the other lines, each with its line break before it."""
    found = _INGRESS_LINE.findall(fields)
    ingress = tuple(sorted({name.lower().decode() for name in found})) if found else ()
    is_present = not FORWARDED.isdisjoint(special)
    if not is_present and not ingress:
        return None
    unclear: tuple[str, ...] = ()
    if b"forwarded" in special and special.keys() & FORWARDED == {b"forwarded"}:
        in_scheme = in_host = "forwarded"
        stated = _rfc_7239(special[b"forwarded"])
        if stated is None:
            stated, unclear = _NOTHING, ("forwarded",)
        addresses, schemes, hosts = stated
    else:
        in_scheme, in_host = "x-forwarded-proto", "x-forwarded-host"
        addresses = b", ".join(filter(None, special.get(b"x-forwarded-for", NONE)))
        schemes = _members(special.get(b"x-forwarded-proto", NONE))
        hosts = _members(special.get(b"x-forwarded-host", NONE))
    scheme = host = b""
    if schemes:
        scheme = _SCHEMES.get(schemes[0].lower(), b"")
        if not scheme or (len(schemes) > 1 and set(map(_SCHEMES.get, map(bytes.lower, schemes))) != {scheme}):
            unclear = (in_scheme,)
    if hosts:
        host = hosts[0] if HOST.fullmatch(hosts[0]) else b""
        if not host or (len(hosts) > 1 and set(map(bytes.lower, hosts)) != {host.lower()}):
            unclear = (*unclear, in_host) if in_host not in unclear else unclear
    unused = () if scheme or not ingress else tuple(name for name in ingress if name in SCHEME_FIELDS)
    return Forwarded(addresses, scheme, host, is_present, unclear, unused, ingress)


_Stated = tuple[bytes, list[bytes], list[bytes]]
"""Addresses, schemes and hosts as the fields state them; the first scheme and the first host are the browser's."""
_NOTHING: _Stated = (b"", [], [])


_strip = methodcaller("strip", b" \t")


def _members(values: Sequence[bytes]) -> list[bytes]:
    """Return the members of a list; several fields are one list (RFC 9110 5.3). A field without members has an empty
    one."""
    # `map` and `filter`, because a hostile field has 8,000 members
    members = list(filter(None, map(_strip, b",".join(values).split(b",")))) if values else []
    return members if members or not values else [b""]


MAX_FORWARDED = 2048
"""Maximum octets of `Forwarded` that are parsed. Browsers send none, and an ingress sends about 100."""
MAX_PAIRS = 64
"""Maximum number of its pairs, an empty one at the end included. An ingress sends at most four."""
_PAIRS = re.compile(rb"([ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]*))[ \t]*)?(;|,|$))")
"""A pair with its end, or an empty one, which is allowed."""


def _rfc_7239(values: Sequence[bytes]) -> _Stated | None:
    """Parse `Forwarded`; None if it is not valid. Its first element describes the browser; every `for` is an address on
    the path."""
    text = b",".join(values)
    pairs = _PAIRS.findall(text) if len(text) <= MAX_FORWARDED else []
    if len(pairs) > MAX_PAIRS or b"".join(whole for whole, *_ in pairs) != text:
        return None
    elements: list[dict[bytes, bytes]] = [{}]
    for _, name, quoted, token, end in pairs:
        if name:
            elements[-1][name.lower()] = token or re.sub(rb"\\(.)", rb"\1", quoted)
        if end == b",":
            elements.append({})
    elements = list(filter(None, elements))
    addresses = b", ".join(_address(each[b"for"]) for each in elements if each.get(b"for"))
    return addresses, _of_elements(elements, b"proto"), _of_elements(elements, b"host")


def _of_elements(elements: list[dict[bytes, bytes]], name: bytes) -> list[bytes]:
    """Return the values of a parameter, of the first element even if it is absent there; none if all lack it."""
    found = [each[name] for each in elements if name in each]
    return found if not found or name in elements[0] else [b"", *found]


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
