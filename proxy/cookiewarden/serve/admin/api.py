"""Operations of the admin listener: inventory, forecast, drift, policy, reload and mode."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.report.drift import drift
from cookiewarden.core.report.forecast import forecast
from cookiewarden.core.report.hardening import hardening
from cookiewarden.core.report.inventory import Inventory
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.wire import (
    DriftDocument,
    ForecastDocument,
    InstanceDocument,
    PolicyDocument,
    ReloadDocument,
    ShadowDocument,
    dump,
    entry_document,
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
"""Seconds to wait for a reload that an operator requests, before the answer 503. The commands wait for 30 s."""
LAST_SECONDS = 5.0
"""Seconds to write the inventory when the process ends."""


class DecidedBy(NamedTuple):
    """Key of a policy's decisions. Two policies with the same key decide alike."""

    sha256: str
    expiry: float
    """Time of the next expiry of an entry, in seconds since the epoch."""


class Enforced(NamedTuple):
    """An engine that enforces the policy in force, even in report mode."""

    decided_by: DecidedBy
    engine: Engine


@dataclass(slots=True)
class Operation(Desk):
    """State and operations of the proxy, for one process or several."""

    reloader: Reloader
    status: PolicyStatus
    history: History
    inventory: LiveInventory | None
    take: Callable[[], Observed]
    """Returns the observations since the last call, if this process serves."""
    instance: Callable[[], InstanceDocument]
    """Returns the description of this proxy, once it listens."""
    settle: Callable[[], Awaitable[str]]
    """Waits until the mode is in force in all workers. Returns an error if it is not, else an empty string."""
    shadow: Reloader | None = None
    """The reloader of the shadow policy."""
    _enforced: "Enforced | None" = None
    _decided_by: "DecidedBy | None" = None

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """Return the tasks that run as long as the proxy."""
        watches = [self.history.watch()]
        if self.inventory is not None:
            watches += [self.gather_always(), self.inventory.watch()]
        return watches

    async def gather_always(self) -> None:
        while True:
            await asyncio.sleep(TAKE_SECONDS)
            self.gather()

    def gather(self) -> None:
        """Add new observations to the inventory."""
        self.observed(self.take())

    def observed(self, observed: Observed) -> None:
        if self.inventory is not None:
            self.inventory.add(observed)

    def decides(self, policy: Policy, until: float) -> None:
        """Record that a policy is in force, in any mode. If its decisions differ from the previous ones, the decisions
        in the inventory no longer apply. They also differ after an entry has expired."""
        decided_by = DecidedBy(policy.sha256, until)
        if self._enforced is not None and self._enforced.decided_by.sha256 != policy.sha256:
            self._enforced = None  # frees the previous policy
        if self.inventory is not None and decided_by != self._decided_by:
            self.inventory.new_policy(policy)
        self._decided_by = decided_by

    async def end(self) -> None:
        """Take the last observations and save the inventory."""
        if self.inventory is not None:
            self.gather()
            try:
                await asyncio.wait_for(self.inventory.save(), LAST_SECONDS)
            except TimeoutError:  # a file system that hangs must not delay the end
                log.error("cannot save the inventory: its file system does not respond")

    # Reading

    async def inventory_json(self) -> bytes | None:
        """Return the inventory as JSON; None if there is none."""
        if self.inventory is None:
            return None
        self.gather()
        return await self.inventory.dumped()

    async def forecast(self) -> bytes | None:
        """Return the effects that enforcing the policy would have now, as JSON; None without an inventory."""

        def of(inventory: Inventory, engine: Engine) -> bytes:
            cookies = forecast(inventory, judge_all(inventory, engine, time.time()), is_in_force=True)
            policy = engine.policy
            return dump(ForecastDocument(policy.name, policy.sha256, inventory.since, cookies))

        return await self.computed(of)

    async def drift(self) -> bytes | None:
        """Return the differences between register and inventory, as JSON; None without an inventory."""

        def of(inventory: Inventory, engine: Engine) -> bytes:
            policy = engine.policy
            judged = judge_all(inventory, engine, time.time())
            findings = drift(inventory, judged, policy, time.time()) + hardening(inventory, judged, policy)
            return dump(DriftDocument(policy.name, policy.sha256, inventory.since, findings))

        return await self.computed(of)

    async def computed(self, compute: Callable[[Inventory, Engine], T]) -> T | None:
        """Compute a result from a copy of the inventory and an enforcing engine, in a thread. Return None without
        an inventory."""
        if self.inventory is None:
            return None
        self.gather()
        copied = await self.inventory.copied()
        engine = await self._enforcing()
        return await in_short_turns(lambda: compute(copied(), engine))

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
        """Return the policy in force and the results of recent reloads, as JSON."""
        document = await self.policy(with_entries)
        return await in_short_turns(lambda: dump(document))

    async def policy(self, with_entries: bool = True) -> PolicyDocument:
        """Return the policy in force and the results of recent reloads. Large policies take about a second."""
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
            self.instance(),
            self.history.traffic(),
        )

    def _shadow(self) -> ShadowDocument | None:
        status = self.status.shadow
        if status is None:
            return None
        causes = status.reloads[-1].causes if status.reloads else ()
        return ShadowDocument(status.policy, status.sha256, status.reload_successful, list(map(line_of, causes)))

    def _policy(self) -> Policy:
        if self.reloader.policy is None:
            raise RuntimeError("called before a policy is in force")
        return self.reloader.policy

    # Commands

    async def reload(self) -> bool | None:
        """Load the files of every policy now. Return whether all are valid, or None if loading takes too long."""
        reloaders = [self.reloader, *([self.shadow] if self.shadow else [])]
        _, pending = await asyncio.wait({reloader.ask() for reloader in reloaders}, timeout=RELOAD_SECONDS)
        return None if pending else all(reloader.status.reload_successful for reloader in reloaders)

    async def turn_mode(self, mode: Mode | None, seconds: float) -> str:
        """Switch the mode for some seconds, or revert it if `mode` is None. Return an error if it is not in force
        everywhere, else an empty string."""
        if mode is not None:
            self.reloader.turn_mode(mode, seconds)
        elif self.reloader.switch.switched is not None:
            self.reloader.turn_mode_back("by an operator")
        return await self.settle()
