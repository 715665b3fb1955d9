"""The wire format of Protocol Buffers, as far as Envoy's messages need it."""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types (protobuf.dev/programming-guides/encoding)."""

MAX_FIELDS = 4096
"""Maximum number of fields in one message. Envoy sends a few hundred for a head of 100 fields."""


class BadMessage(Exception):
    """A message that is not valid. It has no octets of the message."""


def read_message(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return the fields of a message, in order: number, value of a varint, and octets of a length-delimited value.

    Other wire types are skipped. Raises BadMessage."""
    found: list[tuple[int, int, bytes]] = []
    at, size = 0, len(data)
    while at < size:
        key = data[at]
        at += 1
        if key >= 0x80:
            key, at = _varint(data, at - 1)
        kind = key & 7
        if kind == BYTES:
            length = data[at] if at < size else 0x80
            at += 1
            if length >= 0x80:
                length, at = _varint(data, at - 1)
            end = at + length
            if end > size:
                raise BadMessage("a field is longer than its message")
            found.append((key >> 3, 0, data[at:end]))
            at = end
        elif kind == VARINT:
            value, at = _varint(data, at)
            found.append((key >> 3, value, b""))
        elif kind in (FIXED64, FIXED32):
            at += 8 if kind == FIXED64 else 4
            if at > size:
                raise BadMessage("a field is longer than its message")
        else:
            raise BadMessage("a field has an unknown wire type")
        if len(found) > MAX_FIELDS:
            raise BadMessage("a message has too many fields")
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the varint at `at`, of 64 bits at most, and the place after it. Raises BadMessage."""
    value = shift = 0
    while at < len(data) and shift < 64:
        octet = data[at]
        at += 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise BadMessage("a varint is incomplete or too long")


def varint(value: int) -> bytes:
    """Encode a number of 0 or more."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: bytes) -> bytes:
    """Encode a length-delimited field: octets, a text or a message."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def number_field(number: int, value: int) -> bytes:
    """Encode a field with a number of 0 or more."""
    return varint(number << 3) + varint(value)


def values(message: list[tuple[int, int, bytes]], number: int) -> Iterator[bytes]:
    """Yield the octets of each field with this number."""
    return (octets for found, _, octets in message if found == number)
