"""Policy files, good and bad. The golden files in tests/data/bad are the messages that users read."""

from pathlib import Path

import pytest

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.policy import Flag, Mode, OnUndeclaredRequest, OnUndeclaredResponse, SetBy
from cookiewarden.core.policy.problem import Code, render_caret
from cookiewarden.files import PolicyFiles
from tests.support.policies import entries, policy

BAD = Path(__file__).parents[2] / "data" / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yaml"))


def messages(name: str) -> str:
    problems = PolicyFiles(str(BAD / f"{name}.yaml")).load().problems
    return "".join(render_caret(problem) + "\n" for problem in problems).replace(f"{BAD}/", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_of_a_bad_policy_has_its_place(name: str) -> None:
    assert messages(name) == (BAD / f"{name}.out").read_text()


def test_the_golden_files_show_every_code_that_a_file_can_cause() -> None:
    told = "".join((BAD / f"{name}.out").read_text() for name in NAMES)
    # other tests have the codes of reading files, of dates and of the compiler
    missing = {code for code in Code if f"[{code.text}]" not in told} - {
        Code.UNREADABLE,
        Code.TOO_LARGE,
        Code.ENTRY_EXPIRED,
        Code.EXPIRES_SOON,
        Code.NOT_STATIC,
    }
    assert missing == set()


def test_absent_keys_have_the_documented_defaults() -> None:
    found = policy("cookies: [{name: a}]")
    assert (found.name, found.mode) == ("p", Mode.ENFORCE)
    assert (found.on_response, found.on_request) == (OnUndeclaredResponse.BLOCK, OnUndeclaredRequest.STRIP)
    (entry,) = found.entries
    rules = entry.rules
    assert (rules.secure, rules.http_only, rules.partitioned, rules.bound) == (
        Flag.KEEP,
        Flag.KEEP,
        Flag.KEEP,
        None,
    )
    assert (entry.set_by, entry.forward, entry.report_only) == (SetBy.SERVER, True, False)


def test_ten_thousand_entries_are_composed_and_matched() -> None:
    many = policy(entries(*(f"name: c{n}, lifetime: 1d, purpose: x" for n in range(10_000))))
    engine = Engine(many)
    after, decision = engine.on_set_cookie(b"c9999=1", engine.scope(Exchange()), clock_at(0.0))
    assert (after, decision.label) == (b"c9999=1", "c9999")


def few(text: str) -> list[str]:
    return [problem.message for problem in load("p.yaml", lambda name: text.encode()).problems]


def test_thousands_of_invalid_values_are_counted_and_not_kept() -> None:
    assert len(few(f"version: 1\npolicy: x\ncookies: [{'1, ' * 1000}]\n")) == 1000
    for text in (
        f"version: 1\npolicy: x\ncookies: [{'1, ' * 1002}]\n",
        f"version: 1\npolicy: x\ncookies: [{''.join(f'{{name: a{n}}}, ' for n in range(1500))} {{name: b, {', '.join(f'k{n}: 1' for n in range(1002))}}}]\n",
        f"version: 1\npolicy: x\n{''.join(f'k{n}: 1{chr(10)}' for n in range(1002))}cookies: []\n",
        f"version: 1\n{''.join(f'k{n}: 1{chr(10)}' for n in range(1001))}cookies: 1\npolicy: x\n",
    ):
        messages = [message for message in few(text) if '"a' not in message and '"b"' not in message]
        assert len(messages) == 1001 and "2 more problems not listed" in messages
