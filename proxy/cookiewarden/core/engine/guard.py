"""The script guard, apart from the wire: a policy as the script in a page reads it."""

from typing import Any

from cookiewarden.core.engine.matcher import Matcher
from cookiewarden.core.policy.policy import Mode, Policy

Json = dict[str, Any]


def guard_rules(policy: Policy, mode: Mode, now: float) -> Json:
    """A policy as the script in the page reads it. Entries stand in the order of their rank: the first that matches a
    name on the page's host speaks for it. Holds nothing but what the statement publishes and what requests need."""
    asked = policy.consent
    live = [entry for entry in policy.entries if entry.until > now]
    return {
        "entries": [
            [rule.entry.name, rule.host, rule.entry.category, not rule.entry.report_only]
            for rule in Matcher(live).rules()
        ],
        "consent": {
            "cookie": asked.cookie,
            "format": asked.format.value,
            "unknown": asked.unknown_grants,
            "gates": {gate.name: {"words": sorted(gate.granted_by), "gpc": gate.gpc.value} for gate in asked.gates},
        }
        if asked is not None
        else None,
        "undeclared": policy.on_response.value,
        "enforce": mode is Mode.ENFORCE,
    }
