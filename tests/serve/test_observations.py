"""The amount of observations between two takings; further ones are only counted."""

import pytest

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Action, Decision
from cookiewarden.core.report.inventory import Side
from cookiewarden.serve.observe.metrics import Slot
from cookiewarden.serve.observe.observations import MAX_LOOKED, MAX_TAILS, Observations

PASSED = Decision(Action.PASS, None, ())


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_attribute_lists_of_one_response_are_looked_at(over: int) -> None:
    count = MAX_TAILS + over
    observations, slot = Observations(), Slot(())
    lines = [(b"\r\nSet-Cookie: ", b"a%d=1; Max-Age=%d" % (n, n + 1)) for n in range(count)]
    observations.on_response(slot, b"a.example", b"/", lines, (PASSED,) * count, clock_at(0.0))
    observed = observations.take()
    assert len(observed.cookies) == MAX_TAILS and observed.left_out == ({Side.SERVER: over} if over else {})


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_cookies_are_looked_at_between_two_takings(over: int) -> None:
    count = MAX_LOOKED + over
    observations, slot = Observations(), Slot(())
    header = b"; ".join(b"a%d=1" % n for n in range(count))
    for _ in range(2):  # the second time after a taking
        observations.on_request(slot, b"a.example", b"/", header, (PASSED,) * count)
        observed = observations.take()
        assert len(observed.cookies) == (0 if over else MAX_LOOKED)
        assert observed.left_out == ({Side.REQUEST: count} if over else {})


@pytest.mark.parametrize("over", [0, 1])
def test_scripts_have_the_same_room(over: int) -> None:
    observations = Observations()
    for number in range(MAX_LOOKED + over):
        observations.on_script(b"a%d" % number, PASSED, b"a.example", b"/")
    observed = observations.take()
    assert len(observed.cookies) == MAX_LOOKED and observed.left_out == ({Side.SCRIPT: over} if over else {})
