"""Observations between two takings are bounded, and omitted ones are counted."""

import pytest

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Action, Decision
from cookiewarden.core.report.inventory import Side
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.observe.observations import MAX_LOOKED, Observations, Observed

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
    observations.on_response(slot, b"shop.example", b"/", lines, (PASSED,) * cookies, clock_at(0.0))


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
