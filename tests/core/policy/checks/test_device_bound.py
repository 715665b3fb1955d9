"""Rules that a device-bound cookie may not have."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded


@pytest.mark.parametrize(
    ("rules", "keys"),
    [
        ("", []),
        ("lifetime: 1h, seal: true, priority: High, supersede: false, forward: false", []),
        ("secure: keep, http_only: keep, same_site: keep, partitioned: keep, path: keep, domain: keep", []),
        ("secure: false, http_only: false, partitioned: false", []),
        ("secure: true", ["secure"]),
        ("secure: https", ["secure"]),
        ("secure: remove, http_only: remove, partitioned: remove", ["secure", "http_only", "partitioned"]),
        ("http_only: true, partitioned: true", ["http_only", "partitioned"]),
        ("same_site: Lax", ["same_site"]),
        ("same_site: {default: Lax}", ["same_site"]),
        ("same_site: remove", ["same_site"]),
        ("path: /", ["path"]),
        ("path: {from: /a, to: /}", ["path"]),
        ("domain: host-only", ["domain"]),
        ("domain: {from: a.example, to: b.example}", ["domain"]),
        ("rename_to: __Host-sid", ["rename_to"]),
        ("renew: false", ["renew"]),
    ],
)
def test_no_rule_changes_a_compared_attribute(rules: str, keys: list[str]) -> None:
    more = f", {rules}" if rules else ""
    for bound, expected in (("true", keys), ("false", [])):
        found = loaded(entries(f"name: sid, device_bound: {bound}{more}")).problems
        told = [problem.message for problem in found if problem.code is Code.DEVICE_BOUND]
        assert len(told) == len(expected) and all(key in message for key, message in zip(expected, told, strict=True))


def test_a_rule_of_the_defaults_counts_unless_the_entry_keeps_the_attribute() -> None:
    for entry, count in (("name: sid, device_bound: true", 1), ("name: sid, device_bound: true, secure: keep", 0)):
        found = loaded(entries(entry, defaults="{secure: true}")).problems
        assert [problem.code for problem in found].count(Code.DEVICE_BOUND) == count
