"""Renaming and sealing: cookies that browsers keep under a new name or with an encrypted value."""

from typing import TYPE_CHECKING

from cookiewarden.core.cookies.cookie import MAX_PAIR, WSP, with_name, with_value
from cookiewarden.core.engine.decision import Action, Decision, Reason
from cookiewarden.core.engine.verbs import Draft, Site
from cookiewarden.core.policy.policy import HOST_ONLY, Entry, Mode, Seal

if TYPE_CHECKING:
    from cookiewarden.core.engine.seal import (
        Keyring,  # cryptography takes 30 ms to import: only policies that seal do
    )

MAX_OPENED = 50
"""Maximum number of sealed cookies of a request. Decrypting one takes 20 µs. Further ones are not judged.

Under `renew: false`, the same number may be decrypted again for its response."""


def has_ended(entry: Entry, birth: int | None, now: float) -> bool:
    """Check whether a sealed cookie that was born at `birth` has ended at `now` (seconds since the epoch)."""
    bound = entry.rules.bound
    if birth is None or entry.rules.renew or bound is None or bound.is_session:
        return False
    return birth + bound.seconds <= now


class Transport:
    """Conversion of renamed and sealed cookies between browsers and the application, in both directions."""

    def __init__(self, name: str, mode: Mode, now: float, keyring: "Keyring | None") -> None:
        """Set the policy's name, and the time `now` (seconds since the epoch) against which `accept_plain_until` is
        compared."""
        self._name = name
        self._mode = mode
        self._now = now
        self._keyring = keyring
        self._passes: dict[tuple[int, tuple[Reason, ...]], Decision] = {}

    def seal(self, draft: Draft, entry: Entry, site: Site, enforced: bool, now: float) -> bool:
        """Encrypt the value if `enforced`, unless it is empty or already encrypted. Under `renew: false`, its date of
        birth is `now` (seconds since the epoch).

        Return False, in report mode too, if its sealed form would not fit into a cookie. It is then not encrypted."""
        if entry.seal is None or self._keyring is None or not draft.value:
            return True
        name, context = (
            entry.name.encode() if entry.rename else draft.name,
            self._context(entry, entry.seal, site),
        )
        if self._keyring.open(draft.value, name, context) is None:
            if not self._fits(entry, len(draft.name), len(draft.value)):
                return False
            if not enforced:
                return True
            sealed = self._keyring.seal(draft.value, name, context, None if entry.rules.renew else int(now))
            draft.become(with_value(draft.pair, sealed), draft.name, sealed)
            draft.note(Reason.SEALED)
        return True

    def _fits(self, entry: Entry, name: int, value: int) -> bool:
        """Check whether the sealed form of a value fits into a cookie. `name` and `value` are lengths in octets."""
        kept_as = len(entry.rename.name.encode()) if entry.rename is not None else name
        is_dated = not entry.rules.renew
        return self._keyring is None or kept_as + self._keyring.sealed_length(value, is_dated) <= MAX_PAIR

    def held(self, name: bytes, value: bytes, entry: Entry, site: Site) -> tuple[bytes, int | None] | None:
        """Return the application's value of a browser's value, and its date of birth if it has one.

        Return None if the application does not receive it, or receives an unsealed value that the next line seals."""
        seal, keyring = entry.seal, self._keyring
        if seal is None or keyring is None or not value:
            return value, None
        opened = keyring.open_dated(value, name, self._context(entry, seal, site))
        is_too_large = seal.passes_too_large and not self._fits(entry, len(name), len(value))
        return (value, None) if opened is None and is_too_large else opened

    def born_at(self, birth: int, value: bytes, name: bytes, entry: Entry, site: Site) -> bytes:
        """Return a sealed value with a date of birth. The value of a cookie that is not sealed stays unchanged."""
        seal, keyring = entry.seal, self._keyring
        return (
            value
            if seal is None or keyring is None
            else keyring.seal(value, name, self._context(entry, seal, site), birth)
        )

    def carried(
        self, name: bytes, piece: bytes, entry: Entry, site: Site, names: frozenset[bytes], now: float
    ) -> tuple[bytes | None, Decision]:
        """Convert a piece of a Cookie header to the application's name and value. This happens in report mode too.

        `names` are the names in the header. `now` is the time in seconds since the epoch, or 0 if it is unknown. Return
        the piece for the application (None if it is stripped) and the decision."""
        reasons: tuple[Reason, ...] = ()
        rename = entry.rename
        if rename is not None:
            kept_as, plain = rename.name.encode(), entry.name.encode()
            if name == kept_as:
                reasons, piece = (Reason.RENAMED,), with_name(piece, plain)
            elif self._now >= rename.accept_plain_until or kept_as in names:
                return self._refused(piece, entry, Reason.PLAIN_NAME)
            name = plain
        value = piece.partition(b"=")[2].strip(WSP)
        if entry.seal is None or self._keyring is None or not value:
            return piece, self._passed(entry, reasons)
        after, decision = self._open(name, piece, value, entry, entry.seal, self._keyring, site, now)
        return after, decision.because((*reasons, *decision.reasons)) if reasons else decision

    def _passed(self, entry: Entry, reasons: tuple[Reason, ...]) -> Decision:
        """Return the decision on a cookie that passes. A renamed entry needs one object, because it has one name."""
        if entry.rename is None:
            return Decision(Action.PASS, entry, reasons)
        key = id(entry), reasons
        return self._passes.get(key) or self._passes.setdefault(key, Decision(Action.PASS, entry, reasons))

    def _refused(self, piece: bytes, entry: Entry, reason: Reason) -> tuple[bytes | None, Decision]:
        enforced = self._mode is Mode.ENFORCE and not entry.report_only
        return None if enforced else piece, Decision(Action.STRIP, entry, (reason,), enforced)

    def _open(
        self,
        name: bytes,
        piece: bytes,
        value: bytes,
        entry: Entry,
        seal: Seal,
        keyring: "Keyring",
        site: Site,
        now: float,
    ) -> tuple[bytes | None, Decision]:
        """Decrypt the value of a piece."""
        opened = keyring.open_dated(value, name, self._context(entry, seal, site))
        if opened is not None:
            if has_ended(entry, opened[1], now):
                return self._refused(with_value(piece, opened[0]), entry, Reason.SEAL_EXPIRED)
            return with_value(piece, opened[0]), Decision(Action.PASS, entry, (Reason.OPENED,))
        if self._now < seal.accept_plain_until and not keyring.looks_sealed(value):
            return piece, Decision(Action.PASS, entry)
        if seal.passes_too_large and not keyring.looks_sealed(value) and not self._fits(entry, len(name), len(value)):
            return piece, Decision(Action.PASS, entry, (Reason.SEALED_TOO_LARGE,))
        return self._refused(piece, entry, Reason.SEAL_INVALID)

    def _context(self, entry: Entry, seal: Seal, site: Site) -> bytes:
        """Return the context of a seal: the host for a host-only cookie, else the policy's context."""
        if entry.rules.domain == HOST_ONLY:
            return b"host " + site.host
        return b"policy " + (seal.context or self._name).encode()
