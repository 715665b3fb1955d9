"""Checks that a policy declares cookies, and that its rules for undeclared cookies have an effect."""

from collections.abc import Iterator, Sequence

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.document import UndeclaredModel
from cookiewarden.core.policy.policy import Evict, OnUndeclaredRequest
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source


def no_cookies(drafts: Sequence[EntryDraft], main: Source) -> Iterator[Problem]:
    if not drafts:
        message = "the policy declares no cookies, so all count as undeclared; add entries"
        yield main.problem_at_key(Code.NO_COOKIES, ("cookies",), message)


def nothing_expired(undeclared: UndeclaredModel, main: Source) -> Iterator[Problem]:
    """Report rules for the eviction of undeclared cookies that have no effect."""
    if undeclared.evict is not Evict.OFF and undeclared.request is not OnUndeclaredRequest.STRIP:
        message = (
            f"evict: no effect, since undeclared.request is {undeclared.request}; remove it, or set "
            "undeclared.request to strip"
        )
        yield main.problem_at_key(Code.NO_EFFECT, ("undeclared", "evict"), message)
    if undeclared.evict_domains is not None and undeclared.evict is not Evict.DOMAIN:
        message = f"evict_domains: no effect, since evict is {undeclared.evict}; remove it, or set evict to domain"
        yield main.problem_at_key(Code.NO_EFFECT, ("undeclared", "evict_domains"), message)
