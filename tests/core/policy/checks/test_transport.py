"""Cookies that are sealed or renamed."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["name: a, seal: true"], []),
        (["name: a, seal: true, set_by: script"], ["a script could not read a sealed cookie, and set_by is script"]),
        (["name: a, seal: false, set_by: script"], []),
        (["name: a, rename_to: __Host-a"], []),
        (["name: a-*, rename_to: __Host-a"], ["a glob cannot be renamed"]),
        (
            ["name: a, rename_to: __Host-a, set_by: both"],
            ["a script could not find a renamed cookie, and set_by is both"],
        ),
        (["name: a, rename_to: __Host-b", "name: __Host-*"], ['"__Host-b" is already the name of another cookie']),
        (["name: a, rename_to: __Host-a", "name: b, rename_to: __Host-a"], ["at p.yaml:3:6"]),
    ],
)
def test_a_renamed_or_sealed_cookie_is_checked_wherever_it_is_used(lines: list[str], told: list[str]) -> None:
    here = (Code.SEAL_SCRIPT, Code.RENAME_IMPOSSIBLE)
    found = [p.message for p in loaded(entries(*lines)).problems if p.code in here]
    assert len(found) == len(told) and all(part in message for part, message in zip(told, found, strict=True))
