"""Mode and time at which a policy is in force."""

from dataclasses import dataclass

from cookiewarden.core.policy.policy import Mode


@dataclass(frozen=True, slots=True)
class Order:
    """Mode and time, which change independently of the policy's files."""

    mode: Mode | None = None
    """Mode that overrides the policy's own mode, or None."""
    now: float = 0.0
    """Time of the decisions, in seconds since the epoch. Entries whose `until` is earlier have ended."""
