"""How a policy is in force."""

from dataclasses import dataclass

from cookiewarden.core.policy.policy import Mode


@dataclass(frozen=True, slots=True)
class Order:
    """The part of it that changes at once, and without the policy's files."""

    mode: Mode | None = None
    """Overrides the policy's own; None: the policy's own."""
    now: float = 0.0
    """The moment as of which it is in force, in seconds since the epoch: entries whose `until` is before it have
    ended."""
