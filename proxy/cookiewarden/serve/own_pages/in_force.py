"""The policies in force: their engines, and the pages that the proxy serves for them. For every driver.

An order (a mode and a time) applies to traffic at once, because an engine that shares its tables takes milliseconds.
Pages of a large policy take seconds and follow later. A statement that claims more than is enforced is withdrawn in the
meantime."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.judging.policies import Policies
from cookiewarden.serve.offload import beside_traffic
from cookiewarden.serve.own_pages.gpc import support_of
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.statement import StatementPages

log = logging.getLogger("cookiewarden")

T = TypeVar("T")

SMALL = 200
"""Maximum number of entries for which a request may make the statement: it takes less than 100 ms."""
COMPLETE_SECONDS = 0.5
"""Seconds from the start until the pages are made that `prepared_first` has left out."""
RETRY_SECONDS = 10.0
"""Seconds to the next attempt after a fault of the proxy in making pages."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A policy prepared for one order, ready to be put in force."""

    engine: Engine
    order: Order
    guard: Guard | None = None
    statement: StatementPages | None = None
    named: "Mapping[str, Prepared]" = field(default_factory=dict)
    """Further policies by name."""


async def with_named(main: T, named: Mapping[str, T], prepare: Callable[[T], Awaitable[Prepared]]) -> Prepared:
    """Prepare a policy, and the further ones with names one after the other."""
    made = await prepare(main)
    return replace(made, named={name: await prepare(other) for name, other in named.items()})


async def prepared(engine: Engine, order: Order) -> Prepared:
    """Make the pages of an engine, which takes most of the time."""
    return Prepared(engine, order, await guard_of(engine), await statement_of(engine))


async def prepared_first(engine: Engine, order: Order) -> Prepared:
    """Make an engine ready for the start. A small statement is made by its first request, or by `InForce.complete`."""
    if not engine.policy.statement.path or len(engine.policy.entries) > SMALL:
        return await prepared(engine, order)
    return Prepared(engine, order, await guard_of(engine), StatementPages(engine))


class InForce:
    """The policies, guard and statement for new requests."""

    def __init__(self, policies: Policies, made: Prepared, shadow_order: Order) -> None:
        """Put a prepared policy in force. `policies`: with the engine of `made`."""
        self.policies = policies
        self.order = made.order
        """The order of the policy in force."""
        self.shadow_order = shadow_order
        """The order of the shadow policy."""
        self.guard = made.guard
        """The guard, if the policy has one."""
        self.statement = made.statement
        """The pages of the statement, if the policy serves them."""
        self.gpc = support_of(policies.engine)
        """The resource of Global Privacy Control, if the policy respects the signal."""
        self._following: asyncio.Task[None] | None = None
        """The task that makes the pages of the engine in force."""

    def replace(self, made: Prepared) -> list[object]:
        """Put another policy in force for new requests, in the current order. Return the pieces of the previous one,
        to be freed in small steps."""
        policies = self.policies
        pieces = policies.engine.pieces() if policies.engine is not made.engine else []
        policies.engine, self.guard, self.statement = made.engine, made.guard, made.statement
        self.gpc = support_of(made.engine)
        policies.metrics.declare(())  # drops cached decisions, which hold entries of the previous policy
        if self._following is not None:
            self._following.cancel()
            self._following = None
        if made.order != self.order:
            self.turn(self.order)
        return pieces

    def turn(self, order: Order) -> None:
        """Apply an order to the policy in force: at once to new requests, and later to its pages."""
        before, self.order = self.order, order
        self.policies.engine = engine = self.policies.engine.in_mode(order.mode, order.now)
        self.gpc = support_of(engine)
        may_be_less = (
            engine.mode is not Mode.ENFORCE or order.now < before.now
        )  # an entry in stage report may count again
        if self.statement is not None and may_be_less:
            self.statement = self.statement.withdrawn()
        has_pages = self.guard is not None or self.statement is not None
        if has_pages and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow())

    def complete(self) -> None:
        """Make the pages that `prepared_first` has left out, as soon as the proxy has started."""
        if self.statement is not None and not self.statement.is_made and self._following is None:
            self._following = asyncio.create_task(self._follow(COMPLETE_SECONDS))

    async def _follow(self, after: float = 0.0) -> None:
        """Make the pages of the engine in force. Repeat if the engine has changed meanwhile. `after`: seconds."""
        if after > 0:
            await asyncio.sleep(after)
        while True:
            engine = self.policies.engine
            try:
                made = await prepared(engine, self.order)
            except Exception as fault:  # a fault of the proxy must not end the task
                log.error("cannot update the served pages: %s; this is a bug, please report it", type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if engine is self.policies.engine:
                self.guard, self.statement = made.guard, made.statement
                return

    def replace_shadow(self, engine: Engine) -> list[object]:
        """Try another policy as the shadow policy. Return the pieces of the previous one."""
        policies = self.policies
        pieces = policies.shadow.pieces() if policies.shadow is not None else []
        policies.shadow = engine
        policies.metrics.declare(())
        self.turn_shadow(self.shadow_order)
        return pieces

    def turn_shadow(self, order: Order) -> None:
        """Apply an order to the shadow policy."""
        self.shadow_order = order
        if self.policies.shadow is not None:
            self.policies.shadow = self.policies.shadow.in_mode(order.mode, order.now)

    def stop(self) -> None:
        """Stop making pages."""
        if self._following is not None:
            self._following.cancel()


async def guard_of(engine: Engine) -> Guard | None:
    """Return the guard of an engine, or None if its policy has none."""
    return await beside_traffic(lambda: Guard(engine)) if engine.policy.inject_guard else None


async def statement_of(engine: Engine) -> StatementPages | None:
    """Return the statement's pages of an engine, or None if its policy does not serve them."""
    if not engine.policy.statement.path:
        return None
    pages = StatementPages(engine)
    await beside_traffic(pages.make)
    return pages
