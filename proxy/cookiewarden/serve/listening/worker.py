"""One data plane's life: start, serve, drain, stop. Reads in that order. Who tells it when is in `single` and `child`.

A policy is in force by its engine, and by its pages: the script guard and the statement. An order (a mode, a moment) is in
force for traffic at once, because an engine that shares its tables takes milliseconds. Pages take seconds for a large
policy. They follow; a statement that says more than is enforced is withdrawn until then.
"""

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass

from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.policy.problem import counted
from cookiewarden.serve.control.mode import Order
from cookiewarden.serve.dataplane.context import Gateway
from cookiewarden.serve.dataplane.origin import Pool
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.listening.listener import Listener
from cookiewarden.serve.listening.tls import BadTLS, ListenerTLS, listener_tls
from cookiewarden.serve.observe.metrics import Metrics
from cookiewarden.serve.offload import beside_traffic, in_thread
from cookiewarden.serve.own_pages.guard import Guard
from cookiewarden.serve.own_pages.statement import StatementPages
from cookiewarden.serve.settings import Settings

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Between two looks at the files of a certificate."""
IDLE_DRAIN_SECONDS = 1.0
"""What a client has to send its next request, whose answer then says that the connection closes."""
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


class Worker:
    """The data plane on one listening socket."""

    gateway: Gateway
    order = Order()
    """How the policy in force is in force, now or from the start on."""
    shadow_order = Order()
    """The same of the policy that is tried."""
    tls: ListenerTLS | None = None
    listener: Listener

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()
        self.has_started = False
        self._following: asyncio.Task[None] | None = None
        """Makes the pages of the engine in force."""
        self._renewing: asyncio.Task[None] | None = None
        """Reads the certificate."""

    # Start

    async def start(self, made: Prepared, shadow: Engine | None, listening: socket.socket) -> None:
        """`shadow`: a policy that is tried. Raises CannotStart."""
        try:
            self.gateway = Gateway(self.settings, made.engine, self.metrics)
            self.tls = listener_tls(self.settings)
        except BadTLS as error:
            raise CannotStart(str(error)) from error
        self.has_started = True
        self.replace(made)
        if shadow is not None:
            self.replace_shadow(shadow)
        if self.settings.tracing:
            from cookiewarden.serve.observe.tracing import Tracing

            self.gateway.tracing = Tracing()
        self.gateway.start(Pool(self.gateway))
        self.listener = Listener(self.gateway, listening, self.tls.context if self.tls else None)
        await self.listener.open()

    # Serve

    def replace(self, made: Prepared) -> list[object]:
        """Put another policy in force for the requests to come, in the order of now. Return the pieces of the one before, to be freed
        little by little."""
        gateway = self.gateway
        pieces = gateway.engine.pieces() if gateway.engine is not made.engine else []
        gateway.engine, gateway.guard, gateway.statement = made.engine, made.guard, made.statement
        self.metrics.declare(())  # forgets decisions of the policy before, and with them its entries
        if self._following is not None:
            self._following.cancel()
            self._following = None
        if made.order != self.order:
            self.turn(self.order)
        return pieces

    def turn(self, order: Order) -> None:
        """Have the policy in force follow an order: at once for the requests to come, and soon for the pages."""
        before, self.order = self.order, order
        if not self.has_started:
            return
        gateway = self.gateway
        gateway.engine = engine = gateway.engine.in_mode(order.mode, order.now)
        may_be_less = (
            engine.mode is not Mode.ENFORCE or order.now < before.now
        )  # an entry in stage report may count again
        if gateway.statement is not None and may_be_less:
            gateway.statement = gateway.statement.withdrawn()
        has_pages = gateway.guard is not None or gateway.statement is not None
        if has_pages and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        """Make the pages of the engine in force; begin again where there is another by then."""
        gateway = self.gateway
        while True:
            engine = gateway.engine
            try:
                made = await prepared(engine, self.order)
            except Exception as fault:  # our own fault must not end the following
                log.error("the pages do not follow the mode: %s, a bug to report", type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if engine is gateway.engine:
                gateway.guard, gateway.statement = made.guard, made.statement
                return

    def replace_shadow(self, engine: Engine) -> list[object]:
        """Try another policy. Returns as `replace`."""
        pieces = self.gateway.shadow.pieces() if self.gateway.shadow is not None else []
        self.gateway.shadow = engine
        self.metrics.declare(())
        self.turn_shadow(self.shadow_order)
        return pieces

    def turn_shadow(self, order: Order) -> None:
        """Have the policy that is tried follow an order."""
        self.shadow_order = order
        if self.has_started and self.gateway.shadow is not None:
            self.gateway.shadow = self.gateway.shadow.in_mode(order.mode, order.now)

    def ask_to_stop(self) -> None:
        """The first time drains, the second ends at once."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    def reload_certificate(self) -> None:
        """Read the listener's certificate again, beside the traffic; connections that are open keep theirs."""
        if self.tls is not None and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renew_certificate())

    async def _renew_certificate(self) -> None:
        """In a thread, and into a context of its own: the disk may hang, and half a pair would end every handshake."""
        if self.tls is None:
            return
        seen = self.tls.stamps
        try:
            seen = await in_thread(self.tls.look)
            self.tls = await in_thread(lambda: ListenerTLS(self.settings))
        except (BadTLS, OSError) as error:
            self.tls.stamps = seen
            log.error("the old certificate stays in use: %s", error)
        else:
            self.listener.tls = self.tls.context
            log.info("certificate loaded: %s", self.settings.tls_cert)

    async def watch_certificate(self) -> None:
        """Reload when the files have changed and are at rest: certificate and key are two, and renewed in turn."""
        before: tuple[object, ...] = ()
        while self.tls is not None:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                seen = await in_thread(self.tls.look)
            except OSError:  # no thread is to be had
                continue
            if seen == before and seen != self.tls.stamps:
                await self._renew_certificate()
            before = seen

    # Drain

    async def drain(self) -> None:
        """No new connections after a while, then the requests in flight are finished."""
        gateway, settings = self.gateway, self.settings
        gateway.draining = True
        log.info("draining: %s in flight", counted(self.metrics.in_flight, "request"))
        await self._unless_hurried(settings.drain_delay)
        self.listener.close()
        deadline = gateway.loop.time() + settings.drain_timeout
        idle_until = min(deadline, gateway.loop.time() + IDLE_DRAIN_SECONDS)
        while (
            (gateway.clients or self.listener.arriving)
            and gateway.loop.time() < deadline
            and not self.hurry.is_set()
        ):
            if gateway.loop.time() >= idle_until:
                for client in list(gateway.idle):
                    client.close()
            await self._unless_hurried(0.05)

    async def _unless_hurried(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.hurry.wait(), seconds)

    # Stop

    async def stop(self) -> None:
        aborted = self.metrics.in_flight
        for task in (self._following, self._renewing):
            if task is not None:
                task.cancel()
        self.listener.stop()
        self.gateway.pool.close()
        # One that was accepted a moment ago is a client two turns of the loop later; closed transports tell their
        # protocols on the next.
        for _ in range(3):
            for client in list(self.gateway.clients):
                client.transport.abort()
            await asyncio.sleep(0)
        self.gateway.stop()
        if self.gateway.tracing is not None:
            await in_thread(self.gateway.tracing.stop)
        self.gateway.count_connections()
        log.info("stopped: %s aborted", counted(aborted, "request"))


async def guard_of(engine: Engine) -> Guard | None:
    """None where the policy asks for none."""
    return await beside_traffic(lambda: Guard(engine)) if engine.policy.inject_guard else None


async def statement_of(engine: Engine) -> StatementPages | None:
    """None where the policy serves none."""
    return await beside_traffic(lambda: StatementPages(engine)) if engine.policy.statement.path else None
