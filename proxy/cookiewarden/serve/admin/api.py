"""What operators ask of a running proxy and tell it: its inventory and what follows from it, its policy, its mode."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.expiry import next_expiry
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.report.drift import drift
from cookiewarden.core.report.forecast import forecast
from cookiewarden.core.report.inventory import Inventory
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.wire import (
    DriftDocument,
    ForecastDocument,
    PolicyDocument,
    ReloadDocument,
    ShadowDocument,
    dump,
    entry_document,
    read_inventory,
)
from cookiewarden.keys import throw_away
from cookiewarden.serve.admin.history import History
from cookiewarden.serve.control.plane import Desk
from cookiewarden.serve.control.reload import Reloader
from cookiewarden.serve.control.status import PolicyStatus, line_of
from cookiewarden.serve.observe.inventory import TAKE_SECONDS, LiveInventory
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.offload import beside_traffic, in_short_turns

T = TypeVar("T")

log = logging.getLogger("cookiewarden")

RELOAD_SECONDS = 20.0
"""For a reload that an operator asks for, before the answer says that it is not done: the commands wait for 30 s."""
LAST_SECONDS = 5.0
"""For the inventory to be written at the end."""


class DecidedBy(NamedTuple):
    """Two policies with the same decide alike."""

    sha256: str
    expiry: float
    """When the next of its entries ends, in seconds since the epoch."""


class Enforced(NamedTuple):
    """An engine that enforces the policy in force, whatever its mode."""

    decided_by: DecidedBy
    engine: Engine


@dataclass(slots=True)
class Operation(Desk):
    """The same for one process and for many."""

    reloader: Reloader
    status: PolicyStatus
    history: History
    inventory: LiveInventory | None
    take: Callable[[], Observed]
    """Hands out what was seen since it was last asked, where this process sees anything."""
    settle: Callable[[], Awaitable[str]]
    """Waits until the mode is in force everywhere; says where it is not yet, or nothing."""
    shadow: Reloader | None = None
    """Of the policy that is tried beside it."""
    _enforced: "Enforced | None" = None
    _decided_by: "DecidedBy | None" = None

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on while the proxy runs."""
        watches = [self.history.watch()]
        if self.inventory is not None:
            watches += [self.gather_always(), self.inventory.watch()]
        return watches

    async def gather_always(self) -> None:
        while True:
            await asyncio.sleep(TAKE_SECONDS)
            self.gather()

    def gather(self) -> None:
        """Add to the inventory what was seen."""
        self.observed(self.take())

    def observed(self, observed: Observed) -> None:
        if self.inventory is not None:
            self.inventory.add(observed)

    def decides(self, policy: Policy, now: float) -> None:
        """This policy is in force, in whatever mode. Where it decides otherwise than the one before, or than itself
        before an entry of it ended, what was decided before is no news any more."""
        decided_by = DecidedBy(policy.sha256, next_expiry(policy, now))
        if self._enforced is not None and self._enforced.decided_by.sha256 != policy.sha256:
            self._enforced = None  # or it keeps the policy before until somebody asks again
        if self.inventory is not None and decided_by != self._decided_by:
            self.inventory.new_policy(policy)
        self._decided_by = decided_by

    async def end(self) -> None:
        """The last look, and the last words."""
        if self.inventory is not None:
            self.gather()
            try:
                await asyncio.wait_for(self.inventory.save(), LAST_SECONDS)
            except TimeoutError:  # a file system that hangs keeps nobody from ending
                log.error("the inventory is not saved: its file system does not answer")

    # What is asked

    async def inventory_json(self) -> bytes | None:
        """None where there is no inventory."""
        if self.inventory is None:
            return None
        self.gather()
        return await self.inventory.dumped()

    async def forecast(self) -> bytes | None:
        """What would happen if the policy were enforced now, as JSON."""

        def of(inventory: Inventory, engine: Engine) -> bytes:
            cookies = forecast(inventory, judge_all(inventory, engine, time.time()), is_in_force=True)
            policy = engine.policy
            return dump(ForecastDocument(policy.name, policy.sha256, inventory.since, cookies))

        return await self.computed(of)

    async def drift(self) -> bytes | None:
        """Where the register and what was seen differ, as JSON."""

        def of(inventory: Inventory, engine: Engine) -> bytes:
            findings = drift(inventory, judge_all(inventory, engine, time.time()), engine.policy, time.time())
            policy = engine.policy
            return dump(DriftDocument(policy.name, policy.sha256, inventory.since, findings))

        return await self.computed(of)

    async def computed(self, compute: Callable[[Inventory, Engine], T]) -> T | None:
        """Something from a copy of the inventory and an engine that enforces, beside the traffic. None where there is
        no inventory."""
        data = await self.inventory_json()
        if data is None:
            return None
        engine = await self._enforcing()
        return await in_short_turns(lambda: compute(read_inventory(data), engine))

    async def _enforcing(self) -> Engine:
        policy, (_, expiry) = self._policy(), self.reloader.nothing_ends_between
        known, decided_by = self._enforced, DecidedBy(policy.sha256, expiry)
        if known is not None and known.decided_by == decided_by:
            return known.engine
        now = self.reloader.order.now
        engine = (
            known.engine.in_mode(Mode.ENFORCE, now)
            if known is not None and known.decided_by.sha256 == policy.sha256
            else await beside_traffic(lambda: Engine(policy, Mode.ENFORCE, now, throw_away(policy)))
        )
        self._enforced = Enforced(decided_by, engine)
        return engine

    async def policy_json(self, with_entries: bool = True) -> bytes:
        """What is in force, and how its loading went, as JSON."""
        document = await self.policy(with_entries)
        return await in_short_turns(lambda: dump(document))

    async def policy(self, with_entries: bool = True) -> PolicyDocument:
        """What is in force, and how its loading went. The entries of a large policy take a second."""
        policy, status = self._policy(), self.status
        listed = policy.entries if with_entries else ()
        entries = await in_short_turns(lambda: list(map(entry_document, listed)))
        switch = self.reloader.switch
        return PolicyDocument(
            policy.name,
            policy.sha256,
            switch.of(policy).value,
            switch.why(policy),
            status.switch_end or None,
            status.reload_time,
            status.reload_successful,
            [ReloadDocument(r.at, r.successful, list(map(line_of, r.causes))) for r in status.reloads],
            {
                "response": policy.on_response.value,
                "request": policy.on_request.value,
                "evict": policy.evict.value,
            },
            entries,
            self._shadow(),
        )

    def _shadow(self) -> ShadowDocument | None:
        status = self.status.shadow
        if status is None:
            return None
        causes = status.reloads[-1].causes if status.reloads else ()
        return ShadowDocument(status.policy, status.sha256, status.reload_successful, list(map(line_of, causes)))

    def _policy(self) -> Policy:
        if self.reloader.policy is None:
            raise RuntimeError("asked before a policy was in force")
        return self.reloader.policy

    # What is told

    async def reload(self) -> bool | None:
        """Load the files of every policy now. Return whether they are good; None where that is not known yet."""
        reloaders = [self.reloader, *([self.shadow] if self.shadow else [])]
        _, pending = await asyncio.wait({reloader.ask() for reloader in reloaders}, timeout=RELOAD_SECONDS)
        return None if pending else all(reloader.status.reload_successful for reloader in reloaders)

    async def turn_mode(self, mode: Mode | None, seconds: float) -> str:
        """The emergency switch, for so long; None turns it back. Says where it is not yet in force, or nothing."""
        if mode is not None:
            self.reloader.turn_mode(mode, seconds)
        elif self.reloader.switch.switched is not None:
            self.reloader.turn_mode_back("by an operator")
        return await self.settle()
