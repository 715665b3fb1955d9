"""Whether the policy is enforced: what an operator switched to a moment ago, else the setting, else the policy's own
word."""

import math
from dataclasses import dataclass

from cookiewarden.core.policy.policy import Mode, Policy


@dataclass(frozen=True, slots=True)
class ModeSwitch:
    """Where the emergency switch stands. It goes back automatically."""

    setting: Mode | None = None
    """`--mode`."""
    switched: Mode | None = None
    """By an operator, while the proxy runs."""
    ends: float = math.inf
    """When that ends, by the clock that counts how much time passes: the wall clock may be set meanwhile."""

    @property
    def above_policy(self) -> Mode | None:
        """The mode that overrides the policy's own, if any does."""
        return self.switched or self.setting

    def of(self, policy: Policy) -> Mode:
        return self.above_policy or policy.mode

    def why(self, policy: Policy) -> str:
        """Who says so."""
        if self.switched is not None:
            return "an operator's switch"
        return "the setting mode" if self.setting is not None else "the policy"

    def turned(self, mode: Mode, ends: float) -> "ModeSwitch":
        return ModeSwitch(self.setting, mode, ends)

    def back(self) -> "ModeSwitch":
        return ModeSwitch(self.setting)
