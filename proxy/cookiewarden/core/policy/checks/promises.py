"""Does an entry say what a statement needs: a purpose, a lifetime, and who answers for an exception?"""

from collections.abc import Iterator

from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import BROWSER_MAX, SetBy
from cookiewarden.core.policy.problem import Code, Problem


def no_purpose(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.set_by is not SetBy.INFRASTRUCTURE and not entry.purpose:
        message = f'"{entry.name}" has no purpose: the statement will have nothing to say'
        yield declared.draft.problem(Code.NO_PURPOSE, message)


def no_lifetime(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.set_by is not SetBy.INFRASTRUCTURE and entry.rules.bound is None:
        message = f'"{entry.name}" has no lifetime: nothing bounds how long browsers keep it'
        yield declared.draft.problem(Code.NO_LIFETIME, message)


def too_long(declared: Declared) -> Iterator[Problem]:
    """A lifetime that no browser grants."""
    lifetime = declared.draft.model.lifetime
    if declared.entry.set_by is SetBy.INFRASTRUCTURE or lifetime is None:
        return
    if lifetime.seconds > BROWSER_MAX:
        message = f'browsers keep no cookie for longer than 400 days: "{lifetime.text}" will not be reached'
        yield declared.draft.problem(Code.LIFETIME_OVER_400D, message, "lifetime")


def no_owner(declared: Declared) -> Iterator[Problem]:
    """A dated exception that nobody answers for."""
    entry = declared.entry
    if declared.draft.model.until is not None and not (entry.owner and entry.reason):
        message = f'"{entry.name}" is a dated exception: say with owner and reason who answers for it and why'
        yield declared.draft.problem(Code.NO_OWNER, message, "until")
