"""The roles of the two policies that a proxy may have."""

from enum import Enum


class Role(Enum):
    """The role of a policy. The log uses the value as its name."""

    IN_FORCE = "policy"
    """The policy decides on cookies."""
    SHADOW = "shadow policy"
    """The policy is tried beside the one in force. Its decisions are counted separately and change nothing."""
