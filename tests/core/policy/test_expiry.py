"""Dated exceptions: in force until the end of a day, then absent."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.expiry import expiries_around, expiry_problems, next_expiry
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import entries, loaded, policy

LAST = "2026-12-31"
END = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
DAY = 86400
TEXT = entries(
    "name: old, until: 2026-12-31, owner: web, reason: the shop moves, secure: true",
    "name: trial-*, until: 2026-06-30, owner: web, reason: a trial",
    "name: trial-*-x, http_only: true",
    "name: sid",
)


@pytest.mark.parametrize(
    ("now", "name", "reasons", "after"),
    [
        (END - 1, "old", ["secure-added"], "=1; Secure"),
        (END, "old", ["entry-expired"], None),
        (END, "sid", [], "=1"),
        (END, "trial-a", ["entry-expired"], None),
        (END, "trial-a-x", ["http-only-added"], "=1; HttpOnly"),
        (END, "other", ["undeclared"], None),
        (0, "trial-a", [], "=1"),
    ],
)
def test_an_entry_that_has_ended_counts_as_absent(now: float, name: str, reasons: list[str], after: str | None) -> None:
    engine = Engine(policy(TEXT), now=now)
    for _ in range(2):
        (judged,) = engine.on_response([(b"Set-Cookie", f"{name}=1".encode())], Exchange(), now).cookies
        assert [reason.value for reason in judged.decision.reasons] == reasons
        assert judged.after == (None if after is None else f"{name}{after}".encode())
        (judged,) = engine.on_request([(b"Cookie", f"{name}=1".encode())], Exchange(), now).cookies
        assert (judged.after is None) == (after is None)
        assert ("entry-expired" in [reason.value for reason in judged.decision.reasons]) == ("entry-expired" in reasons)


@pytest.mark.parametrize("made_at", [0, END - 1, END])
@pytest.mark.parametrize("mode", [None, Mode.REPORT, Mode.ENFORCE])
@pytest.mark.parametrize("now", [0, END - 1, END])
def test_an_engine_in_another_mode_or_at_another_moment_decides_as_a_new_one(
    made_at: float, mode: Mode | None, now: float
) -> None:
    """Move the clock forward and back: an ended entry applies again after the clock is set back."""
    register = policy(TEXT)
    made = Engine(register, now=made_at)
    lines = [f"{name}=1".encode() for name in ("old", "sid", "trial-a", "trial-a-x", "other")]

    def decided(engine: Engine) -> list[object]:
        response = engine.on_response([(b"Set-Cookie", line) for line in lines], Exchange(), now)
        request = engine.on_request([(b"Cookie", b"; ".join(lines))], Exchange(), now)
        cookies = [*response.cookies, *request.cookies]
        told = [(c.after, c.decision.action, c.decision.reasons, c.decision.enforced) for c in cookies]
        return [engine.mode, response.headers, request.headers, told]

    decided(made)  # its memo is not shared
    assert decided(made.in_mode(mode, now)) == decided(Engine(register, mode, now))


def test_an_ended_entry_is_expired_in_browsers_as_undeclared() -> None:
    text = TEXT.replace("version: 1\n", "version: 1\nundeclared: {evict: host}\n")
    exchange = Exchange(headers=[(b"Accept", b"text/html"), (b"Cookie", b"old=1")])
    for now, expired in ((END - 1, set()), (END, {b"old"})):
        outcome = Engine(policy(text), now=now).on_response([(b"Content-Type", b"text/html")], exchange, now)
        assert {judged.name for judged in outcome.cookies} == expired


def test_the_next_end_is_the_first_to_come() -> None:
    dated = policy(TEXT)
    first = next_expiry(dated, 0)
    assert datetime.fromtimestamp(first, UTC).isoformat() == "2026-07-01T00:00:00+00:00"
    assert next_expiry(dated, first) == END
    assert next_expiry(dated, END) == next_expiry(policy("cookies: [{name: a}]"), 0) == float("inf")


@pytest.mark.parametrize(
    "entry",
    [
        "name: a, seal: {accept_plain_until: 2026-12-31}",
        "name: a, rename_to: {name: __Host-a, accept_plain_until: 2026-12-31}",
    ],
)
def test_the_transition_for_plain_values_and_names_ends(entry: str) -> None:
    assert next_expiry(policy(entries(entry)), 0) == END


@pytest.mark.parametrize(
    ("now", "around"),
    [
        (0, (float("-inf"), END - 184 * DAY)),
        (END - 184 * DAY, (END - 184 * DAY, END)),
        (END - 1, (END - 184 * DAY, END)),
        (END, (END, float("inf"))),
    ],
)
def test_between_the_last_end_and_the_next_one_nothing_changes(now: float, around: tuple[float, float]) -> None:
    assert expiries_around(policy(TEXT), now) == around


def test_check_warns_of_ended_entries_and_of_those_that_end_within_thirty_days() -> None:
    found = loaded(TEXT)
    assert found.policy is not None
    problems = expiry_problems(found.policy, found.sources, END - 10.5 * DAY)
    told = [(problem.code.text, problem.place.pos.line, problem.message.partition(";")[0]) for problem in problems]
    assert told == [
        ("expires-soon", 3, '"old" ends in 10 days'),
        ("entry-expired", 4, '"trial-*" has ended, so its cookie counts as undeclared'),
    ]
    last_day = expiry_problems(found.policy, found.sources, END - 1.5 * DAY)[0]
    assert last_day.message.startswith('"old" ends in 1 day;')
    assert all("until" in problem.excerpt for problem in problems)
    assert expiry_problems(found.policy, {}, END)[0].excerpt == ""
    assert expiry_problems(replace(found.policy, entries=()), {}, END) == []
