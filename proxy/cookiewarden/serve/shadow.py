"""A second policy, tried beside the one in force: tomorrow's register on today's traffic. It decides everything, changes nothing,
and is counted apart."""

import os
import time
from collections.abc import Awaitable, Callable

from cookiewarden.core.engine import Engine
from cookiewarden.core.policy import Policy
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import KEY, BadKeys, keyring, keys_for
from cookiewarden.serve.exposition import PolicyStatus
from cookiewarden.serve.mode import ModeSwitch
from cookiewarden.serve.reload import Reloader
from cookiewarden.serve.settings import Settings


def shadow_reloader(
    settings: Settings, status: PolicyStatus, put: Callable[[Policy], Awaitable[None]]
) -> Reloader | None:
    """What loads the policy and watches its files; None where there is none."""
    if not settings.shadow:
        return None
    status.shadow = PolicyStatus()
    return Reloader(PolicyFiles(settings.shadow), ModeSwitch(), status.shadow, put, "shadow policy")


def shadow_engine(policy: Policy, settings: Settings) -> Engine:
    """In the mode that the policy itself says: whatever it is, nothing is changed."""
    return Engine(policy, None, time.time(), keyring(shadow_keys(policy, settings)))


def shadow_keys(policy: Policy, settings: Settings) -> tuple[bytes, ...]:
    """The keys there are; one for nothing where a policy that is only tried would seal and there is none."""
    try:
        return keys_for(policy, settings.seal_key_file)
    except BadKeys:
        return (os.urandom(KEY),)
