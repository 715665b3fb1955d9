"""Policies in force: their engines, and the pages that the policy has the proxy serve. For every driver.

An order (a mode, a moment) is in force for traffic at once, because an engine that shares its tables takes
milliseconds. Pages take seconds for a large policy. They follow; a statement that says more than is enforced is
withdrawn until then."""

import asyncio
import logging
from dataclasses import dataclass

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.offload import beside_traffic
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.statement import StatementPages

log = logging.getLogger("cookiewarden")

RETRY_SECONDS = 10.0
"""After pages could not be made, by a fault of our own."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A policy that is ready to be put in force, as it is in one order."""

    engine: Engine
    order: Order
    guard: Guard | None = None
    statement: StatementPages | None = None


async def prepared(engine: Engine, order: Order) -> Prepared:
    """With the pages that it serves; they take longer than all the rest."""
    return Prepared(engine, order, await guard_of(engine), await statement_of(engine))


class InForce:
    """What is in force for the requests to come."""

    def __init__(self, policies: Policies, made: Prepared, shadow_order: Order) -> None:
        """`policies`: has the engine of `made`."""
        self.policies = policies
        self.order = made.order
        """How the policy is in force."""
        self.shadow_order = shadow_order
        """The same of the policy that is tried."""
        self.guard = made.guard
        """Where the policy asks for one."""
        self.statement = made.statement
        """Where the policy serves its own."""
        self._following: asyncio.Task[None] | None = None
        """Makes the pages of the engine in force."""

    def replace(self, made: Prepared) -> list[object]:
        """Put another policy in force for the requests to come, in the order of now. Return the pieces of the one
        before, to be freed little by little."""
        policies = self.policies
        pieces = policies.engine.pieces() if policies.engine is not made.engine else []
        policies.engine, self.guard, self.statement = made.engine, made.guard, made.statement
        policies.metrics.declare(())  # forgets decisions of the policy before, and with them its entries
        if self._following is not None:
            self._following.cancel()
            self._following = None
        if made.order != self.order:
            self.turn(self.order)
        return pieces

    def turn(self, order: Order) -> None:
        """Have the policy in force follow an order: at once for the requests to come, and soon for the pages."""
        before, self.order = self.order, order
        self.policies.engine = engine = self.policies.engine.in_mode(order.mode, order.now)
        may_be_less = (
            engine.mode is not Mode.ENFORCE or order.now < before.now
        )  # an entry in stage report may count again
        if self.statement is not None and may_be_less:
            self.statement = self.statement.withdrawn()
        has_pages = self.guard is not None or self.statement is not None
        if has_pages and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        """Make the pages of the engine in force; begin again where there is another by then."""
        while True:
            engine = self.policies.engine
            try:
                made = await prepared(engine, self.order)
            except Exception as fault:  # our own fault must not end the following
                log.error("the pages do not follow the mode: %s, a bug to report", type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if engine is self.policies.engine:
                self.guard, self.statement = made.guard, made.statement
                return

    def replace_shadow(self, engine: Engine) -> list[object]:
        """Try another policy. Returns as `replace`."""
        policies = self.policies
        pieces = policies.shadow.pieces() if policies.shadow is not None else []
        policies.shadow = engine
        policies.metrics.declare(())
        self.turn_shadow(self.shadow_order)
        return pieces

    def turn_shadow(self, order: Order) -> None:
        """Have the policy that is tried follow an order."""
        self.shadow_order = order
        if self.policies.shadow is not None:
            self.policies.shadow = self.policies.shadow.in_mode(order.mode, order.now)

    def stop(self) -> None:
        """Make no more pages."""
        if self._following is not None:
            self._following.cancel()


async def guard_of(engine: Engine) -> Guard | None:
    """None where the policy asks for none."""
    return await beside_traffic(lambda: Guard(engine)) if engine.policy.inject_guard else None


async def statement_of(engine: Engine) -> StatementPages | None:
    """None where the policy serves none."""
    return await beside_traffic(lambda: StatementPages(engine)) if engine.policy.statement.path else None
