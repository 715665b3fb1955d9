"""Request and response heads: what each field is to a proxy, limits, and building the head that travels on.

Bytes in, bytes out; no sockets. Fields that are the proxy's business (hop-by-hop, framing, forwarding,
cookies) are told apart by a memo from the raw name to its kind, so that the common field costs one look-up.
"""

import re
from enum import IntEnum

MAX_MEMO = 4096


class Kind(IntEnum):
    """What a field is to the proxy. `PLAIN` passes byte for byte."""

    PLAIN = 0
    DROP = 1  # hop-by-hop by definition, or ours to say
    CONNECTION = 2
    HOST = 3
    CONTENT_LENGTH = 4
    TRANSFER_ENCODING = 5
    UPGRADE = 6
    COOKIE = 7
    SET_COOKIE = 8
    TE = 9
    KEEP_ALIVE = 10


KINDS = {
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

_memo: dict[bytes, Kind] = {}


def kind_of(name: bytes) -> Kind:
    """The kind of a field by its name in any case. Remembered by the raw name: 40 ns instead of 130."""
    kind = _memo.get(name)
    if kind is None:
        lowered = name.lower()
        kind = Kind.DROP if lowered.startswith(b"proxy-") else KINDS.get(lowered, Kind.PLAIN)
        if len(_memo) < MAX_MEMO and len(name) <= 64:
            _memo[name] = kind
    return kind


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


class Limits:
    """Limits of one message's head, counted while it is parsed; the same whatever the segmentation.

    Size = method + target + 12 + sum(name + value + 4) + 2, the octets of `GET / HTTP/1.1\\r\\n` and so on.
    """

    __slots__ = ("fields", "max_field", "max_fields", "max_head", "size")

    def __init__(self, max_head: int, max_field: int, max_fields: int) -> None:
        self.max_head = max_head
        self.max_field = max_field
        self.max_fields = max_fields
        self.size = self.fields = 0

    def start(self, start_line: int) -> None:
        """`start_line`: octets of method and target, or of the reason phrase. Raises HeadTooLarge."""
        self.size = start_line + 14
        self.fields = 0
        if self.size > self.max_head:
            raise HeadTooLarge

    def add_start(self, octets: int) -> None:
        """The method, which is known last. Raises HeadTooLarge."""
        self.size += octets
        if self.size > self.max_head:
            raise HeadTooLarge

    def add(self, name: bytes, value: bytes) -> None:
        """Raises HeadTooLarge."""
        size = len(name) + len(value) + 4
        self.size += size
        self.fields += 1
        if self.size > self.max_head or size > self.max_field or self.fields > self.max_fields:
            raise HeadTooLarge


class Message:
    """A head while it is parsed and the body that has come with it."""

    __slots__ = ("chunks", "complete", "fields", "head_complete", "keep_alive", "trailers", "version")

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.trailers: list[Field] = []
        self.chunks: list[bytes] = []
        self.version = "1.1"
        self.keep_alive = True
        self.head_complete = False
        self.complete = False

    def values(self, kind: Kind) -> list[bytes]:
        return [value for _, value, k in self.fields if k is kind]

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
        for _, value, kind in self.fields:
            if kind is Kind.PLAIN:
                continue
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


def connection_named(fields: list[Field]) -> frozenset[bytes]:
    """The fields that a response's Connection header names; never those that must not vanish."""
    named = [token for _, value, kind in fields if kind is Kind.CONNECTION for token in tokens(value)]
    return frozenset(named) - _CONNECTION_OPTIONS - PROTECTED


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
