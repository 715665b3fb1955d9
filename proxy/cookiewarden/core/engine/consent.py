"""Consent: the visitor's answer for each category, from the consent cookie and Sec-GPC.

Each consent manager has its own format. The readers return the granted words (groups, services or purposes), which
`granted_by` maps to the categories of the policy. A value that cannot be parsed completely is an unknown answer.
Frameworks of applications quote, encode, mark or sign values, and this is removed first.

The script guard (serve/own_pages/guard.js) parses the same values in the page. So this module must not depend on
Unicode tables, limits or leniency of Python that differ from JavaScript."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.formats.frameworks import parameters, unwrapped
from cookiewarden.core.formats.gpp import read_gpp
from cookiewarden.core.formats.structures import (
    read_axeptio,
    read_consent_mode,
    read_cookieconsent,
    read_didomi,
    read_json,
    read_klaro,
)
from cookiewarden.core.formats.tcf import read_tcf
from cookiewarden.core.formats.texts import read_cookiebot, read_cookieyes, read_list, read_onetrust
from cookiewarden.core.policy.policy import Category, Consent, ConsentFormat, ConsentNeed, Gpc

Denied = frozenset[tuple[str, Reason]]
"""Denied categories, with the reasons."""

NOTHING: Denied = frozenset()

MAX_LINES = 24
"""Maximum number of Set-Cookie lines of the consent cookie in a response. More count like too many values."""
MAX_ATTRIBUTES = 256
"""Maximum length of the attributes of such a line, in octets. A longer line counts in the same way."""
MAX_ANSWERS = 3
"""Maximum number of different values of the consent cookie that are read. Browsers have several for one page only if
they belong to different domains or paths."""
TOO_MANY = tuple([b"%d" % number for number in range(MAX_ANSWERS + 1)])
"""Values that are not read, because there are too many."""
MAX_VALUE = 4096
"""Maximum length of a value that is parsed, in octets. Browsers store no longer cookies (RFC 6265bis 5.6)."""


def denied(consent: Consent, values: Iterable[bytes], gpc: bool) -> Denied:
    """Return the denied categories for the values of the consent cookie and Sec-GPC.

    Without a value, the visitor has not answered."""
    answers = _Answers.of(_read_all(consent.format, values))
    found = ((gate.name, _refusal(consent, gate, answers, gpc)) for gate in consent.gates)
    return frozenset((category, reason) for category, reason in found if reason is not None)


def denied_after(consent: Consent, values: Iterable[bytes], is_deleted: bool, gpc: bool) -> Denied:
    """Return the categories that any of several new answers denies.

    If `is_deleted`, the consent cookie is also deleted."""
    answers = _read_all(consent.format, values)
    readable = [answer for answer in answers if answer is not None]
    unreadable = answers & {None}
    found: dict[str, Reason | None] = {}
    if unreadable or is_deleted:
        none = _Answers.of(unreadable)
        found = {gate.name: _refusal(consent, gate, none, gpc) for gate in consent.gates}
    if readable:
        common = _Answers.of({frozenset.intersection(*readable)})
        found = {gate.name: _refusal(consent, gate, common, gpc) or found.get(gate.name) for gate in consent.gates}
    return frozenset((category, reason) for category, reason in found.items() if reason is not None)


def stricter(one: Denied, other: Denied) -> Denied:
    """Return the categories that either denies. If both deny a category, the reason of the first applies."""
    known = {category for category, _ in one}
    return one | {(category, reason) for category, reason in other if category not in known}


Answer = frozenset[str] | None
"""Granted words, or None for a value that cannot be read."""


class _Answers(NamedTuple):
    """One or several answers of a visitor, or none."""

    words: Answer
    """The words of the only answer; None without one, with an unreadable one, or with two that differ."""
    common: Answer
    """The words of all readable answers; None without one."""
    are_given: bool

    @classmethod
    def of(cls, answers: set[Answer]) -> "_Answers":
        readable = [answer for answer in answers if answer is not None]
        return cls(_only(answers), frozenset.intersection(*readable) if readable else None, bool(answers))


def _refusal(consent: Consent, gate: Category, answers: _Answers, gpc: bool) -> Reason | None:
    """Return the reason why a category is denied, or None. Of several answers, any readable one may object."""
    words, common = answers.words, answers.common
    if gpc and (gate.gpc is Gpc.DENY or (gate.gpc is Gpc.DEFAULT and words is None)):
        return Reason.GPC
    if gate.consent is ConsentNeed.OPT_OUT and common is not None and not gate.granted_by <= common:
        return Reason.OBJECTED
    if words is None:
        without = Reason.CONSENT_UNREADABLE if answers.are_given else Reason.NO_CONSENT
        return None if consent.grants_unknown(gate) else without
    return None if gate.granted_by <= words else Reason.NO_CONSENT


def _only(answers: set[Answer]) -> Answer:
    return next(iter(answers)) if len(answers) == 1 else None


def granted(form: ConsentFormat, values: Iterable[bytes]) -> frozenset[str] | None:
    """Return the words that the visitor granted.

    Return None if the answer is unknown: without a value, with an invalid value, or with two that differ."""
    return _only(_read_all(form, values))


def _read_all(form: ConsentFormat, values: Iterable[bytes]) -> set[Answer]:
    """Read several values. More than MAX_ANSWERS are not read, and count as unreadable and as one without words."""
    different = set(values)
    return {_read(form, value) for value in different} if len(different) <= MAX_ANSWERS else {None, frozenset()}


def _read(form: ConsentFormat, value: bytes) -> frozenset[str] | None:
    if len(value) > MAX_VALUE:
        return None
    try:
        text = value.strip(b" \t").decode()
        if "\ufffd" in text:  # scripts in pages see this character for octets that are not valid UTF-8
            return None
        if form is ConsentFormat.ONETRUST:
            return read_onetrust(parameters(text))
        read = _READERS[form]
        words = read(unwrapped(text))
        if "+" in text and "%" in text and form not in _IAB:
            # Some scripts write a `+` as itself, and form-encoders write it for a blank.
            return _one_of(words, read(unwrapped(text.replace("+", "%20"))))
        return words
    except UnicodeDecodeError:
        return None


_IAB = ConsentFormat.TCF, ConsentFormat.GPP
"""Formats of bits, in which neither a `+` nor a blank has a meaning."""


def steps_of(form: ConsentFormat, octets: int) -> int:
    """Return the steps (`effort`) to read values of a length in octets."""
    return octets // (5 if form in _IAB else 10)


def _one_of(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """Return the only reading of a value, or None if it has none or two that differ."""
    found = {one, other} - {None}
    return found.pop() if len(found) == 1 else None


_READERS: dict[ConsentFormat, Callable[[str], frozenset[str] | None]] = {
    ConsentFormat.LIST: read_list,
    ConsentFormat.JSON: read_json,
    ConsentFormat.KLARO: read_klaro,
    ConsentFormat.COOKIEBOT: read_cookiebot,
    ConsentFormat.TCF: read_tcf,
    ConsentFormat.GPP: read_gpp,
    ConsentFormat.COOKIEYES: read_cookieyes,
    ConsentFormat.DIDOMI: read_didomi,
    ConsentFormat.AXEPTIO: read_axeptio,
    ConsentFormat.COOKIECONSENT: read_cookieconsent,
    ConsentFormat.CONSENT_MODE: read_consent_mode,
}
