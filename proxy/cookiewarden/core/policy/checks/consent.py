"""Can the visitor's answer be read, for every category that requires consent?"""

import math
from collections.abc import Iterator, Sequence

from cookiewarden.core.cookies.glob import name_matches
from cookiewarden.core.policy.models.document import ConsentModel
from cookiewarden.core.policy.policy import Category, ConsentFormat, Entry
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source

_TCF_PURPOSES = frozenset(map(str, range(1, 25)))


def no_consent_cookie(gates: Sequence[Category], main: Source) -> Iterator[Problem]:
    """Categories that require consent, where the policy does not say in which cookie it is."""
    for gate in gates:
        message = f'"{gate.name}" requires consent, and no consent: {{cookie: …, format: …}} says where it is found'
        yield main.problem_at_value(Code.NO_CONSENT_COOKIE, ("categories", gate.name, "consent"), message)


def nothing_gated(gates: Sequence[Category], main: Source) -> Iterator[Problem]:
    if not gates:
        message = "no category requires consent: the cookie is not looked at"
        yield main.problem_at_key(Code.NO_EFFECT, ("consent",), message)


def unreadable_answer(
    consent: ConsentModel, gates: Sequence[Category], entries: Sequence[Entry], main: Source
) -> Iterator[Problem]:
    """Entries that keep the consent cookie from the banner, the application or the proxy."""
    declared = [entry for entry in entries if name_matches(entry.name, consent.cookie)]
    faults = [*_not_everywhere(declared), *(fault for entry in declared for fault in _lost(entry, gates))]
    for fault in faults:
        message = f'"{consent.cookie}" {fault}'
        yield main.problem_at_value(Code.CONSENT_UNDECLARED, ("consent", "cookie"), message)


def _not_everywhere(declared: Sequence[Entry]) -> Iterator[str]:
    if not declared:
        yield "is in no entry: declare it, in a category that is exempt"
    elif all(entry.hosts for entry in declared):
        yield (
            f"is declared for some hosts only, at {declared[0].place}: elsewhere the answer would count and "
            "the cookie be stripped"
        )


def _lost(entry: Entry, gates: Sequence[Category]) -> Iterator[str]:
    """Why an answer under this entry would be lost."""
    declared = f"is declared at {entry.place}"
    if entry.until < math.inf:
        yield f"{declared} until a day: from then on every visitor's answer would be lost"
    if any(entry.category == gate.name for gate in gates):
        yield f'{declared} in "{entry.category}", which itself requires consent'
    if entry.seal is not None or entry.rename is not None:
        yield f"{declared} as sealed or renamed: the banner's script could not read it"
    if not entry.forward:
        yield f"{declared} as not forwarded: the application could not read the answer"


def not_tcf_purposes(consent: ConsentModel, gates: Sequence[Category], main: Source) -> Iterator[Problem]:
    """Categories whose words are not purposes, where the answer is a TCF string."""
    if consent.format is not ConsentFormat.TCF:
        return
    for gate in gates:
        if not gate.granted_by <= _TCF_PURPOSES:
            message = f'"{gate.name}" needs granted_by: [1, …], the TCF purposes (1 to 24) that all must be granted'
            yield main.problem_at_value(Code.WRONG_VALUE, ("categories", gate.name), message)
