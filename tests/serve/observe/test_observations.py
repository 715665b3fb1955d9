"""Observations between two takings are bounded, and omitted ones are counted."""

import pytest

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Action, Decision
from cookiewarden.core.report.inventory import Side
from cookiewarden.serve.observe.metrics import Labels, Metrics, Slot
from cookiewarden.serve.observe.observations import MAX_LOOKED, MAX_TAILS, Examined, Observations, Observed

PASSED = Decision(Action.PASS, None, ())


def full() -> Observations:
    """One more has space."""
    observations = Observations()
    for number in range(MAX_LOOKED - 1):
        observations.on_script(b"a%d" % number, PASSED, b"shop.example", b"/")
    return observations


def on_request(observations: Observations, cookies: int) -> None:
    slot = Metrics(Labels(100, False)).cookies("request", (PASSED,) * cookies)
    header = b"; ".join(b"a%d=1" % number for number in range(cookies))
    observations.on_request(slot, b"shop.example", b"/", header, (PASSED,) * cookies)


def on_response(observations: Observations, cookies: int) -> None:
    slot = Metrics(Labels(100, False)).cookies("response", (PASSED,) * cookies)
    lines = [(b"\r\nSet-Cookie: ", b"a%d=1" % number) for number in range(cookies)]
    observations.on_response(slot, b"shop.example", b"/", lines, (PASSED,) * cookies, clock_at(0.0), {})


def on_eviction(observations: Observations, cookies: int) -> None:
    observations.on_eviction({b"e%d" % number: PASSED for number in range(cookies)}, b"shop.example", b"/")


def on_script(observations: Observations, cookies: int) -> None:
    for number in range(cookies):
        observations.on_script(b"s%d" % number, PASSED, b"shop.example", b"/")


@pytest.mark.parametrize(
    ("observes", "side", "left_out", "kept"),
    [
        (on_request, Side.REQUEST, 2, 0),
        (on_response, Side.SERVER, 2, 0),
        (on_eviction, None, 0, 0),  # the proxy's own lines are not news
        (on_script, Side.SCRIPT, 1, 1),
    ],
)
def test_beyond_what_is_looked_at_cookies_are_only_counted(
    observes: object, side: Side | None, left_out: int, kept: int
) -> None:
    observations = full()
    assert callable(observes)
    observes(observations, 2)
    taken = observations.take()
    assert len(taken.cookies) == MAX_LOOKED - 1 + kept
    assert taken.left_out == ({side: left_out} if side else {})


@pytest.mark.parametrize("observes", [on_request, on_response, on_eviction, on_script])
def test_there_is_room_again_after_a_taking(observes: object) -> None:
    observations = full()
    observations.take()
    assert callable(observes) and observations.take() == Observed()
    observes(observations, 2)
    assert len(observations.take().cookies) == 2


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_attribute_lists_of_one_response_are_looked_at(over: int) -> None:
    count = MAX_TAILS + over
    observations, slot = Observations(), Slot(())
    lines = [(b"\r\nSet-Cookie: ", b"a%d=1; Max-Age=%d" % (n, n + 1)) for n in range(count)]
    observations.on_response(slot, b"shop.example", b"/", lines, (PASSED,) * count, clock_at(0.0), {})
    observed = observations.take()
    assert len(observed.cookies) == MAX_TAILS and observed.left_out == ({Side.SERVER: over} if over else {})


def test_the_runs_of_a_response_share_this_room() -> None:
    observations, examined, half = Observations(), Examined(), MAX_TAILS // 2 + 1
    for run in range(2):
        lines = [(b"\r\nSet-Cookie: ", b"a%d=1; Max-Age=%d" % (n, run * 100 + n + 1)) for n in range(half)]
        observations.on_response(Slot(()), b"shop.example", b"/", lines, (PASSED,) * half, clock_at(0.0), examined)
    observed = observations.take()
    assert len(observed.cookies) == MAX_TAILS and observed.left_out == {Side.SERVER: 2}


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_cookies_are_looked_at_between_two_takings(over: int) -> None:
    count = MAX_LOOKED + over
    observations, slot = Observations(), Slot(())
    header = b"; ".join(b"a%d=1" % n for n in range(count))
    for _ in range(2):  # the second time after a taking
        observations.on_request(slot, b"shop.example", b"/", header, (PASSED,) * count)
        observed = observations.take()
        assert len(observed.cookies) == (0 if over else MAX_LOOKED)
        assert observed.left_out == ({Side.REQUEST: count} if over else {})


@pytest.mark.parametrize("over", [0, 1])
def test_scripts_have_the_same_room(over: int) -> None:
    observations = Observations()
    for number in range(MAX_LOOKED + over):
        observations.on_script(b"a%d" % number, PASSED, b"shop.example", b"/")
    observed = observations.take()
    assert len(observed.cookies) == MAX_LOOKED and observed.left_out == ({Side.SCRIPT: over} if over else {})
