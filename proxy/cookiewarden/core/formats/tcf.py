"""The TC string of IAB Europe's Transparency and Consent Framework, version 2, and its policies 2.2 and 2.3.

Source: Transparency and Consent String with Global Vendor List Format, IAB Tech Lab. Since 2.3, a segment lists the
vendors that were disclosed to the visitor, and a vendor that is not in it has no consent."""

from functools import cache
from itertools import chain, compress

from cookiewarden.core.formats.bits import MAX_VENDOR, bits_of, flags_of, vendors_at

_VERSION = 2
_PURPOSES_AT = 152
"""Position of PurposesConsent in bits. PurposesLITransparency follows."""
_PURPOSES = tuple(map(str, range(1, 25)))
_VENDORS_AT = 213
"""Position of the Vendor Consent section in bits."""
_DISCLOSED, _ALLOWED, _PUBLISHER = 1, 2, 3
"""Types of the segments after the core string, each in three bits."""


@cache
def vendor_words() -> tuple[str, ...]:
    """Return the words of all vendors. Only policies that read TC strings need their memory."""
    return tuple(f"vendor:{number}" for number in range(1, MAX_VENDOR + 1))


def is_tcf_word(word: str) -> bool:
    """Check whether a TC string can have a word."""
    return word in _PURPOSES or word in vendor_words()


def read_tcf(text: str) -> frozenset[str] | None:
    """Parse a TC string to the purposes with consent, as `1` to `24`, and the vendors with consent, as `vendor:755`.

    It ignores legitimate interests, publisher restrictions and the publisher's own purposes."""
    core, *others = text.split(".", 4)
    bits = bits_of(core)
    if bits is None or int(bits[:6], 2) != _VERSION:
        return None
    segments = _segments(others)
    vendors = vendors_at(bits, _VENDORS_AT)
    if segments is None or vendors is None:
        return None
    if _DISCLOSED in segments:
        disclosed = vendors_at(segments[_DISCLOSED], 3)
        if disclosed is None:
            return None
        both = int.from_bytes(vendors, "little") & int.from_bytes(disclosed, "little")
        vendors = both.to_bytes(len(vendors), "little")
    purposes = flags_of(bits[_PURPOSES_AT : _PURPOSES_AT + len(_PURPOSES)])
    return frozenset(chain(compress(_PURPOSES, purposes), compress(vendor_words(), vendors)))


def _segments(texts: list[str]) -> dict[int, str] | None:
    """Return the bits of the segments by type. Return None if a type is unknown or comes twice."""
    found: dict[int, str] = {}
    for text in texts:
        bits = bits_of(text)
        kind = int(bits[:3], 2) if bits else 0
        if bits is None or kind not in (_DISCLOSED, _ALLOWED, _PUBLISHER) or kind in found:
            return None
        found[kind] = bits
    return found
