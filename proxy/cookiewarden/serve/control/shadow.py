"""The shadow policy, which is tried on the traffic beside the policy in force. It judges every cookie and changes
nothing. Its decisions are counted separately (`judging/cookies`)."""

import os
from collections.abc import Awaitable, Callable
from functools import partial

from cookiewarden.core.policy.policy import Policy
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import KEY, BadKeys, keys_for
from cookiewarden.parsing import Parser
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.reload import Reloader, Revision
from cookiewarden.serve.control.status import PolicyStatus
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.settings import Settings


def shadow_reloader(
    settings: Settings,
    status: PolicyStatus,
    parser: Parser,
    put: Callable[[Revision], Awaitable[list[object]]],
    turn: Callable[[], None],
    clock: Clock | None = None,
) -> Reloader | None:
    """Return the reloader of the shadow policy; None without one."""
    if not settings.shadow:
        return None
    status.shadow = PolicyStatus()
    files = PolicyFiles(settings.shadow, parser)
    keys = partial(_keys, settings)
    return Reloader(files, ModeSwitch(), status.shadow, keys, put, turn, Role.SHADOW, clock)


def _keys(settings: Settings, policy: Policy) -> tuple[bytes, ...]:
    """Return the keys for the policy, or a random one without usable keys. Trying a policy needs no real key."""
    try:
        return keys_for(policy, settings.seal_key_file)
    except BadKeys:
        return (os.urandom(KEY),)
