"""The cost of the most expensive heads within the default limits, in steps and without a clock.

A head costs at most 200 requests of the six-cookie workload."""

import re

import pytest
import uvloop

from cookiewarden.serve.wire.head import without
from tests.bench.heads import BAR, CASES, KEYS, Case, proxy_of, steps, steps_of
from tests.bench.inprocess import Exchanges


async def counted(case: Case) -> int:
    proxy = proxy_of(case, KEYS)
    proxy.exchange(*case.heads(0))  # everything that is made only once exists now
    found = steps(proxy, *case.heads(1))
    proxy.driver.stop()
    return found


async def six_cookies() -> int:
    exchanges = Exchanges("a")
    exchanges.run(2)
    found = steps_of(lambda: exchanges.run(1)) // len(exchanges.messages)
    exchanges.driver.stop()
    return found


@pytest.fixture(scope="module")
def one() -> int:
    found = uvloop.run(six_cookies())
    assert found > 100
    return found


@pytest.mark.row(36)
@pytest.mark.interpreted
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_head_is_below_its_bar(case: Case, one: int) -> None:
    assert uvloop.run(counted(case)) <= BAR * one


@pytest.mark.row(36)
def test_a_request_never_makes_the_engine_compile_a_pattern() -> None:
    re.purge()
    cache = re._cache  # type: ignore[attr-defined]
    before = len(cache)
    fields = b"".join(b"\r\nX-%d: 1" % number for number in range(100))
    named = frozenset(b"x-%d" % number for number in range(4000))
    assert without(fields + b"\r\nX-Last: 1", named) == b"\r\nX-Last: 1"
    assert len(cache) == before
