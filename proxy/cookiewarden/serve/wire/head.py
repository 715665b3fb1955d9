"""Common parts of request heads and response heads, and the proxy's own responses.

llhttp checks strictly that a head is valid HTTP. One regular expression then splits it at the fields that the proxy
handles: hop-by-hop, framing, forwarding and cookies. The bytes between them are forwarded unchanged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import repeat
from typing import Final

import httptools


def fields_of(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Parse field lines. Each line must have its line break before it."""
    parted = (line.partition(b":") for line in lines.split(b"\r\n")[1:])
    return [(name, value.strip(b" \t")) for name, _, value in parted]


class BadHead(Exception):
    """An error for a head that cannot be forwarded, with response status and reason. It has no bytes of the head."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """Limits of a head: its octets, blank line included, the octets of a line, its fields and its cookies."""

    max_head: int
    max_field: int
    max_fields: int
    max_cookies: int = 300

    @cached_property
    def harmless(self) -> int:
        """Size in octets up to which no limit can be exceeded. The shortest field has four octets."""
        return min(self.max_head, self.max_field, 4 * self.max_fields)

    def exceeded(self, head: bytes) -> bool:
        # Counting \n is enough, because heads with a bare \n are refused anyway.
        if len(head) > self.max_head or head.count(b"\n") - 2 > self.max_fields:
            return True
        return len(head) > self.max_field and any(len(line) + 2 > self.max_field for line in head.split(b"\r\n")[1:])


class Framing(IntEnum):
    """Ways in which a body ends (RFC 9112 6.3)."""

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


# A look-up in an enum costs the compiled build as much as a dictionary.
NO_BODY: Final = Framing.NONE
BY_LENGTH: Final = Framing.LENGTH
CHUNKED: Final = Framing.CHUNKED


# Validation by llhttp


class _Verdict:
    complete = False

    def on_headers_complete(self) -> None:
        self.complete = True


def examine(parser: type, head: bytes) -> None:
    """Check that `head` is exactly one valid head. Raises httptools.HttpParserError."""
    verdict = _Verdict()
    if b"\t" in head:
        # RFC 9110 5.6.3 allows a tab before `chunked`, but llhttp refuses it. Elsewhere a tab is equal to a space.
        head = head.replace(b"\t", b" ")
    try:
        parser(verdict).feed_data(head)
    except httptools.HttpParserUpgrade:
        return  # raised after a complete head
    if not verdict.complete:
        raise httptools.HttpParserError


class _Names(dict[bytes, bytes]):
    """A cache of lower-case field names by the bytes before a value, `\\r\\nName: `."""

    def __missing__(self, lead: bytes) -> bytes:
        name = lead[2:].rstrip(b" \t")[:-1].lower()
        if len(lead) <= 64 and len(self) < 4096:
            self[lead] = name
        return name


lower_names = _Names()


# Fields

NONE: tuple[bytes, ...] = ()
_IN_VALUES = bytes(octet if octet >= 0x20 and octet != 0x7F else 0x20 for octet in range(0x100))
"""A table that changes the octets that llhttp does not accept at any place in a value."""


def are_in_values(octets: bytes) -> bool:
    """Check that llhttp accepts all octets at any place in a value."""
    return octets.translate(_IN_VALUES) == octets  # half the instructions of deleting the others


HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=\-]*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
"""Syntax of a Host field: a host, with or without a port (RFC 9110 7.2)."""
BARE_LF = re.compile(rb"(?<!\r)\n")
"""An LF without CR before it. Clients that end lines so would wait for a response, so the head is refused early."""
OPTIONS = frozenset({b"keep-alive", b"close", b"upgrade", b"te"})
PROTECTED = frozenset({b"cookie", b"host", b"content-length", b"transfer-encoding", b"set-cookie"})
"""Fields that a Connection header must not name, because they would then be removed (RFC 9110 7.6.1)."""
MAX_LENGTH_DIGITS = 18


def length_of(value: bytes, status: int) -> int:
    """Parse a Content-Length, which llhttp has checked for digits. Raises BadHead with `status`."""
    if len(value) > MAX_LENGTH_DIGITS:
        raise BadHead(status, "bad_request" if status == 400 else "bad_response")
    return int(value)


def persistent(http_1_1: bool, options: frozenset[bytes]) -> bool:
    """Check whether the connection persists after a message (RFC 9112 9.3)."""
    return b"close" not in options and (http_1_1 or b"keep-alive" in options)


def tokens(values: Sequence[bytes]) -> frozenset[bytes]:
    """Return the items of comma-separated lists, in lower case. A field may have 8,000, so no loop of Python counts
    them."""
    return frozenset(map(bytes.strip, b",".join(values).lower().split(b","), repeat(b" \t"))) - {b""}


def without(fields: bytes, named: frozenset[bytes]) -> bytes:
    """Remove the fields with these lower-case names. Each line must have its line break before it. The time does not
    depend on the number of names."""
    first, *lines = fields.split(b"\r\n")
    return b"\r\n".join([first, *[line for line in lines if line.partition(b":")[0].lower() not in named]])


# The proxy's own responses

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
    """Build a response of the proxy. `lines`: its fields, each with its line break."""
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
    """Build an error response. It contains no address and no bytes of the request."""
    text = _STATUS_TEXTS[status]
    body = b"%d %b\n" % (status, text)
    return b"HTTP/1.1 %d %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%b\r\n%b" % (
        status,
        text,
        len(body),
        b"" if keep_alive else b"Connection: close\r\n",
        b"" if head_only else body,
    )
