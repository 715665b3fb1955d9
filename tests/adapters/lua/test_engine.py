"""The engine in Lua gives the cookies of the engine in Python, byte for byte, for policies of the subset."""

from pathlib import Path

import pytest

from tests.adapters.lua.runs import POLICY, cases, judged, wanted
from tests.support import policies

pytestmark = pytest.mark.envoy
VERBS = """
version: 1
policy: verbs
undeclared: {response: report, request: pass}
cookies:
  - {name: sid, secure: remove, http_only: remove, same_site: Strict, partitioned: remove, priority: High}
  - {name: lang, same_site: None, partitioned: true, domain: shop.example, path: /x, lifetime: 1y}
  - {name: "i-*-9", secure: https, lifetime: session}
  - {name: "i-*", same_site: {at_least: Strict}, lifetime: 1min}
  - {name: "n*", path: [{from: /a/, to: /}, {from: /n, to: /m}], domain: {from: shop.example, to: www.shop.example}, same_site: remove}
  - {name: "s*", domain: [{from: shop.example, to: host-only}, {from: a.shop.example, to: shop.example}]}
  - {name: "*", domain: host-only, scope: {hosts: ["*.example"], paths: [/n]}}
"""
CONSENT = """
version: 1
policy: consent
consent: {cookie: pref, unknown: grant}
categories: {f: {basis: x}, m: {consent: required, gpc: default}, p: {consent: required, granted_by: [f, m]}, o: {consent: opt-out, granted_by: [m]}}
cookies:
  - {name: pref, category: f}
  - {name: sid, category: m}
  - {name: lang, category: p}
  - {name: "i*", category: o}
"""


@pytest.mark.parametrize("interpreter", ["lua5.1", "lua5.3"])
@pytest.mark.parametrize("policy", [POLICY, VERBS, CONSENT], ids=["exchanges", "verbs", "consent"])
def test_lua_gives_the_cookies_of_the_engine(policy: str, interpreter: str, tmp_path: Path) -> None:
    found = cases(2000, seed=len(policy))
    expected, got = wanted(policy, found), judged(policies.policy(policy), found, tmp_path, interpreter)
    assert [(c, w, g) for c, w, g in zip(found, expected, got, strict=True) if w != g][:3] == []
