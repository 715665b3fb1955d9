"""The life of one worker: start, serve, drain, stop, in this order. A driver moves the bytes."""

import asyncio
import contextlib
import logging
import socket

from cookiewarden.core.policy.problem import counted
from cookiewarden.serve.errors import CannotStart
from cookiewarden.serve.listening.driver import Driver
from cookiewarden.serve.listening.listener import Listener
from cookiewarden.serve.listening.tls import BadTLS, ListenerTLS, listener_tls
from cookiewarden.serve.offload import in_thread
from cookiewarden.serve.settings import Settings

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Seconds between two checks of the certificate files."""
IDLE_DRAIN_SECONDS = 1.0
"""Seconds in which an idle client may send one more request, whose response then has `Connection: close`."""


class Worker:
    """A driver on one listening socket."""

    tls: ListenerTLS | None = None
    listener: Listener

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()
        self.driver: Driver | None = None
        """Set when the worker serves."""
        self._renewing: asyncio.Task[None] | None = None
        """The task that reads the certificate."""

    # Start

    async def start(self, driver: Driver, listening: socket.socket) -> None:
        """Load the certificate and start to accept connections. Raises CannotStart."""
        try:
            self.tls = listener_tls(self.settings)
        except BadTLS as error:
            raise CannotStart(str(error)) from error
        self.driver = driver
        driver.start()
        self.listener = Listener(driver, listening, self.tls.context if self.tls else None)
        await self.listener.open()

    # Serve

    def ask_to_stop(self) -> None:
        """Begin to drain; when called again, stop immediately."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    def reload_certificate(self) -> None:
        """Read the listener's certificate again in the background. Open connections keep the previous one."""
        if self.tls is not None and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renew_certificate())

    async def _renew_certificate(self) -> None:
        """Load the files in a thread, because the disk may hang, and into a new context, which is then complete."""
        if self.tls is None:
            return
        seen = self.tls.stamps
        try:
            seen = await in_thread(self.tls.look)
            self.tls = await in_thread(lambda: ListenerTLS(self.settings))
        except (BadTLS, OSError) as error:
            self.tls.stamps = seen
            log.error("cannot load the new certificate; the previous one stays in use: %s", error)
        else:
            self.listener.tls = self.tls.context
            log.info("certificate loaded: %s", self.settings.tls_cert)

    async def watch_certificate(self) -> None:
        """Reload when the files have changed and are stable: certificate and key are replaced one after the other."""
        before: tuple[object, ...] = ()
        while self.tls is not None:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                seen = await in_thread(self.tls.look)
            except OSError:  # a thread cannot be started
                continue
            if seen == before and seen != self.tls.stamps:
                await self._renew_certificate()
            before = seen

    # Drain

    async def drain(self) -> None:
        """Stop accepting after the drain delay, then wait until all connections have ended, including tunnels."""
        if self.driver is None:
            return
        settings, connections = self.settings, self.driver.connections
        connections.draining = True
        log.info("draining: %s in flight", counted(self.driver.metrics.in_flight, "request"))
        await self._unless_hurried(settings.drain_delay)
        self.listener.close()
        now = connections.loop.time
        deadline = now() + settings.drain_timeout
        idle_until = min(deadline, now() + IDLE_DRAIN_SECONDS)
        while (connections.open or self.listener.arriving) and now() < deadline and not self.hurry.is_set():
            if now() >= idle_until:
                connections.close_idle()
            await self._unless_hurried(0.05)

    async def _unless_hurried(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.hurry.wait(), seconds)

    # Stop

    async def stop(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        if self.driver is None:
            return
        aborted = self.driver.metrics.in_flight
        self.listener.stop()
        self.driver.stop()
        # A connection just accepted becomes a client two loop iterations later, and connection_lost arrives one
        # iteration after close.
        for _ in range(3):
            self.driver.connections.abort_all()
            await asyncio.sleep(0)
        self.driver.connections.stop()
        self.driver.count_connections()
        log.info("stopped: %s aborted", counted(aborted, "request"))
