"""A second policy, tried beside the one in force: tomorrow's register on today's traffic. It decides on every cookie,
changes nothing, and is counted apart (`judging/cookies`)."""

import os
from collections.abc import Awaitable, Callable
from functools import partial

from cookiewarden.core.policy.policy import Policy
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import KEY, BadKeys, keys_for
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.reload import Reloader, Revision
from cookiewarden.serve.control.status import PolicyStatus
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.settings import Settings


def shadow_reloader(
    settings: Settings,
    status: PolicyStatus,
    put: Callable[[Revision], Awaitable[list[object]]],
    turn: Callable[[], None],
    clock: Clock | None = None,
) -> Reloader | None:
    """What loads the policy and watches its files; None where there is none."""
    if not settings.shadow:
        return None
    status.shadow = PolicyStatus()
    files = PolicyFiles(settings.shadow)
    keys = partial(_keys, settings)
    return Reloader(files, ModeSwitch(), status.shadow, keys, put, turn, Role.SHADOW, clock)


def _keys(settings: Settings, policy: Policy) -> tuple[bytes, ...]:
    """The keys there are; one for nothing where a policy that is only tried would seal and there is none."""
    try:
        return keys_for(policy, settings.seal_key_file)
    except BadKeys:
        return (os.urandom(KEY),)
