"""What request heads and response heads have in common, and our own answers.

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


def fields_of(lines: bytes) -> list[tuple[bytes, bytes]]:
    """The fields in lines that each have their line break before them."""
    parted = (line.partition(b":") for line in lines.split(b"\r\n")[1:])
    return [(name, value.strip(b" \t")) for name, _, value in parted]


class BadHead(Exception):
    """A head that cannot be forwarded: the status to answer with and the reason to count. Holds no byte of it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """Limits of one head: octets from its first to the end of its blank line, octets of a line, number of fields, and
    of cookies in a request."""

    max_head: int
    max_field: int
    max_fields: int
    max_cookies: int = 300

    @cached_property
    def harmless(self) -> int:
        """Octets up to which a head exceeds none of them: the shortest field has four."""
        return min(self.max_head, self.max_field, 4 * self.max_fields)

    def exceeded(self, head: bytes) -> bool:
        # A line may end in \r\n only: counting \n tells the same of every head that is not refused anyway.
        if len(head) > self.max_head or head.count(b"\n") - 2 > self.max_fields:
            return True
        return len(head) > self.max_field and any(len(line) + 2 > self.max_field for line in head.split(b"\r\n")[1:])


class Framing(IntEnum):
    """How a body ends (RFC 9112 6.3)."""

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


# What llhttp says


class _Verdict:
    complete = False

    def on_headers_complete(self) -> None:
        self.complete = True


def examine(parser: type, head: bytes) -> None:
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


lower_names = _Names()


# Fields

NONE: tuple[bytes, ...] = ()
IN_VALUES = bytes([*range(0x20, 0x7F), *range(0x80, 0x100)])
"""Octets of a value with which llhttp agrees wherever they stand."""
HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=\-]*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
"""A host with or without a port, as a Host field has it (RFC 9110 7.2)."""
BARE_LF = re.compile(rb"(?<!\r)\n")
"""No line of ours ends in it, and whoever ends lines in it waits for an answer, not to send more."""
OPTIONS = frozenset({b"keep-alive", b"close", b"upgrade", b"te"})
PROTECTED = frozenset({b"cookie", b"host", b"content-length", b"transfer-encoding", b"set-cookie"})
"""Fields that a Connection header must never name: they would vanish on the way (RFC 9110 7.6.1)."""
MAX_LENGTH_DIGITS = 18


def length_of(value: bytes, status: int) -> int:
    """A Content-Length that llhttp has found to be digits."""
    if len(value) > MAX_LENGTH_DIGITS:
        raise BadHead(status, "bad_request" if status == 400 else "bad_response")
    return int(value)


def persistent(http_1_1: bool, options: frozenset[bytes]) -> bool:
    """RFC 9112 9.3."""
    return b"close" not in options and (http_1_1 or b"keep-alive" in options)


def tokens(values: Sequence[bytes]) -> frozenset[bytes]:
    return frozenset(token.strip(b" \t") for value in values for token in value.lower().split(b",")) - {b""}


def without(fields: bytes, named: frozenset[bytes]) -> bytes:
    """The lines without those of these fields, given in lower case; each line has its line break before it. However
    many names there are, each line is looked at once and nothing is built from them."""
    first, *lines = fields.split(b"\r\n")
    return b"\r\n".join([first, *[line for line in lines if line.partition(b":")[0].lower() not in named]])


# Our own answers

_STATUS_TEXTS = {
    200: b"OK",
    204: b"No Content",
    304: b"Not Modified",
    404: b"Not Found",
    400: b"Bad Request",
    408: b"Request Timeout",
    412: b"Precondition Failed",
    413: b"Content Too Large",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
    505: b"HTTP Version Not Supported",
}


def own_response(status: int, lines: bytes, body: bytes, keep_alive: bool, head_only: bool = False) -> bytes:
    """Another answer of our own. `lines`: its fields, each with its line break."""
    length = b"" if status in (204, 304) else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d %b\r\n%b%b%b\r\n%b" % (
        status,
        _STATUS_TEXTS[status],
        lines,
        length,
        b"" if keep_alive else b"Connection: close\r\n",
        b"" if head_only else body,
    )


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
