"""Fields of bits in base64url text, as the strings of IAB's frameworks have them."""

import base64
import re
from collections import deque
from itertools import repeat

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")

MAX_VENDOR = 4096
"""Highest vendor that is read. The Global Vendor List has fewer than half of it, and its field could hold 65535."""
MAX_RANGES = 241
"""Maximum number of entries. A longer list takes more bits than one for each vendor."""


def bits_of(text: str) -> str | None:
    """Return `0` and `1` for each bit, six for each character. Return None for text that is not base64url."""
    if not _BASE64URL.fullmatch(text):
        return None
    padding = -len(text) % 4
    octets = base64.urlsafe_b64decode(text + "A" * padding)
    return f"{int.from_bytes(octets):0{len(octets) * 8}b}"[: len(text) * 6]


_FLAGS = bytes.maketrans(b"01", b"\0\1")


def flags_of(bits: str) -> bytes:
    """Return a 0 or 1 for each bit."""
    return bits.encode().translate(_FLAGS)


def vendors_at(bits: str, at: int) -> bytes | None:
    """Read MaxVendorId, IsRangeEncoding and the vendors from a position. Return a 0 or 1 for each vendor, from 1.

    Return None if the vendors are incomplete, or more than MAX_VENDOR or MAX_RANGES."""
    begin = at + 17
    if len(bits) < begin:
        return None
    most = int(bits[at : at + 16], 2)
    if most > MAX_VENDOR:
        return None
    if bits[begin - 1] == "1":
        return _ranges(bits, begin, most)
    field = bits[begin : begin + most]
    return flags_of(field) if len(field) == most else None


_RANGE = re.compile("0([01]{16})|1([01]{16})([01]{16})|([01]+)")
"""An entry, or the bits that are left because they are too few for one."""
_ONES = b"\1" * MAX_VENDOR


def _ranges(bits: str, at: int, most: int) -> bytes | None:
    """Read NumEntries and the entries, each a vendor or the first and the last one. They may come in any order."""
    begin = at + 12
    if len(bits) < begin:
        return None
    count = int(bits[at:begin], 2)
    if count > MAX_RANGES:
        return None
    entries = _RANGE.findall(bits, begin)[:count]
    if len(entries) < count or (entries and entries[-1][3]):
        return None
    found = bytearray(most + 1)
    single = [int(entry[0], 2) for entry in entries if entry[0]]
    if single and not 1 <= min(single) <= max(single) <= most:
        return None
    deque(map(found.__setitem__, single, repeat(1)), 0)  # most lists have many of them
    for _, first, last, _ in entries:
        if first:
            low, high = int(first, 2), int(last, 2)
            if not 1 <= low <= high <= most:
                return None
            found[low : high + 1] = _ONES[low - 1 : high]
    return bytes(found[1:])
