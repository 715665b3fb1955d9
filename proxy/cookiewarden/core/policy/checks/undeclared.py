"""Does the policy declare cookies, and do its rules for undeclared ones have an effect?"""

from collections.abc import Iterator, Sequence

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.document import UndeclaredModel
from cookiewarden.core.policy.policy import Evict, OnUndeclaredRequest
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source


def no_cookies(drafts: Sequence[EntryDraft], main: Source) -> Iterator[Problem]:
    if not drafts:
        message = "no cookie is declared: every cookie counts as undeclared"
        yield main.problem_at_key(Code.NO_COOKIES, ("cookies",), message)


def nothing_expired(undeclared: UndeclaredModel, main: Source) -> Iterator[Problem]:
    """Rules for expiring undeclared cookies, where none of them are expired."""
    if undeclared.evict is not Evict.OFF and undeclared.request is not OnUndeclaredRequest.STRIP:
        message = (
            f"evict: undeclared cookies are not expired where request is {undeclared.request}; "
            "only strip says that they may not be"
        )
        yield main.problem_at_key(Code.NO_EFFECT, ("undeclared", "evict"), message)
    if undeclared.evict_domains is not None and undeclared.evict is not Evict.DOMAIN:
        message = f"evict_domains: cookies are expired at domains with evict: domain, and this is {undeclared.evict}"
        yield main.problem_at_key(Code.NO_EFFECT, ("undeclared", "evict_domains"), message)
