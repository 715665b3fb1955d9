"""The two policies that a proxy may have."""

from enum import Enum


class Role(Enum):
    """What a policy is for. The value is how the log names it."""

    IN_FORCE = "policy"
    """It decides what happens to cookies."""
    SHADOW = "shadow policy"
    """It is tried beside the one in force: it decides, changes nothing, and is counted apart."""
