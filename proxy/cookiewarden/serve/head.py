"""Request and response heads: what each field is to a proxy, limits, and building the head that travels on.

Bytes in, bytes out; no sockets. Fields that are the proxy's business (hop-by-hop, framing, forwarding,
cookies) are told apart by a memo from the raw name to its kind, so that the common field costs one look-up.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

MAX_MEMO = 4096


class Kind(IntEnum):
    """What a field is to the proxy. `PLAIN` passes byte for byte; from `HOST` on it is noted apart."""

    PLAIN = 0
    DROP = 1  # hop-by-hop by definition, or ours to say
    SET_COOKIE = 2
    COOKIE = 3
    TE = 4
    HOST = 5
    CONTENT_LENGTH = 6
    TRANSFER_ENCODING = 7
    CONNECTION = 8
    KEEP_ALIVE = 9
    UPGRADE = 10


NOTED = 5


class Kinds(dict[bytes, Kind]):
    """Kinds by raw name: one look-up for a name that was seen, in whatever case (40 ns instead of 130 with lower())."""

    def __missing__(self, name: bytes) -> Kind:
        lowered = name.lower()
        kind = Kind.DROP if lowered.startswith(b"proxy-") else SPECIAL.get(lowered, Kind.PLAIN)
        if len(self) < MAX_MEMO and len(name) <= 64:
            self[name] = kind
        return kind


SPECIAL = {
    b"connection": Kind.CONNECTION,
    b"host": Kind.HOST,
    b"content-length": Kind.CONTENT_LENGTH,
    b"transfer-encoding": Kind.TRANSFER_ENCODING,
    b"upgrade": Kind.UPGRADE,
    b"cookie": Kind.COOKIE,
    b"set-cookie": Kind.SET_COOKIE,
    b"te": Kind.TE,
    b"keep-alive": Kind.KEEP_ALIVE,
    # The browser's word for how it came is not trusted: these are said anew, from what this proxy knows.
    b"forwarded": Kind.DROP,
    b"x-forwarded-for": Kind.DROP,
    b"x-forwarded-host": Kind.DROP,
    b"x-forwarded-proto": Kind.DROP,
}


Field = tuple[bytes, bytes, Kind]

PROTECTED = frozenset({b"cookie", b"host", b"content-length", b"transfer-encoding", b"set-cookie"})
"""Fields that a Connection header must never name: they would vanish on the way (RFC 9110 7.6.1)."""

_TOKEN_SPLIT = re.compile(rb"[ \t]*,[ \t]*")


def tokens(value: bytes) -> list[bytes]:
    return [token for token in _TOKEN_SPLIT.split(value.strip(b" \t").lower()) if token]


class HeadTooLarge(Exception):
    """A limit on heads is exceeded; carries no bytes of the head."""


class BadHead(Exception):
    """A head that cannot be forwarded: the status to answer with and the reason to count."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one message's head.

    Size = method + target + 12 + sum(name + value + 4) + 2: the octets of `GET / HTTP/1.1\\r\\n` and so on, the
    same whatever the segments.
    """

    max_head: int
    max_field: int
    max_fields: int

    def check(self, start_line: int, fields: "list[Field]") -> None:
        """`start_line`: octets of method and target, or of the reason phrase. Raises HeadTooLarge."""
        sizes = [len(name) + len(value) + 4 for name, value, _ in fields]
        if start_line + 14 + sum(sizes) > self.max_head or max(sizes, default=0) > self.max_field:
            raise HeadTooLarge


class Message:
    """A head while it is parsed and the body that has come with it."""

    __slots__ = (
        "chunks",
        "complete",
        "fields",
        "head_complete",
        "keep_alive",
        "notes",
        "trailers",
        "version",
    )

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.notes: list[tuple[Kind, bytes]] = []
        """Kinds and values of the fields that frame the message or speak of the connection."""
        self.trailers: list[Field] = []
        self.chunks: list[bytes] = []
        self.version = "1.1"
        self.keep_alive = True
        self.head_complete = False
        self.complete = False

    def values(self, kind: Kind) -> list[bytes]:
        return [value for k, value in self.notes if k is kind]

    def take_body(self) -> bytes:
        if not self.chunks:
            return b""
        body = self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)
        self.chunks = []
        return body


class Framing(IntEnum):
    """How a body ends (RFC 9112 6.3)."""

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


class RequestHead(Message):
    """A request as it came, and after `check` what the proxy makes of it."""

    __slots__ = ("framing", "host", "length", "method", "named", "path", "target", "upgrade")

    def __init__(self) -> None:
        super().__init__()
        self.method = b""
        self.target = b""
        self.path = b""
        """The target in origin-form."""
        self.host = b""
        self.named: frozenset[bytes] = frozenset()
        """Fields named by Connection."""
        self.framing = Framing.NONE
        self.length = 0
        self.upgrade = b""

    def check(self) -> None:
        """Work out framing, host and path. Raises BadHead where the request must not be forwarded."""
        hosts: list[bytes] = []
        connection: list[bytes] = []
        encodings: list[bytes] = []
        upgrades: list[bytes] = []
        for kind, value in self.notes:
            if kind is Kind.HOST:
                hosts.append(value)
            elif kind is Kind.CONNECTION:
                connection += tokens(value)
            elif kind is Kind.CONTENT_LENGTH:
                self.framing, self.length = Framing.LENGTH, int(value)
            elif kind is Kind.TRANSFER_ENCODING:
                encodings.append(value)
            elif kind is Kind.UPGRADE:
                upgrades.append(value)
        if encodings:
            self._check_encoding(encodings)
        self._check_target(hosts)
        if connection:
            self._check_connection(connection, upgrades)

    def _check_encoding(self, encodings: list[bytes]) -> None:
        if self.version != "1.1":
            raise BadHead(400, "bad_request")  # RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing
        if len(encodings) > 1 or encodings[0].lower() != b"chunked":
            raise BadHead(501, "not_implemented")
        self.framing = Framing.CHUNKED

    def _check_target(self, hosts: list[bytes]) -> None:
        # RFC 9112 3.2: 400 to a request without Host or with more than one
        if len(hosts) > 1 or (not hosts and self.version == "1.1"):
            raise BadHead(400, "bad_request")
        self.host = hosts[0] if hosts else b""
        target = self.target
        if b"#" in target:
            raise BadHead(400, "bad_request")  # RFC 9112 3.2: no form of the target has a fragment
        if target.startswith(b"/") or (target == b"*" and self.method == b"OPTIONS"):
            self.path = target
        elif found := _ABSOLUTE.fullmatch(target):
            # RFC 9112 3.2.2: the authority of an absolute-form target replaces the Host field
            self.host, self.path = found[1], found[2] or b"/"
            if self.path.startswith(b"?"):
                self.path = b"/" + self.path
        else:
            raise BadHead(400, "bad_request")
        if not _HOST.fullmatch(self.host):
            raise BadHead(400, "bad_request")

    def _check_connection(self, connection: list[bytes], upgrades: list[bytes]) -> None:
        self.named = frozenset(connection) - _CONNECTION_OPTIONS
        if self.named & PROTECTED:
            raise BadHead(400, "bad_request")
        if b"upgrade" in connection and upgrades and self.version == "1.1":
            self.upgrade = upgrades[0].lower() if len(upgrades) == 1 else b"?"


_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)((?:[/?][^#]*)?)", re.IGNORECASE)
_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=\-]*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
_CONNECTION_OPTIONS = frozenset({b"keep-alive", b"close", b"upgrade", b"te"})


class ResponseHead(Message):
    """A response as it came."""

    __slots__ = ("reason", "status")

    def __init__(self) -> None:
        super().__init__()
        self.status = 0
        self.reason = b""


def build_request_head(
    request: RequestHead, cookie: bytes | None, forwarded: bytes, host: bytes, upgrade: bool
) -> bytes:
    """The head for the origin. `cookie` is the Cookie header that is left, `forwarded` the lines that say
    whence the request came; `host` replaces the Host field."""
    parts = [request.method, b" ", request.path, b" HTTP/1.1\r\nHost: ", host, b"\r\n"]
    named = request.named
    for name, value, kind in request.fields:
        if kind is Kind.PLAIN:
            if not (named and name.lower() in named):
                parts += (name, b": ", value, b"\r\n")
        elif kind is Kind.COOKIE:
            if cookie is not None:
                parts += (name, b": ", cookie, b"\r\n")
                cookie = None
        elif kind is Kind.CONTENT_LENGTH:
            parts += (name, b": ", value, b"\r\n")
        elif kind is Kind.TE and b"trailers" in tokens(value):
            parts.append(b"TE: trailers\r\nConnection: TE\r\n")
    if request.framing is Framing.CHUNKED:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    if upgrade:
        parts += (b"Connection: Upgrade\r\nUpgrade: ", request.upgrade, b"\r\n")
    parts += (forwarded, b"\r\n")
    return b"".join(parts)


def connection_named(response: ResponseHead) -> frozenset[bytes]:
    """The fields that a response's Connection header names; never those that must not vanish."""
    values = response.values(Kind.CONNECTION)
    return (
        frozenset(t for value in values for t in tokens(value)) - _CONNECTION_OPTIONS - PROTECTED
        if values
        else _NONE
    )


