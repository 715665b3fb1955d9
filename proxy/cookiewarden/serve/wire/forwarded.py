"""The browser as it is seen through what stands before the proxy: X-Forwarded fields, read, believed and written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cookiewarden.serve.wire.head import HOST, NONE

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"})


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The X-Forwarded fields of a request: each address it came by, the scheme and the host that the browser saw
    (empty where not said, or not in words that mean one)."""

    addresses: bytes
    scheme: bytes
    host: bytes


def read_forwarded(fields: Mapping[bytes, Sequence[bytes]]) -> Forwarded:
    """Read the values of the fields, by name in lower case."""
    schemes = fields.get(b"x-forwarded-proto", NONE)
    scheme = schemes[0].lower() if len(schemes) == 1 else b""
    hosts = fields.get(b"x-forwarded-host", NONE)
    return Forwarded(
        b", ".join(filter(None, fields.get(b"x-forwarded-for", NONE))),
        scheme if scheme in (b"http", b"https") else b"",
        hosts[0] if len(hosts) == 1 and HOST.fullmatch(hosts[0]) else b"",
    )


class Browser:
    """Where a browser sent a request, and the lines that tell the application so."""

    __slots__ = ("host", "https", "lines")

    def __init__(self, host: bytes, https: bool, lines: bytes) -> None:
        self.host = host
        self.https = https
        self.lines = lines


_LINES = b"\r\nX-Forwarded-For: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Proto: %b"


def browser_of(peer: bytes, host: bytes, came: Forwarded | None, is_trusted: bool, https: bool) -> Browser:
    """The browser behind a request of `peer` for `host`. `came`: the request's own X-Forwarded fields, believed where
    `is_trusted`.
    `https`: whether browsers speak HTTPS where nothing says otherwise."""
    if came is None or not is_trusted:
        return Browser(host, https, _LINES % (peer, host, b"https" if https else b"http"))
    addresses = came.addresses + b", " + peer if came.addresses else peer
    scheme = came.scheme or (b"https" if https else b"http")
    seen = came.host or host
    return Browser(seen, scheme == b"https", _LINES % (addresses, seen, scheme))
