"""Checks that the visitor's answer can be read for each category that depends on it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.formats.gpp import US_WORDS, is_gpp_word
from cookiewarden.core.formats.structures import CONSENT_MODE_WORDS
from cookiewarden.core.formats.tcf import is_tcf_word
from cookiewarden.core.policy.models.document import ConsentModel, PolicyModel
from cookiewarden.core.policy.policy import Category, ConsentFormat, ConsentNeed, Entry, Gpc, Policy
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source

_TCF = "purposes (1 to 24) or vendors (such as vendor:755)"
_CLOSED: Mapping[ConsentFormat, tuple[Callable[[str], bool], str]] = {
    ConsentFormat.TCF: (is_tcf_word, _TCF),
    ConsentFormat.GPP: (is_gpp_word, f"{_TCF}, {', '.join(US_WORDS)}"),
    ConsentFormat.CONSENT_MODE: (CONSENT_MODE_WORDS.__contains__, ", ".join(sorted(CONSENT_MODE_WORDS))),
}
"""Formats that have no words of their users, with a check for their words and a description of them."""


def no_consent_cookie(gates: Sequence[Category], main: Source) -> Iterator[Problem]:
    """Report categories without a source of the visitor's answer in a policy without a consent cookie."""
    for gate in gates:
        if gate.consent is ConsentNeed.OPT_OUT and gate.gpc is Gpc.DENY:
            continue
        needs, or_gpc = "requires consent", ""
        if gate.consent is ConsentNeed.OPT_OUT:
            needs, or_gpc = "is opt-out", ", or gpc: deny"
        message = f'"{gate.name}" {needs}, but the policy names no consent cookie; add consent.cookie{or_gpc}'
        yield main.problem_at_value(Code.NO_CONSENT_COOKIE, ("categories", gate.name, "consent"), message)


def nothing_gated(gates: Sequence[Category], main: Source) -> Iterator[Problem]:
    if not gates:
        message = (
            "no effect, since all categories are exempt; remove it, or set consent to required or opt-out in a category"
        )
        yield main.problem_at_key(Code.NO_EFFECT, ("consent",), message)


def no_signal(model: PolicyModel, policy: Policy, main: Source) -> Iterator[Problem]:
    """Report `gpc_json` in a policy that does not respect the signal."""
    if model.gpc_json is not None and not any(c.is_objected_by_gpc for c in policy.categories.values()):
        message = "no effect, since no category has gpc: deny; remove it"
        yield main.problem_at_key(Code.NO_EFFECT, ("gpc_json",), message)


def unreadable_answer(
    consent: ConsentModel, gates: Sequence[Category], entries: Sequence[Entry], main: Source
) -> Iterator[Problem]:
    """Report entries that make the consent cookie unreadable for the banner, the application or the proxy."""
    declared = [entry for entry in entries if name_matches(entry.name, consent.cookie)]
    faults = [*_not_everywhere(declared), *(fault for entry in declared for fault in _lost(entry, gates))]
    for fault in faults:
        message = f'"{consent.cookie}" {fault}'
        yield main.problem_at_value(Code.CONSENT_UNDECLARED, ("consent", "cookie"), message)


def _not_everywhere(declared: Sequence[Entry]) -> Iterator[str]:
    if not declared:
        yield "is undeclared; declare it in an exempt category"
    elif all(entry.hosts for entry in declared):
        yield (
            f"is declared for some hosts only (at {declared[0].place}) and would be stripped on the others; "
            "add an entry without hosts"
        )


def _lost(entry: Entry, gates: Sequence[Category]) -> Iterator[str]:
    """Yield the reasons why an answer under this entry would be lost."""
    declared = f"is declared at {entry.place}"
    if entry.until < math.inf:
        yield f"{declared} with an end date, after which all answers would be lost; remove until"
    if any(entry.category == gate.name for gate in gates):
        yield f'{declared} in category "{entry.category}", which itself depends on the answer; use an exempt one'
    if entry.seal is not None or entry.rename is not None:
        yield f"{declared} with seal or rename_to, so the banner's script could not read it; remove them"
    if not entry.forward:
        yield f"{declared} but not forwarded, so the application could not read the answer; remove forward: false"


def not_of_the_format(consent: ConsentModel, gates: Sequence[Category], main: Source) -> Iterator[Problem]:
    """Report categories whose words the format of the consent cookie does not have."""
    is_word, described = _CLOSED.get(consent.format, (None, ""))
    if is_word is None:
        return
    for gate in gates:
        if not all(map(is_word, gate.granted_by)):
            message = f'"{gate.name}" needs words of the format {consent.format} in granted_by; list {described}'
            yield main.problem_at_value(Code.WRONG_VALUE, ("categories", gate.name), message)
