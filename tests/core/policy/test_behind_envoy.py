"""Rules that have no effect behind Envoy."""

from cookiewarden.core.policy.behind_envoy import envoy_problems
from tests.support.policies import loaded


def test_only_the_guard_has_no_effect() -> None:
    for text, count in (("", 0), ("inject_guard: false\n", 0), ("inject_guard: true\n", 1)):
        found = loaded(f"version: 1\npolicy: p\ncookies: [{{name: a}}]\n{text}")
        assert found.policy is not None
        problems = envoy_problems(found.policy, found.sources)
        assert [(p.code.text, p.place.pos.line) for p in problems] == [("no-effect", 4)] * count
