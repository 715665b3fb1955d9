"""One data plane's life: start, serve, drain, stop. Reads in that order. Who tells it when is in `single` and `child`."""

import asyncio
import contextlib
import logging
import socket

from cookiewarden.core.engine import Engine
from cookiewarden.core.problem import counted
from cookiewarden.serve.beside import beside_traffic, free, in_thread
from cookiewarden.serve.gateway import Gateway
from cookiewarden.serve.guard import Guard
from cookiewarden.serve.listener import CannotStart, Listener
from cookiewarden.serve.metrics import Metrics
from cookiewarden.serve.settings import Settings
from cookiewarden.serve.statement import StatementPages
from cookiewarden.serve.tls import BadTLS, ListenerTLS, listener_tls
from cookiewarden.serve.upstream import Pool

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Between two looks at the files of a certificate."""
IDLE_DRAIN_SECONDS = 1.0
"""What a client has to send its next request, whose answer then says that the connection closes."""


class Worker:
    """The data plane on one listening socket."""

    gateway: Gateway
    shadow: Engine | None = None
    """A policy that is tried, given before the start."""
    tls: ListenerTLS | None
    listener: Listener

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()

    # Start

    async def start(self, engine: Engine, listening: socket.socket) -> None:
        """Raises CannotStart."""
        try:
            self.gateway = Gateway(self.settings, engine, self.metrics)
            self.tls = listener_tls(self.settings)
        except BadTLS as error:
            raise CannotStart(str(error)) from error
        self.gateway.shadow, self.shadow = self.shadow, None
        self.gateway.guard, self.gateway.statement = await guard_of(engine), await statement_of(engine)
        if self.settings.tracing:
            from cookiewarden.serve.tracing import Tracing

            self.gateway.tracing = Tracing()
        self.gateway.start(Pool(self.gateway))
        self.listener = Listener(self.gateway, listening, self.tls.context if self.tls else None)
        await self.listener.open()

    # Serve

    async def replace(self, engine: Engine) -> None:
        """Put another policy in force for the requests to come."""
        pieces, guard, statement = (
            self.gateway.engine.pieces(),
            await guard_of(engine),
            await statement_of(engine),
        )
        self.gateway.engine, self.gateway.guard, self.gateway.statement = engine, guard, statement
        await free(pieces)

    async def replace_shadow(self, engine: Engine) -> None:
        """Try another policy."""
        old, self.gateway.shadow = self.gateway.shadow, engine
        if old is not None:
            await free(old.pieces())

    def ask_to_stop(self) -> None:
        """The first time drains, the second ends at once."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    def reload_certificate(self) -> None:
        """Read the listener's certificate again; connections that are open keep theirs."""
        if self.tls is None:
            return
        try:
            self.tls.reload()
        except BadTLS as error:
            log.error("the old certificate stays in use: %s", error)
        else:
            log.info("certificate loaded: %s", self.settings.tls_cert)

    async def watch_certificate(self) -> None:
        """Reload when the files have changed and are at rest: certificate and key are two, and renewed in turn."""
        before: tuple[object, ...] = ()
        while self.tls is not None:
            await asyncio.sleep(WATCH_SECONDS)
            seen = self.tls.look()
            if seen == before and seen != self.tls.stamps:
                self.reload_certificate()
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
