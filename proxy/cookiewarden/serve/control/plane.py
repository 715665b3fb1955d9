"""The control plane: signals, policies that are loaded and put in force, the mode, and what operators ask; for one
process and for many.

It knows the workers, the operator's desk and the admin listener by what they do. `processes` builds them and hands them
in."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.compose import Loaded
from cookiewarden.core.policy.policy import Policy
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import BadKeys, keys_for
from cookiewarden.serve.address import Address
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.reload import Reloader, Revision
from cookiewarden.serve.control.shadow import shadow_reloader
from cookiewarden.serve.control.status import PolicyStatus
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.notify import notify, watchdog
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.settings import Settings

log = logging.getLogger("cookiewarden")


class Workers:
    """What serves traffic: this process, or a pool of processes."""

    stopping: asyncio.Event
    """Set once they are to stop."""
    order_of: Callable[[Role], Order]
    """The newest order of a policy. Set by the control plane."""
    observe: Callable[[Observed], None]
    """Called with what was observed before the policy changes. Set by the control plane."""

    def open(self) -> None:
        """Listen. Raises CannotStart."""
        raise NotImplementedError

    async def start(self, revision: Revision) -> bool:
        """Serve by this policy. Return whether they do; not where they were told to stop meanwhile. Raises
        CannotStart."""
        raise NotImplementedError

    async def put(self, revision: Revision, role: Role) -> list[object]:
        """Have a policy in force or tried, in the order of the moment at which it is ready. Return the pieces of the
        one before."""
        raise NotImplementedError

    def turn(self, order: Order, role: Role) -> set[asyncio.Task[None]]:
        """Have a policy follow an order. Return the work that goes on; nothing where it is done."""
        raise NotImplementedError

    async def settle(self) -> str:
        """Wait until every worker has followed its last order. Return which have not; nothing where all have."""
        raise NotImplementedError

    def reload_certificates(self) -> None:
        """Read the listener's certificate again."""
        raise NotImplementedError

    def replace_all(self) -> None:
        """Replace the workers one after the other."""
        raise NotImplementedError

    def ask_to_stop(self) -> None:
        """The first time drains, the second ends at once."""
        raise NotImplementedError

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """The work that goes on while they serve."""
        raise NotImplementedError

    def tell_where(self, admin: Address) -> None:
        """Log where they listen."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Take no new connections, and finish the requests in flight."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End. Again: no effect."""
        raise NotImplementedError


class Desk:
    """What operators ask and tell, as the control plane serves it."""

    def observed(self, observed: Observed) -> None:
        """Add to the inventory."""
        raise NotImplementedError

    def decides(self, policy: Policy, now: float) -> None:
        """This policy is in force, as of a moment in seconds since the epoch."""
        raise NotImplementedError

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """The work that goes on while the proxy runs."""
        raise NotImplementedError

    async def end(self) -> None:
        """Save what is to be kept."""
        raise NotImplementedError


class AdminListener:
    """Where operators connect."""

    address: Address

    async def start(self) -> None:
        """Answer."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Answer no more."""
        raise NotImplementedError


class ControlPlane:
    """One proxy's life: start, serve, drain, stop."""

    desk: Desk
    open_admin: Callable[[], AdminListener]
    """Listens for operators. Raises CannotStart."""
    admin: AdminListener | None = None

    def __init__(self, settings: Settings, files: PolicyFiles, workers: Workers, clock: Clock | None = None) -> None:
        self.settings = settings
        self.workers = workers
        self.status = PolicyStatus()
        keys = partial(keys_for, path=settings.seal_key_file)
        switch = ModeSwitch(settings.mode)
        self.reloader = Reloader(files, switch, self.status, keys, self._put, self._turn, clock=clock)
        self.shadow = shadow_reloader(settings, self.status, self._put_shadow, self._turn_shadow, clock)
        self._deciding: set[asyncio.Task[None]] = set()
        workers.order_of = self._order_of
        workers.observe = self._observe

    async def live(self, loaded: Loaded, started: Callable[[], None] | None = None) -> None:
        """`started` is called once traffic is accepted. Raises CannotStart."""
        self._handle_stop_signals()
        watching: list[asyncio.Task[None]] = []
        try:
            serves = await self.start(loaded)
            del loaded  # or the first policy lives as long as the process
            if serves:
                self._handle_other_signals()
                watching = self.watch()
                notify("READY=1")
                if started is not None:
                    started()
                await self.workers.stopping.wait()
                notify("STOPPING=1")
                await self.workers.drain()
        finally:
            for task in watching:
                task.cancel()
            await self.stop()

    async def start(self, loaded: Loaded) -> bool:
        """Whether it serves; not where it was told to stop meanwhile. Raises CannotStart."""
        if loaded.policy is None:
            raise CannotStart("the policy has errors")
        self.admin = self.open_admin()
        self.workers.open()
        try:
            revision = self.reloader.revision(loaded.policy)
        except BadKeys as bad:
            raise CannotStart(str(bad)) from None
        if not await self.workers.start(revision):
            return False
        self.reloader.began(revision)
        self.desk.decides(revision.policy, self.reloader.order.now)
        if self.shadow is not None:
            await self.shadow.begin()
        await self.admin.start()
        self.workers.tell_where(self.admin.address)
        return True

    def watch(self) -> list[asyncio.Task[None]]:
        """Look after every file that may change, and after the clock."""
        reloaders = [self.reloader, *([self.shadow] if self.shadow else [])]
        watches = [
            *(watch for reloader in reloaders for watch in reloader.watches()),
            *self.workers.watches(),
            *self.desk.watches(),
            watchdog(),
        ]
        return [asyncio.create_task(watch) for watch in watches]

    async def stop(self) -> None:
        """End everything."""
        await self.workers.stop()
        await self.desk.end()
        if self.admin is not None:
            await self.admin.stop()

    # Signals

    def _handle_stop_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.workers.ask_to_stop)

    def _handle_other_signals(self) -> None:
        """Once it serves. What SIGHUP asks for before that is done by itself: a changed file is seen."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGUSR2, self.workers.replace_all)

    def _reload(self) -> None:
        self.workers.reload_certificates()
        self.reloader.ask()
        if self.shadow is not None:
            self.shadow.ask()

    # Policies

    def _order_of(self, role: Role) -> Order:
        if role is Role.IN_FORCE:
            return self.reloader.order
        return self.shadow.order if self.shadow is not None else Order()

    def _observe(self, observed: Observed) -> None:
        self.desk.observed(observed)

    async def _put(self, revision: Revision) -> list[object]:
        pieces = await self.workers.put(revision, Role.IN_FORCE)
        self.desk.decides(revision.policy, self.reloader.order.now)
        return pieces

    async def _put_shadow(self, revision: Revision) -> list[object]:
        return await self.workers.put(revision, Role.SHADOW)

    def _turn(self) -> None:
        turning = self.workers.turn(self.reloader.order, Role.IN_FORCE)
        policy = self.reloader.policy
        if policy is None:
            return
        if not turning:
            self.desk.decides(policy, self.reloader.order.now)
            return
        deciding = asyncio.create_task(self._decides_after(turning, policy, self.reloader.order.now))
        self._deciding.add(deciding)
        deciding.add_done_callback(self._deciding.discard)

    async def _decides_after(self, turning: set[asyncio.Task[None]], policy: Policy, now: float) -> None:
        """Once workers have said what they observed before they followed."""
        await asyncio.wait(turning)
        if policy is self.reloader.policy:
            self.desk.decides(policy, now)

    def _turn_shadow(self) -> None:
        if self.shadow is not None:
            self.workers.turn(self.shadow.order, Role.SHADOW)
