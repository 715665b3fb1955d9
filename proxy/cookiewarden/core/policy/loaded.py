"""A loaded policy, and the function that reads its files.

Parsing needs large libraries. This module does without them, so that a proxy can leave parsing to another process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code, Problem

if TYPE_CHECKING:
    from cookiewarden.core.policy.source import Source


@dataclass(frozen=True, slots=True)
class Unread:
    """The reason why a file could not be read: a code, and a message for the place of the include."""

    code: Code
    message: str


Reader = Callable[[str], bytes | Unread]
"""Function that reads a file by its path relative to the folder of the main file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Result of loading: a policy (None if there are errors), all problems in order, and the sources by path."""

    policy: Policy | None
    problems: list[Problem]
    sources: "Mapping[str, Source]" = field(default_factory=dict)
    named: Mapping[str, Policy] = field(default_factory=dict)
    """Further policies by name, of a processor for several applications."""

    @property
    def policies(self) -> list[Policy]:
        """All policies."""
        return [*([self.policy] if self.policy is not None else []), *self.named.values()]
