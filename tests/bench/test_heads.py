"""The cost of the most expensive heads within the default limits, in steps and without a clock.

A head costs at most 200 requests of the six-cookie workload."""

import re

import pytest
import uvloop

from cookiewarden.core.engine.memo import OFTEN as cookies_often
from cookiewarden.serve.wire.head import without
from cookiewarden.serve.wire.response_head import OFTEN as often
from tests.bench.heads import BAR, CASES, KEYS, ONE, Case, Proxy, asked, proxy_of, steps, steps_of
from tests.bench.inprocess import Exchanges
from tests.support.policies import policy


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
@pytest.mark.interpreted
def test_the_heads_for_which_the_most_expensive_forms_are_compiled_are_below_the_bar(one: int) -> None:
    field, line = b"X-%d: " + b"a-" * 26 + b"\r\n", b"%d" + b"-" * 41 + b"=1"
    ask = asked(b"Cookie: " + b"; ".join(line % number for number in range(10)))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%b\r\n" % b"".join(field % number for number in range(7))

    async def both() -> int:
        re.purge()
        proxy = Proxy(policy(ONE))
        found = [steps(proxy, ask, answer) for _ in range(2 + max(cookies_often, often))]
        proxy.driver.stop()
        return sum(sorted(found[3:])[-2:])  # of the request and of the response, which an attacker can make coincide

    assert one * 60 < uvloop.run(both()) <= BAR * one


@pytest.mark.row(36)
def test_a_request_never_makes_the_engine_compile_a_pattern() -> None:
    re.purge()
    cache = re._cache  # type: ignore[attr-defined]
    before = len(cache)
    fields = b"".join(b"\r\nX-%d: 1" % number for number in range(100))
    named = frozenset(b"x-%d" % number for number in range(4000))
    assert without(fields + b"\r\nX-Last: 1", named) == b"\r\nX-Last: 1"
    assert len(cache) == before
