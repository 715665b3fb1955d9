"""Checks for the data that a statement needs: purpose, lifetime, and the owner of an exception."""

from collections.abc import Iterator

from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import BROWSER_MAX, SetBy
from cookiewarden.core.policy.problem import Code, Problem


def no_purpose(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.set_by is not SetBy.INFRASTRUCTURE and not entry.purpose:
        message = f'"{entry.name}" has no purpose; add one for the statement'
        yield declared.draft.problem(Code.NO_PURPOSE, message)


def no_lifetime(declared: Declared) -> Iterator[Problem]:
    entry = declared.entry
    if entry.set_by is not SetBy.INFRASTRUCTURE and entry.rules.bound is None:
        message = f'"{entry.name}" has no lifetime; add one to limit how long browsers keep it'
        yield declared.draft.problem(Code.NO_LIFETIME, message)


def too_long(declared: Declared) -> Iterator[Problem]:
    """Report lifetimes above the limit of browsers, 400 days."""
    lifetime = declared.draft.model.lifetime
    if declared.entry.set_by is SetBy.INFRASTRUCTURE or lifetime is None:
        return
    if lifetime.seconds > BROWSER_MAX:
        message = f'browsers keep cookies for at most 400 days; "{lifetime.text}" is longer'
        yield declared.draft.problem(Code.LIFETIME_OVER_400D, message, "lifetime")


def renewed_and_not(declared: Declared) -> Iterator[Problem]:
    """Report entries that state an event which restarts the lifetime, although their life is not extended."""
    if not declared.entry.rules.renew and declared.entry.renewed:
        message = f'"{declared.entry.name}" has renew: false, so no event restarts its lifetime; remove renewed'
        yield declared.draft.problem(Code.WRONG_VALUE, message, "renewed")


def not_watched(declared: Declared, has_guard: bool) -> Iterator[Problem]:
    """Report `renew: false` where scripts set the cookie and no guard watches them."""
    entry = declared.entry
    if entry.rules.renew or has_guard or entry.set_by not in (SetBy.SCRIPT, SetBy.BOTH):
        return
    if "renew" in declared.draft.model.model_fields_set:
        message = f'renew: no effect on scripts that set "{entry.name}"; set inject_guard to true, or remove renew'
        yield declared.draft.problem(Code.NO_EFFECT, message, "renew")


def no_owner(declared: Declared) -> Iterator[Problem]:
    """Report dated exceptions without an owner or a reason."""
    entry = declared.entry
    if declared.draft.model.until is not None and not (entry.owner and entry.reason):
        message = f'"{entry.name}" is a dated exception; give it an owner and a reason'
        yield declared.draft.problem(Code.NO_OWNER, message, "until")
