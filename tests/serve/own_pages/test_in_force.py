"""The pages of the first policy: small ones are made after the start, and a request before that gets them too."""

import asyncio
import sys
import time

import pytest

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.observe.metrics import Labels, Metrics
from cookiewarden.serve.own_pages import in_force
from cookiewarden.serve.own_pages.in_force import SMALL, InForce, Prepared, prepared_first
from cookiewarden.serve.wire.head import Limits
from cookiewarden.serve.wire.request_head import read_request
from tests.support.client import get_once
from tests.support.policies import policy
from tests.support.process import ended

STATEMENT = "statement: {path: /cookies, publisher: x}\n"
REQUEST = read_request(get_once(path=b"/cookies"), Limits(32768, 16384, 128))


def text(top: str = STATEMENT, entries: int = 1) -> str:
    lines = "".join(f"  - {{name: n{number}, purpose: x, lifetime: 1h}}\n" for number in range(entries))
    return f"version: 1\n{top}cookies:\n{lines}"


async def first(written: str) -> Prepared:
    return await prepared_first(Engine(policy(written), Mode.ENFORCE, time.time()), Order(Mode.ENFORCE, time.time()))


def started(made: Prepared) -> InForce:
    return InForce(Policies(made.engine, Metrics(Labels(10)), None), made, Order())


@pytest.mark.parametrize(
    ("written", "is_made"),
    [(text(""), None), (text(), False), (text(entries=SMALL), False), (text(entries=SMALL + 1), True)],
)
async def test_only_small_statements_are_made_after_the_start(written: str, is_made: bool | None) -> None:
    statement = (await first(written)).statement
    assert (statement.is_made if statement is not None else None) == is_made


async def test_a_request_before_the_pages_are_made_gets_its_page() -> None:
    statement = (await first(text())).statement
    assert statement is not None
    status, _, body = statement.answer(REQUEST)
    assert (status, b"This list is enforced" in body, statement.is_made) == (200, True, True)


async def test_pages_are_made_soon_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_force, "COMPLETE_SECONDS", 0.01)
    policies = started(await first(text()))
    policies.complete()
    assert policies.statement is not None and not policies.statement.is_made
    assert policies._following is not None
    await asyncio.wait_for(policies._following, 10)
    assert policies.statement.is_made


@pytest.mark.parametrize("written", [text(""), text(entries=SMALL + 1)])
async def test_a_policy_with_all_its_pages_needs_no_more(written: str) -> None:
    policies = started(await first(written))
    policies.complete()
    assert policies._following is None


async def test_pages_that_are_not_made_yet_claim_no_more_than_is_enforced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_force, "COMPLETE_SECONDS", 0.01)
    policies = started(await first(text()))
    policies.complete()
    policies.turn(Order(Mode.REPORT, time.time()))
    assert policies.statement is not None and policies.statement.answer(REQUEST)[0] == 503
    assert policies._following is not None
    await asyncio.wait_for(policies._following, 10)
    status, _, body = policies.statement.answer(REQUEST)
    assert (status, b"This list is enforced" in body) == (200, False)
    policies.stop()


def test_the_templates_are_not_imported_for_a_start() -> None:
    code = "import sys, cookiewarden.serve.processes.in_process as _; print('jinja2' in sys.modules, 'cookiewarden.pages.words' in sys.modules)"
    assert ended(sys.executable, "-c", code).stdout == "False False\n"
