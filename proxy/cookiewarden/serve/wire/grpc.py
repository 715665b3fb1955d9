"""gRPC over HTTP/2 (grpc.io/docs, PROTOCOL-HTTP2): heads, statuses and the prefix of a message."""

from enum import IntEnum

PREFIX_SIZE = 5
"""Octets before a message: whether it is compressed, and its length."""


class Status(IntEnum):
    """Statuses of a call that the proxy sends (grpc.io/docs/guides/status-codes)."""

    OK = 0
    INVALID_ARGUMENT = 3
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13


def prefixed(message: bytes) -> bytes:
    """Return an uncompressed message with its prefix."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _literal(name: bytes, value: bytes) -> bytes:
    """Encode a field for HPACK without Huffman codes and without a change of the table (RFC 7541 6.2.2)."""
    return b"\0" + _length(len(name)) + name + _length(len(value)) + value


def _length(octets: int) -> bytes:
    """Encode the length of a string (RFC 7541 5.1, a prefix of 7 bits)."""
    if octets < 127:
        return bytes((octets,))
    octets -= 127
    out = bytearray((127,))
    while octets >= 128:
        out.append(octets & 127 | 128)
        octets >>= 7
    out.append(octets)
    return bytes(out)


_STATUS_200 = b"\x88"
"""`:status: 200`, an entry of the static table (RFC 7541 A)."""

RESPONSE = _STATUS_200 + _literal(b"content-type", b"application/grpc")
"""Header block of a response with messages."""


def trailers(status: Status, message: bytes = b"") -> bytes:
    """Return the header block of a call's end. `message`: printable ASCII without `%`."""
    block = _literal(b"grpc-status", b"%d" % status)
    return block + _literal(b"grpc-message", message) if message else block


OK_TRAILERS = trailers(Status.OK)
