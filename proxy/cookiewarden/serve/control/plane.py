"""The control plane: signals, loading of policies, the mode, and operators' requests, for one process or several.

It uses workers, the operators' desk and the admin listener through interfaces. `processes` creates them."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.expiry import ends_around
from cookiewarden.core.policy.loaded import Loaded
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
    """The interface of the processes that serve traffic: this process, or a pool of workers."""

    stopping: asyncio.Event
    """Set when the workers must stop."""
    order_of: Callable[[Role], Order]
    """Returns the newest order of a policy. Set by the control plane."""
    observe: Callable[[Observed], None]
    """Called with the observations made before the policy changes. Set by the control plane."""

    def open(self) -> None:
        """Open the listening sockets. Raises CannotStart."""
        raise NotImplementedError

    async def start(self, revision: Revision) -> bool:
        """Serve with this policy. Return False if a stop was requested meanwhile. Raises CannotStart."""
        raise NotImplementedError

    async def put(self, revision: Revision, role: Role) -> list[object]:
        """Put a policy in force, or try it, in the newest order. Return the pieces of the previous one."""
        raise NotImplementedError

    def turn(self, order: Order, role: Role) -> set[asyncio.Task[None]]:
        """Apply an order to a policy. Return the tasks that are still running."""
        raise NotImplementedError

    async def settle(self) -> str:
        """Wait until every worker follows its last order. Return the late workers as text, or an empty string."""
        raise NotImplementedError

    def reload_certificates(self) -> None:
        """Read the listener's certificate again."""
        raise NotImplementedError

    def replace_all(self) -> None:
        """Replace the workers one at a time."""
        raise NotImplementedError

    def ask_to_stop(self) -> None:
        """Begin to drain; when called again, stop immediately."""
        raise NotImplementedError

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """Return the tasks to run while the workers serve."""
        raise NotImplementedError

    def tell_where(self, admin: Address) -> None:
        """Log the addresses of the listeners."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Stop accepting connections, and finish the requests in flight."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop. May be called repeatedly."""
        raise NotImplementedError


class Desk:
    """The interface for operators' requests, as the control plane uses it."""

    def observed(self, observed: Observed) -> None:
        """Add observations to the inventory."""
        raise NotImplementedError

    def decides(self, policy: Policy, until: float) -> None:
        """Record that this policy is in force, in any mode. `until`: the next end of an entry, in seconds since the
        epoch."""
        raise NotImplementedError

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """Return the tasks to run while the proxy runs."""
        raise NotImplementedError

    async def end(self) -> None:
        """Save the inventory."""
        raise NotImplementedError


class AdminListener:
    """The interface of the admin listener."""

    address: Address

    async def start(self) -> None:
        """Start to answer requests."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop answering requests."""
        raise NotImplementedError


class ControlPlane:
    """The life of a proxy: start, serve, drain, stop."""

    desk: Desk
    open_admin: Callable[[], AdminListener]
    """Opens the admin listener. Raises CannotStart."""
    admin: AdminListener | None = None

    def __init__(self, settings: Settings, files: PolicyFiles, workers: Workers, clock: Clock | None = None) -> None:
        self.settings = settings
        self.workers = workers
        self.status = PolicyStatus()
        keys = partial(keys_for, path=settings.seal_key_file)
        switch = ModeSwitch(settings.mode)
        self.reloader = Reloader(files, switch, self.status, keys, self._put, self._turn, clock=clock)
        self.shadow = shadow_reloader(settings, self.status, files.parser, self._put_shadow, self._turn_shadow, clock)
        self._deciding: set[asyncio.Task[None]] = set()
        workers.order_of = self._order_of
        workers.observe = self._observe

    async def live(self, loaded: Loaded, started: Callable[[], None] | None = None) -> None:
        """Run the proxy until it is stopped. `started` is called when traffic is accepted. Raises CannotStart."""
        self._handle_stop_signals()
        watching: list[asyncio.Task[None]] = []
        try:
            serves = await self.start(loaded)
            del loaded  # otherwise the first policy stays in memory
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
        """Start to serve. Return False if a stop was requested meanwhile. Raises CannotStart."""
        if loaded.policy is None:
            raise CannotStart("the policy has errors")
        self.admin = self.open_admin()
        self.workers.open()
        try:
            revision = self.reloader.revision(loaded)
        except BadKeys as bad:
            raise CannotStart(str(bad)) from None
        if not await self.workers.start(revision):
            return False
        self.reloader.began(revision)
        self._decides(revision)
        if self.shadow is not None:
            await self.shadow.begin()
        await self.admin.start()
        self.workers.tell_where(self.admin.address)
        return True

    def watch(self) -> list[asyncio.Task[None]]:
        """Start the tasks that watch files and clock."""
        reloaders = [self.reloader, *([self.shadow] if self.shadow else [])]
        watches = [
            *(watch for reloader in reloaders for watch in reloader.watches()),
            *self.workers.watches(),
            *self.desk.watches(),
            watchdog(),
        ]
        return [asyncio.create_task(watch) for watch in watches]

    async def stop(self) -> None:
        """Stop all parts."""
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
        """Handle SIGHUP and SIGUSR2 when the proxy serves. An earlier SIGHUP may be ignored: changes are detected."""
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
        self._decides(revision)
        return pieces

    async def _put_shadow(self, revision: Revision) -> list[object]:
        return await self.workers.put(revision, Role.SHADOW)

    def _turn(self) -> None:
        turning = self.workers.turn(self.reloader.order, Role.IN_FORCE)
        revision = self.reloader.in_force
        if revision is None:
            return
        if not turning:
            self._decides(revision)
            return
        deciding = asyncio.create_task(self._decides_after(turning, revision))
        self._deciding.add(deciding)
        deciding.add_done_callback(self._deciding.discard)

    def _decides(self, revision: Revision) -> None:
        self.desk.decides(revision.policy, ends_around(revision.ends, self.reloader.order.now).coming)

    async def _decides_after(self, turning: set[asyncio.Task[None]], revision: Revision) -> None:
        """Report the policy after the workers have delivered their earlier observations."""
        await asyncio.wait(turning)
        if revision.policy is self.reloader.policy:
            self._decides(revision)

    def _turn_shadow(self) -> None:
        if self.shadow is not None:
            self.workers.turn(self.shadow.order, Role.SHADOW)
