"""Sealed values: encrypted values that browsers keep, each bound to its cookie.

    s1.<base64url, without padding, of nonce (12 octets), ciphertext, tag (16)>
    s2.<the same, and the ciphertext begins with the date of birth: 8 octets, seconds since the epoch>

The cipher is AES-256-GCM-SIV (RFC 8452). If a random nonce repeats, it only reveals that two values are equal; with
AES-GCM it would reveal the authentication key. The associated data are the format, the cookie's name and its context.
So a value sealed for one cookie or host is not valid for another."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

KEY = 32
NONCE = 12
TAG = 16
PREFIX, DATED_PREFIX = b"s1.", b"s2."
BIRTH = 8
_SEALED = re.compile(rb"s([12])\.([A-Za-z0-9_-]+)")


class Keyring:
    """Keys for sealed values. The first key encrypts, and all keys decrypt."""

    def __init__(self, keys: Sequence[bytes], nonce: Callable[[], bytes]) -> None:
        """Set the keys of 32 octets each, and the function that returns 12 random octets. Raises ValueError."""
        if not keys or any(len(key) != KEY for key in keys):
            raise ValueError(f"a keyring needs at least one key, and each key must have {KEY} octets")
        self._ciphers = tuple(map(AESGCMSIV, keys))
        self._nonce = nonce

    def seal(self, value: bytes, name: bytes, context: bytes, birth: int | None = None) -> bytes:
        """Return the sealed form of `value` for the browser. `birth`: start of the cookie's life in seconds since the
        epoch, or None for a value without one."""
        nonce = self._nonce()
        prefix, plain = (PREFIX, value) if birth is None else (DATED_PREFIX, birth.to_bytes(BIRTH, "big") + value)
        sealed = nonce + self._ciphers[0].encrypt(nonce, plain, _bound_to(prefix, name, context))
        return prefix + base64.urlsafe_b64encode(sealed).rstrip(b"=")

    @staticmethod
    def sealed_length(length: int, is_dated: bool = False) -> int:
        """Return the length of the sealed form of a value with this length, in octets."""
        return len(PREFIX) + -(-(NONCE + BIRTH * is_dated + length + TAG) * 4 // 3)

    @staticmethod
    def looks_sealed(text: bytes) -> bool:
        """Check whether a value has the form of a sealed value."""
        return _octets(text) is not None

    def open(self, text: bytes, name: bytes, context: bytes) -> bytes | None:
        """Return the original value, or None if it was not sealed with these keys for this cookie."""
        opened = self.open_dated(text, name, context)
        return None if opened is None else opened[0]

    def open_dated(self, text: bytes, name: bytes, context: bytes) -> tuple[bytes, int | None] | None:
        """Return the original value and the date of birth (None if it has none), or None as `open` does."""
        sealed = _octets(text)
        if sealed is None:
            return None
        prefix, nonce, ciphertext = text[: len(PREFIX)], sealed[:NONCE], sealed[NONCE:]
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(nonce, ciphertext, _bound_to(prefix, name, context))
            except InvalidTag:
                continue
            return (plain, None) if prefix == PREFIX else (plain[BIRTH:], int.from_bytes(plain[:BIRTH], "big"))
        return None


def _octets(text: bytes) -> bytes | None:
    found = _SEALED.fullmatch(text)
    if found is None:
        return None
    try:
        octets = base64.urlsafe_b64decode(found[2] + b"=" * (-len(found[2]) % 4))
    except binascii.Error:
        return None
    # The unused bits of base64 must be 0, so that each value has only one valid text.
    canonical = base64.urlsafe_b64encode(octets).rstrip(b"=") == found[2]
    least = NONCE + TAG + (BIRTH if found[1] == b"2" else 0)
    return octets if canonical and len(octets) >= least else None


def _bound_to(prefix: bytes, name: bytes, context: bytes) -> bytes:
    """Return the associated data. The length before the name makes each pair of name and context unique."""
    return b"cookiewarden " + prefix[:2] + b"\0" + len(name).to_bytes(4, "big") + name + context
