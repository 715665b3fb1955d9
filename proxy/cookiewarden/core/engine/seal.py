"""Sealed values: what a browser keeps and cannot read, bound to the cookie that it was sealed for.

    s1.<base64url, without padding, of nonce (12 octets), ciphertext, tag (16)>

AES-256-GCM-SIV (RFC 8452): a nonce that comes twice, as random ones of 96 bits may after long, shows no more than that
two values are equal; under AES-GCM it would give the key of the authentication away. The associated data are the
format, the cookie's name and its context, so that a value sealed for one cookie or host opens for no other."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

KEY = 32
NONCE = 12
TAG = 16
PREFIX = b"s1."
_SEALED = re.compile(rb"s1\.([A-Za-z0-9_-]+)")


class Keyring:
    """The first key seals, all of them open."""

    def __init__(self, keys: Sequence[bytes], nonce: Callable[[], bytes]) -> None:
        """`keys` are of 32 octets each; `nonce` gives 12 random ones. Raises ValueError."""
        if not keys or any(len(key) != KEY for key in keys):
            raise ValueError(f"a keyring takes keys of {KEY} octets")
        self._ciphers = tuple(map(AESGCMSIV, keys))
        self._nonce = nonce

    def seal(self, value: bytes, name: bytes, context: bytes) -> bytes:
        """What goes to the browser in place of `value`."""
        nonce = self._nonce()
        sealed = nonce + self._ciphers[0].encrypt(nonce, value, _bound_to(name, context))
        return PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=")

    @staticmethod
    def looks_sealed(text: bytes) -> bool:
        """Whether a value has the form of a sealed one."""
        return _octets(text) is not None

    def open(self, text: bytes, name: bytes, context: bytes) -> bytes | None:
        """The value that was sealed; None where it was not, or not by these keys for this cookie."""
        sealed = _octets(text)
        if sealed is None:
            return None
        nonce, ciphertext = sealed[:NONCE], sealed[NONCE:]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, ciphertext, _bound_to(name, context))
            except InvalidTag:
                continue
        return None


def _octets(text: bytes) -> bytes | None:
    found = _SEALED.fullmatch(text)
    if found is None:
        return None
    try:
        octets = base64.urlsafe_b64decode(found[1] + b"=" * (-len(found[1]) % 4))
    except binascii.Error:
        return None
    # One text for one value: the bits that base64 leaves over must be none.
    canonical = base64.urlsafe_b64encode(octets).rstrip(b"=") == found[1]
    return octets if canonical and len(octets) >= NONCE + TAG else None


def _bound_to(name: bytes, context: bytes) -> bytes:
    """No other name and context give the same: the length of the name stands before it."""
    return b"cookiewarden s1\0" + len(name).to_bytes(4, "big") + name + context