_NONE: frozenset[bytes] = frozenset()


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


_NEVER_TRAILERS = frozenset(
    {
        Kind.CONTENT_LENGTH,
        Kind.TRANSFER_ENCODING,
        Kind.HOST,
        Kind.SET_COOKIE,
        Kind.COOKIE,
        Kind.CONNECTION,
        Kind.DROP,
    }
)


def last_chunk(trailers: list[Field]) -> bytes:
    """The end of a chunked body. What could change routing, framing or cookies is not let through as a trailer
    (RFC 9110 6.5.1)."""
    lines = [b"%b: %b\r\n" % (name, value) for name, value, kind in trailers if kind not in _NEVER_TRAILERS]
    return b"0\r\n%b\r\n" % b"".join(lines)


_STATUS_TEXTS = {
    400: b"Bad Request", 408: b"Request Timeout", 413: b"Content Too Large",
    431: b"Request Header Fields Too Large", 501: b"Not Implemented", 502: b"Bad Gateway",
    503: b"Service Unavailable", 504: b"Gateway Timeout", 505: b"HTTP Version Not Supported",
}  # fmt: skip


def error_response(status: int, keep_alive: bool, head_only: bool = False) -> bytes:
    """An answer of our own: no address, no byte of the request."""
    text = _STATUS_TEXTS[status]
    body = b"%d %b\n" % (status, text)
    return b"HTTP/1.1 %d %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%b\r\n%b" % (
        status,
        text,
        len(body),
        b"" if keep_alive else b"Connection: close\r\n",
        b"" if head_only else body,
    )


_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def without_bad_cookies(raw: bytes) -> tuple[bytes, int] | None:
    """A response's bytes without the Set-Cookie lines that no parser accepts, and how many those were.

    None where the head has not wholly come. Interim heads (1xx) before the final one are cleaned as well.
    """
    head, end, rest = raw.partition(b"\r\n\r\n")
    if not end:
        return None
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not (line[:11].lower() == b"set-cookie:" and _CONTROL.search(line))]
    dropped = len(lines) - len(kept)
    if head[9:10] == b"1" and head[9:12] != b"101":
        more = without_bad_cookies(rest)
        if more is None:
            return None
        rest, dropped = more[0], dropped + more[1]
    return b"\r\n".join(kept) + end + rest, dropped
