"""The mode in force: an operator's switch has priority, then the setting, then the policy."""

import math
from dataclasses import dataclass

from cookiewarden.core.policy.policy import Mode, Policy


@dataclass(frozen=True, slots=True)
class ModeSwitch:
    """The state of the emergency switch. It reverts automatically."""

    setting: Mode | None = None
    """The mode of `--mode`, if any."""
    switched: Mode | None = None
    """The mode that an operator set while the proxy runs, if any."""
    ends: float = math.inf
    """End of the operator's mode, on the elapsed clock, because the wall clock may be set."""

    @property
    def above_policy(self) -> Mode | None:
        """The mode that overrides the policy's mode, if any."""
        return self.switched or self.setting

    def of(self, policy: Policy) -> Mode:
        return self.above_policy or policy.mode

    def why(self, policy: Policy) -> str:
        """Return the source of the mode, for people."""
        if self.switched is not None:
            return "an operator's switch"
        return "the mode setting" if self.setting is not None else "the policy"

    def turned(self, mode: Mode, ends: float) -> "ModeSwitch":
        return ModeSwitch(self.setting, mode, ends)

    def back(self) -> "ModeSwitch":
        return ModeSwitch(self.setting)
