"""The X-Forwarded fields: parsed if they come from a trusted peer, and built for the application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cookiewarden.serve.wire.head import HOST, NONE

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"})


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The X-Forwarded fields of a request: addresses on its path, and the scheme and host in the browser. Scheme and
    host are empty if the fields are missing or not valid."""

    addresses: bytes
    scheme: bytes
    host: bytes


def read_forwarded(fields: Mapping[bytes, Sequence[bytes]]) -> Forwarded:
    """Parse the fields. `fields`: values by lower-case name."""
    schemes = fields.get(b"x-forwarded-proto", NONE)
    scheme = schemes[0].lower() if len(schemes) == 1 else b""
    hosts = fields.get(b"x-forwarded-host", NONE)
    return Forwarded(
        b", ".join(filter(None, fields.get(b"x-forwarded-for", NONE))),
        scheme if scheme in (b"http", b"https") else b"",
        hosts[0] if len(hosts) == 1 and HOST.fullmatch(hosts[0]) else b"",
    )


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

    `came`: the request's own X-Forwarded fields, which are used if `is_trusted`.
    `https`: the scheme of browsers if no field states it."""
    if came is None or not is_trusted:
        return Browser(host, https, _LINES % (peer, host, b"https" if https else b"http"))
    addresses = came.addresses + b", " + peer if came.addresses else peer
    scheme = came.scheme or (b"https" if https else b"http")
    seen = came.host or host
    return Browser(seen, scheme == b"https", _LINES % (addresses, seen, scheme))
