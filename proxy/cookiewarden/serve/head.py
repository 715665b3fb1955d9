"""Request and response heads: read from the bytes that came, and written for the next hop.

Bytes in, bytes out; no sockets. llhttp judges whether a head is HTTP, strictly; then one regular expression splits
it at the fields that are the proxy's business (hop-by-hop, framing, forwarding, cookies), and everything between
them is passed on as the slice it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import httptools


class BadHead(Exception):
    """A head that cannot be forwarded: the status to answer with and the reason to count. Holds no byte of it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """Limits of one head: octets from its first to the end of its blank line, octets of a line, number of fields."""

    max_head: int
    max_field: int
    max_fields: int

    @cached_property
    def harmless(self) -> int:
        """Octets up to which a head exceeds none of them: the shortest field has four."""
        return min(self.max_head, self.max_field, 4 * self.max_fields)

    def exceeded(self, head: bytes) -> bool:
        # A line may end in \r\n only: counting \n tells the same of every head that is not refused anyway.
        if len(head) > self.max_head or head.count(b"\n") - 2 > self.max_fields:
            return True
        return len(head) > self.max_field and any(
            len(line) + 2 > self.max_field for line in head.split(b"\r\n")[1:]
        )


class Framing(IntEnum):
    """How a body ends (RFC 9112 6.3)."""

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The X-Forwarded fields of a request: each address it came by, the scheme and the host that the browser saw
    (empty where not said, or not in words that mean one)."""

    addresses: bytes
    scheme: bytes
    host: bytes


class RequestHead:
    """A request as it came and what the proxy makes of it."""

    __slots__ = (
        "cookies", "fields", "forwarded", "framing", "host", "http_1_1", "keep_alive", "length", "method", "path",
        "raw_fields", "takes_trailers", "upgrade",
    )  # fmt: skip

    method: bytes
    path: bytes
    """The target in origin-form."""
    host: bytes
    http_1_1: bool
    keep_alive: bool
    framing: Framing
    length: int
    """Octets of the body where `framing` is LENGTH, else 0."""
    upgrade: bytes
    """The protocol to upgrade to, in lower case, or nothing."""
    takes_trailers: bool
    cookies: list[bytes]
    """The values of its Cookie fields."""
    fields: bytes
    """The lines that travel on as they are, each with the line break before it."""
    forwarded: "Forwarded | None"
    """What it says of where it came from, for those who believe it."""
    raw_fields: bytes
    """All lines as they came, where a next request with the same ones differs from this in its first line only."""

    @property
    def has_body(self) -> bool:
        return self.framing is Framing.CHUNKED or self.length > 0

    def again(self, method: bytes, path: bytes) -> "RequestHead":
        """The same fields under another first line."""
        request = RequestHead()
        request.method, request.path = method, path
        request.host, request.http_1_1, request.keep_alive = self.host, self.http_1_1, self.keep_alive
        request.framing, request.length = self.framing, self.length
        request.upgrade, request.takes_trailers = self.upgrade, self.takes_trailers
        request.forwarded = self.forwarded
        request.cookies, request.fields, request.raw_fields = self.cookies, self.fields, self.raw_fields
        return request


class ResponseHead:
    """A response as it came."""

    __slots__ = ("cookies", "framing", "http_1_1", "idle_seconds", "keep_alive", "length", "parts", "status", "upgrades")  # fmt: skip

    status: int
    http_1_1: bool
    keep_alive: bool
    framing: Framing
    length: int
    upgrades: Sequence[bytes]
    idle_seconds: int | None
    """After how many idle seconds the origin will close the connection, where it says so."""
    parts: list[bytes]
    """The head as it travels on, in pieces, without its blank line."""
    cookies: list[int]
    """Where the values of Set-Cookie fields stand in `parts`; what leads up to a value stands before it."""


# What llhttp says


class _Verdict:
    complete = False

    def on_headers_complete(self) -> None:
        self.complete = True


def _examine(parser: type, head: bytes) -> None:
    """Raises httptools.HttpParserError where `head` is not exactly one well-formed head."""
    verdict = _Verdict()
    if b"\t" in head:
        # llhttp refuses the tab that RFC 9110 5.6.3 allows before `chunked`; elsewhere it is as good as a space.
        head = head.replace(b"\t", b" ")
    try:
        parser(verdict).feed_data(head)
    except httptools.HttpParserUpgrade:
        return  # raised at the end of a head
    if not verdict.complete:
        raise httptools.HttpParserError


class _Names(dict[bytes, bytes]):
    """The lower-case name of a field from all that leads up to its value, `\\r\\nName: `: one look-up for what was
    seen before."""

    def __missing__(self, lead: bytes) -> bytes:
        name = lead[2:].rstrip(b" \t")[:-1].lower()
        if len(lead) <= 64 and len(self) < 4096:
            self[lead] = name
        return name


_names = _Names()


# Requests

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST_LINE = re.compile(rb"(%b+) ([^\x00-\x20\x7f]+) HTTP/([0-9]\.[0-9])\r\n" % _TOKEN)
_REQUEST_LINE_SO_FAR = re.compile(
    rb"\r?|%b{1,64}(?: (?:[^\x00-\x20\x7f]+(?: [HTP/0-9.]{0,8}\r?)?)?)?" % _TOKEN
)
# The look-ahead spares most names the alternatives: 1.7 µs instead of 2.5 for the 15 fields of a browser.
_REQUEST_FIELDS = re.compile(
    rb"(\r\n(?=[chtukfxp])(?:connection|host|content-length|transfer-encoding|upgrade|cookie2?|te|keep-alive|forwarded"
    rb"|x-forwarded-(?:for|host|proto)|proxy-[^:\r\n]*):[ \t]*)([^\r\n]*)",
    re.IGNORECASE,
)
_NONE: tuple[bytes, ...] = ()


def read_request(head: bytes, limits: Limits) -> RequestHead:
    """Read a whole head, its blank line included. Raises BadHead."""
    if len(head) > limits.harmless and limits.exceeded(head):
        raise BadHead(431, "head_too_large")
    method, target, version, fields_at = _request_line(head)
    try:
        _examine(httptools.HttpRequestParser, head)
    except httptools.HttpParserInvalidMethodError:
        raise BadHead(501, "not_implemented") from None
    except httptools.HttpParserError:
        raise BadHead(400, "bad_request") from None
    request = RequestHead()
    request.method = method
    request.http_1_1 = version == b"1.1"
    # plain, lead, value, plain, lead, value, ..., plain
    parts = _REQUEST_FIELDS.split(head[fields_at:-4])
    special: dict[bytes, list[bytes]] = {}
    for at in range(1, len(parts), 3):
        name = _names[parts[at]]
        special.setdefault(name, []).append(parts[at + 1].rstrip(b" \t"))
        if name != b"content-length":
            parts[at] = parts[at + 1] = b""
    request.fields = b"".join(parts)
    request.cookies = special.get(b"cookie", [])
    request.takes_trailers = b"te" in special and b"trailers" in _tokens(special[b"te"])
    _read_framing(request, special)
    _read_target(request, target, special.get(b"host", _NONE))
    _read_connection(request, special)
    request.forwarded = _read_forwarded(special) if not _FORWARDED.isdisjoint(special) else None
    request.raw_fields = head[fields_at:] if request.http_1_1 and target.startswith(b"/") else b""
    return request


_ORIGIN_FORM = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[!\"$-~]*) HTTP/1\.1(?=\r\n)")
"""A first line with which llhttp agrees whatever the fields."""


def read_next_request(head: bytes, limits: Limits, last: RequestHead | None) -> RequestHead:
    """`read_request` on a connection whose request before this one was `last`. Raises BadHead.

    A client says the same fields again and again (HPACK lives on it): then the first line is all there is to read,
    1.5 µs instead of 6.
    """
    if last is not None:
        line = _ORIGIN_FORM.match(head)
        if line is not None and head[line.end() :] == last.raw_fields and len(head) <= limits.max_head:
            return last.again(line[1], line[2])
    return read_request(head, limits)


_BARE_LF = re.compile(rb"(?<!\r)\n")
"""No line of ours ends in it, and whoever ends lines in it waits for an answer, not to send more."""


def refuse_early(data: bytes, looked: int, limits: Limits) -> None:
    """Look at the beginning of a head whose end has not come, and whose first `looked` octets were looked at before.
    Raises BadHead where it can become none."""
    if len(data) > limits.max_head:
        raise BadHead(431, "head_too_large")
    if _BARE_LF.search(data, max(looked - 1, 0)):
        raise BadHead(400, "bad_request")
    if data.find(b"\r\n", max(looked - 1, 0)) >= 0:
        if looked == 0 or b"\r\n" not in data[:looked]:
            _request_line(data)
    elif looked < _SOON and b"\r\n" not in data[:looked] and not _REQUEST_LINE_SO_FAR.fullmatch(data):
        raise BadHead(400, "bad_request")


_SOON = 256
"""Octets within which a line that is none is seen before it ends."""


def _request_line(head: bytes) -> tuple[bytes, bytes, bytes, int]:
    """Method, target, version and where the line ends."""
    line = _REQUEST_LINE.match(head)
    if line is None:
        raise BadHead(400, "bad_request")
    method, target, version = line.groups()
    if version != b"1.1" and version != b"1.0":
        raise BadHead(505, "version")
    if method == b"CONNECT":
        raise BadHead(501, "not_implemented")
    return method, target, version, line.end() - 2


def _read_framing(request: RequestHead, special: dict[bytes, list[bytes]]) -> None:
    request.framing, request.length = Framing.NONE, 0
    encodings = special.get(b"transfer-encoding")
    if encodings:
        if not request.http_1_1:
            raise BadHead(400, "bad_request")  # RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing
        if len(encodings) > 1 or encodings[0].lower() != b"chunked":
            raise BadHead(501, "not_implemented")
        request.framing = Framing.CHUNKED
    elif b"content-length" in special:
        request.framing, request.length = Framing.LENGTH, _length(special[b"content-length"][0], 400)


def _length(value: bytes, status: int) -> int:
    """A Content-Length that llhttp has found to be digits."""
    if len(value) > 18:
        raise BadHead(status, "bad_request" if status == 400 else "bad_response")
    return int(value)


_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)((?:[/?][^#]*)?)", re.IGNORECASE)
_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=\-]*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")


def _read_target(request: RequestHead, target: bytes, hosts: Sequence[bytes]) -> None:
    # RFC 9112 3.2: 400 to a request without Host or with more than one
    if len(hosts) > 1 or (not hosts and request.http_1_1):
        raise BadHead(400, "bad_request")
    request.host = hosts[0] if hosts else b""
    if b"#" in target:
        raise BadHead(400, "bad_request")  # RFC 9112 3.2: no form of the target has a fragment
    if target.startswith(b"/") or (target == b"*" and request.method == b"OPTIONS"):
        request.path = target
    elif found := _ABSOLUTE.fullmatch(target):
        # RFC 9112 3.2.2: the authority of an absolute-form target replaces the Host field
        request.host, request.path = found[1], found[2] or b"/"
        if request.path.startswith(b"?"):
            request.path = b"/" + request.path
    else:
        raise BadHead(400, "bad_request")
    if not _HOST.fullmatch(request.host):
        raise BadHead(400, "bad_request")


_FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded"})


def _read_forwarded(special: dict[bytes, list[bytes]]) -> Forwarded:
    schemes = special.get(b"x-forwarded-proto", _NONE)
    scheme = schemes[0].lower() if len(schemes) == 1 else b""
    hosts = special.get(b"x-forwarded-host", _NONE)
    return Forwarded(
        b", ".join(filter(None, special.get(b"x-forwarded-for", _NONE))),
        scheme if scheme in (b"http", b"https") else b"",
        hosts[0] if len(hosts) == 1 and _HOST.fullmatch(hosts[0]) else b"",
    )


_OPTIONS = frozenset({b"keep-alive", b"close", b"upgrade", b"te"})
_PROTECTED = frozenset({b"cookie", b"host", b"content-length", b"transfer-encoding", b"set-cookie"})
"""Fields that a Connection header must never name: they would vanish on the way (RFC 9110 7.6.1)."""


def _read_connection(request: RequestHead, special: dict[bytes, list[bytes]]) -> None:
    request.upgrade = b""
    request.keep_alive = request.http_1_1
    if b"connection" not in special:
        return
    options = _tokens(special[b"connection"])
    request.keep_alive = _persistent(request.http_1_1, options)
    named = options - _OPTIONS
    if named & _PROTECTED:
        raise BadHead(400, "bad_request")
    if named:
        request.fields = _without(request.fields, named)
    upgrades = special.get(b"upgrade")
    if upgrades and b"upgrade" in options and request.http_1_1:
        websocket = any(b"websocket" in upgrade.lower() for upgrade in upgrades)
        if request.framing is Framing.NONE:
            request.upgrade = upgrades[0].lower() if len(upgrades) == 1 else b"?"
        elif websocket:
            # A body before the other protocol's bytes: an upgrade to anything else is not forwarded.
            raise BadHead(400, "bad_request")


def _persistent(http_1_1: bool, options: frozenset[bytes]) -> bool:
    """RFC 9112 9.3."""
    return b"close" not in options and (http_1_1 or b"keep-alive" in options)


def _tokens(values: Sequence[bytes]) -> frozenset[bytes]:
    return frozenset(token.strip(b" \t") for value in values for token in value.lower().split(b",")) - {b""}


def _without(fields: bytes, named: frozenset[bytes]) -> bytes:
    """The lines without those of the fields that a Connection header names."""
    names = b"|".join(map(re.escape, named))
    return re.sub(rb"\r\n(?:%b):[^\r\n]*" % names, b"", fields, flags=re.IGNORECASE)


def build_request_head(
    request: RequestHead, cookie: bytes | None, forwarded: bytes, host: bytes, upgrade: bool
) -> bytes:
    """The head for the origin. `cookie` is the Cookie field that is left, `forwarded` the lines that say whence the
    request came, `host` what stands in the Host field."""
    parts = [request.method, b" ", request.path, b" HTTP/1.1\r\nHost: ", host, request.fields]
    if cookie is not None:
        parts += (b"\r\nCookie: ", cookie)
    if request.framing is Framing.CHUNKED:
        parts.append(b"\r\nTransfer-Encoding: chunked")
    if upgrade:
        parts += (b"\r\nConnection: Upgrade\r\nUpgrade: ", request.upgrade)
    elif request.takes_trailers:
        parts.append(b"\r\nTE: trailers\r\nConnection: TE")
    parts += (forwarded, b"\r\n\r\n")
    return b"".join(parts)


# Responses

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})( [^\x00-\x08\x0a-\x1f\x7f]*)?\r\n")
_STATUS_LINE_BEGINS = b"HTTP/1."
# Values are not captured: partition finds their ends in a fifth of the time.
_RESPONSE_FIELDS = re.compile(
    rb"(\r\n(?=[sctkup])(?:set-cookie2?|connection|content-length|transfer-encoding|keep-alive|upgrade|te"
    rb"|proxy-[^:\r\n]*):[ \t]*)",
    re.IGNORECASE,
)
_TIMEOUT = re.compile(rb"(?:^|[,; \t])timeout[ \t]*=[ \t]*\"?([0-9]{1,6})", re.IGNORECASE)


def may_begin_a_response(data: bytes, looked: int) -> bool:
    """Whether `data` may be the beginning of a head, its first `looked` octets being looked at before."""
    begins = looked > len(_STATUS_LINE_BEGINS) or _STATUS_LINE_BEGINS.startswith(
        data[: len(_STATUS_LINE_BEGINS)]
    )
    return begins and not _BARE_LF.search(data, max(looked - 1, 0))


def read_response(head: bytes, limits: Limits, to_head: bool) -> ResponseHead:
    """Read a whole head, its blank line included; `to_head`: it answers a HEAD request. Raises BadHead."""
    if len(head) > limits.harmless and limits.exceeded(head):
        raise BadHead(502, "head_too_large")
    line = _STATUS_LINE.match(head)
    if line is None:
        raise BadHead(502, "bad_response")
    try:
        _examine(httptools.HttpResponseParser, head)
    except httptools.HttpParserError:
        raise BadHead(502, "bad_response_header") from None
    minor, code, reason = line.groups()
    response = ResponseHead()
    response.http_1_1 = minor == b"1"
    response.status = status = int(code)
    # plain, lead, value and what follows it, lead, value and what follows it, ...
    pieces = _RESPONSE_FIELDS.split(head[:-4])
    first = pieces[0]
    if minor == b"0" or reason is None:
        first = b"HTTP/1.1 " + code + (reason or b" ") + first[line.end() - 2 :]
    response.parts = parts = [first]
    response.cookies = cookies = []
    length: bytes | None = None
    special: dict[bytes, list[bytes]] = {}
    for at in range(1, len(pieces), 2):
        lead = pieces[at]
        value, line_break, following = pieces[at + 1].partition(b"\r\n")
        name = _names[lead]
        if name == b"set-cookie":
            parts.append(lead)
            cookies.append(len(parts))
            parts.append(value)
        elif name == b"content-length":
            length = value.rstrip(b" \t")
            if status >= 200 and status != 204:
                parts.append(lead + value)
        else:
            special.setdefault(name, []).append(value.rstrip(b" \t"))
        if line_break:
            parts.append(line_break + following)
    response.upgrades = special.get(b"upgrade", _NONE)
    response.idle_seconds = _idle_seconds(special[b"keep-alive"]) if b"keep-alive" in special else None
    _read_persistence(response, special.get(b"connection", _NONE))
    _read_response_framing(response, special.get(b"transfer-encoding", _NONE), length, to_head)
    return response


def _read_persistence(response: ResponseHead, connection: Sequence[bytes]) -> None:
    response.keep_alive = response.http_1_1
    if not connection or (response.http_1_1 and connection == [b"keep-alive"]):
        return
    options = _tokens(connection)
    response.keep_alive = _persistent(response.http_1_1, options)
    named = options - _OPTIONS - _PROTECTED
    if named:
        response.parts = [_without(part, named) for part in response.parts]


def _idle_seconds(values: list[bytes]) -> int | None:
    found = _TIMEOUT.search(b",".join(values))
    return int(found[1]) if found else None


def _read_response_framing(
    response: ResponseHead, encodings: Sequence[bytes], length: bytes | None, to_head: bool
) -> None:
    """RFC 9112 6.3."""
    response.length = 0
    if encodings and (
        not response.http_1_1
        or length is not None
        or len(encodings) > 1
        or encodings[0].lower() != b"chunked"
    ):
        raise BadHead(502, "bad_response")
    if to_head or response.status < 200 or response.status == 204 or response.status == 304:
        response.framing = Framing.NONE
        if encodings or (length is not None and length.strip(b"0")):
            # An origin that sends the body it declares, a moment later, would answer the next request with it.
            response.keep_alive = False
    elif encodings:
        response.framing = Framing.CHUNKED
    elif length is not None:
        response.framing, response.length = Framing.LENGTH, _length(length, 502)
    else:
        response.framing = Framing.UNTIL_CLOSE
        response.keep_alive = False


_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def without_bad_cookies(head: bytes) -> tuple[bytes, int]:
    """A response's head without the Set-Cookie lines that no parser accepts, and how many those were."""
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not (line[:11].lower() == b"set-cookie:" and _CONTROL.search(line))]
    return b"\r\n".join(kept), len(lines) - len(kept)


# Our own answers

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
