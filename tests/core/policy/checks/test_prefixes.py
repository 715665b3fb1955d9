"""Rules under which browsers refuse names with a prefix."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("name: __Secure-a, secure: remove", "a __Secure- cookie without Secure"),
        ("name: __Http-a, http_only: remove", "a __Http- cookie without HttpOnly"),
        ("name: __Host-a, path: /x", "a __Host- cookie whose path is not /"),
        ("name: __host-http-a, http_only: remove", "a __Host-Http- cookie without HttpOnly"),
        ("name: a, rename_to: __Host-a, path: /x", "a __Host- cookie whose path is not /"),
        ("name: a, rename_to: __Host-a, domain: shop.example", "a __Host- cookie with a Domain"),
        ("name: a, rename_to: __Host-a, domain: host-only, path: /", ""),
        ("name: __Host-a, path: {from: /, to: /app}", "a __Host- cookie whose path is not /"),
        ("name: __Host-a, path: {from: /app, to: /}", ""),
        ("name: a, rename_to: __Host-a, domain: {from: a.example, to: b.example}", "a __Host- cookie with a Domain"),
        ("name: a, rename_to: __Host-a, domain: {from: a.example, to: host-only}", ""),
        ("name: __Host-a, path: /, secure: keep", ""),
        ("name: __Secure-a, path: /x, http_only: remove", ""),
        ("name: a, secure: remove, path: /x", ""),
    ],
)
def test_no_rule_contradicts_the_prefix(line: str, told: str) -> None:
    found = [p.message for p in loaded(entries(line)).problems if p.code is Code.PREFIX_CONFLICT]
    assert len(found) == bool(told) and all(told in message for message in found)
