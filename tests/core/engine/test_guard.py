"""The script guard: a policy as the script in the page reads it."""

import re

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.guard import guard_rules
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import entries, policy


def test_the_script_gets_only_entries_by_rank_and_gates() -> None:
    text = """
version: 1
mode: report
undeclared: {response: report}
consent: {cookie: answer, format: tcf, unknown: grant}
categories: {f: {basis: secret words}, a: {consent: required, granted_by: [8, 1], gpc: deny}}
cookies:
  - {name: x-*, category: a, stage: report, renew: false, purpose: secret words}
  - {name: x-y*, category: f, scope: {hosts: ["*.shop.example"]}}
  - {name: answer, category: f}
  - {name: ended, category: f, until: 2001-01-01, owner: o, reason: r}
"""
    found = guard_rules(policy(text), Mode.REPORT, 1e9)
    assert found["entries"] == [
        ["answer", "", "f", True],
        ["x-y*", "*.shop.example", "f", True],
        ["x-*", "", "a", False, False],
    ]
    assert found["consent"] == {
        "cookie": "answer", "format": "tcf", "gates": {"a": {"words": ["1", "8"], "gpc": "deny", "unknown": True}},
    }  # fmt: skip
    assert (found["undeclared"], found["enforce"]) == ("report", False)
    assert not re.search("secret", repr(found))
    assert guard_rules(policy(entries("name: a")), Mode.ENFORCE, 0)["consent"] is None


def test_a_cookie_of_a_script_is_judged_by_name() -> None:
    text = """
version: 1
consent: {cookie: answer}
categories: {f: {basis: needed}, a: {consent: required}}
cookies:
  - {name: answer, category: f}
  - {name: _ga, category: a}
  - {name: trial, category: a, stage: report}
  - {name: there, category: f, scope: {hosts: [other.example]}}
"""
    engine = Engine(policy(text))
    told = {}
    for name in (b"answer", b"_ga", b"trial", b"there", b"x", b""):
        decision = engine.judge_script(name, engine.scope(Exchange()))
        told[name] = decision and ([reason.value for reason in decision.reasons], decision.enforced)
    assert told == {
        b"answer": None, b"_ga": (["no-consent"], True), b"trial": (["no-consent"], False),
        b"there": (["out-of-scope"], True), b"x": (["undeclared"], True), b"": (["undeclared"], True),
    }  # fmt: skip
    lenient = Engine(policy("undeclared: {response: pass}\ncookies: [{name: a}]"))
    assert lenient.judge_script(b"x", lenient.scope(Exchange())) is None
