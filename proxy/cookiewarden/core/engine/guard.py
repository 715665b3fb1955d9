"""Data of the script guard: a policy in the form that the script in a page reads."""

from typing import Any

from cookiewarden.core.engine.matcher import rules_of_requests
from cookiewarden.core.policy.policy import Category, Consent, ConsentNeed, Mode, Policy

Json = dict[str, Any]


def _unless(renew: bool) -> list[bool]:
    """Return a false as the last item for cookies that scripts may not renew."""
    return [] if renew else [False]


def _gate(asked: Consent, gate: Category) -> Json:
    rules: Json = {"words": sorted(gate.granted_by), "gpc": gate.gpc.value, "unknown": asked.grants_unknown(gate)}
    return rules | ({"opt_out": True} if gate.consent is ConsentNeed.OPT_OUT else {})


def guard_rules(policy: Policy, mode: Mode, now: float) -> Json:
    """Return a policy in the form that the script in the page reads.

    Entries are in the order of their rank, so the first match for a name on the page's host applies. The data contain
    only published information and the data needed for decisions."""
    asked = policy.consent
    live = [entry for entry in policy.entries if entry.until > now]
    return {
        "entries": [
            [
                rule.entry.name,
                rule.host,
                rule.entry.category,
                not rule.entry.report_only,
                *_unless(rule.entry.rules.renew),
            ]
            for rule in rules_of_requests(live)
        ],
        "consent": {
            "cookie": asked.cookie,
            "format": asked.format.value,
            "gates": {gate.name: _gate(asked, gate) for gate in asked.gates},
        }
        if asked is not None
        else None,
        "undeclared": policy.on_response.value,
        "enforce": mode is Mode.ENFORCE,
    }
