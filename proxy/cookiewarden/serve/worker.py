"""One process's life: bind, start, serve until told to stop, drain, stop. Reads in that order."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvloop
from aiohttp import web

from cookiewarden.core.document import Loaded
from cookiewarden.core.engine import Engine
from cookiewarden.core.problem import counted
from cookiewarden.files import PolicyFiles
from cookiewarden.serve.admin import start_admin
from cookiewarden.serve.downstream import Downstream
from cookiewarden.serve.gateway import Gateway
from cookiewarden.serve.holder import Holder
from cookiewarden.serve.metrics import Metrics
from cookiewarden.serve.settings import Address, Settings
from cookiewarden.serve.tls import BadTLS, ListenerTLS, listener_tls
from cookiewarden.serve.upstream import Pool

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Between two looks at the policy's files; a change is loaded once two looks agree."""
IDLE_DRAIN_SECONDS = 1.0


class CannotStart(Exception):
    """The proxy could not come up: one line for the person who started it."""


def run(settings: Settings, files: PolicyFiles, loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    uvloop.run(Worker(settings, files).live(loaded))


class Worker:
    def __init__(self, settings: Settings, files: PolicyFiles) -> None:
        self.settings = settings
        self.files = files
        self.metrics = Metrics(settings.metrics_max_entries, lambda: self.gateway.connections())
        self.holder = Holder(files.load, settings.mode, self.metrics)
        self.gateway: Gateway
        self.tls: ListenerTLS | None = None
        self.server: asyncio.Server
        self.admin: web.AppRunner
        self.address: Address
        self.admin_address: Address
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()
        self._reloads: set[asyncio.Task[None]] = set()
        self._reload_lock = asyncio.Lock()

    async def live(self, loaded: Loaded, started: Callable[[], None] | None = None) -> None:
        """`started` is called once traffic is accepted."""
        self.handle_signals()
        await self.start(loaded)
        watching = asyncio.create_task(self.watch())
        try:
            if started is not None:
                started()
            await self.stopping.wait()
            await self.drain()
        finally:
            watching.cancel()
            await self.stop()

    # Start

    async def start(self, loaded: Loaded) -> None:
        if loaded.policy is None:
            raise CannotStart("the policy has errors")
        try:
            self.gateway = Gateway(self.settings, self.holder, self.metrics)
            self.tls = listener_tls(self.settings)
        except BadTLS as error:
            raise CannotStart(str(error)) from error
        self.gateway.pool = Pool(self.gateway)
        self.holder.begin(Engine(loaded.policy, self.settings.mode))
        self.server = await self.listen(self.settings.listen)
        try:
            self.admin = await start_admin(self.gateway, self.settings.admin)
        except OSError as error:
            self.server.close()
            raise _cannot_listen(self.settings.admin, "--admin", error) from error
        # What was bound, which for port 0 is not what was asked for.
        self.address = _bound(self.server.sockets[0].getsockname())
        self.admin_address = _bound(self.admin.addresses[0])
        log.info(
            "listening on %s%s for %s, admin on %s",
            self.address, " by TLS" if self.tls else "", self.settings.upstream, self.admin_address,
        )  # fmt: skip

    async def listen(self, address: Address) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        handed = _handed_socket()
        where: dict[str, Any] = {"sock": handed} if handed else {"host": address.host, "port": address.port}
        try:
            return await loop.create_server(
                lambda: Downstream(self.gateway),
                **where,
                backlog=2048,
                ssl=self.tls.context if self.tls else None,
                ssl_handshake_timeout=self.settings.header_timeout if self.tls else None,
            )
        except OSError as error:
            raise _cannot_listen(address, "--listen", error) from error

    def handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self.ask_to_reload)

    # Serve

    def ask_to_stop(self) -> None:
        """The first signal drains, the second ends at once."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    def ask_to_reload(self) -> None:
        task = asyncio.create_task(self.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def reload(self) -> None:
        """Build the new engine beside the traffic, then swap."""
        async with self._reload_lock:
            try:
                self.holder.swap(*await asyncio.to_thread(self.holder.build))
            except Exception as error:  # our own fault must not end the watching
                self.holder.failed(f"{type(error).__name__} while it was read, a bug to report")
            self.reload_certificate()

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

    async def watch(self) -> None:
        """Reload when a file of the policy has changed and is at rest: equal on two looks."""
        before: tuple[object, ...] = ()
        tried: tuple[object, ...] = ()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            seen = await asyncio.to_thread(self.files.look)
            if seen == before and seen not in (self.files.loaded_from(), tried):
                tried = seen
                await self.reload()
            before = seen
            if self.tls is not None and self.tls.look() != self.tls.stamps:
                self.reload_certificate()

    # Drain

    async def drain(self) -> None:
        """Not ready, then no new connections, then the requests in flight are finished."""
        gateway, settings = self.gateway, self.settings
        gateway.draining = True
        log.info("draining: %s in flight", counted(self.metrics.in_flight, "request"))
        await self._unless_hurried(settings.drain_delay)
        self.server.close()
        deadline = gateway.loop.time() + settings.drain_timeout
        idle_until = min(deadline, gateway.loop.time() + IDLE_DRAIN_SECONDS)
        while gateway.clients and gateway.loop.time() < deadline and not self.hurry.is_set():
            if gateway.loop.time() >= idle_until or not self.metrics.in_flight:
                for client in list(gateway.idle):
                    client.close()
            await self._unless_hurried(0.05)

    async def _unless_hurried(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.hurry.wait(), seconds)

    # Stop

    async def stop(self) -> None:
        aborted = self.metrics.in_flight
        self.server.close()
        for client in list(self.gateway.clients):
            client.transport.abort()
        self.gateway.pool.close()
        self.gateway.stop()
        await self.admin.cleanup()
        await asyncio.sleep(0)  # closed transports tell their protocols on the next turn of the loop
        log.info("stopped: %s aborted", counted(aborted, "request"))


FIRST_FD = 3


def _handed_socket() -> socket.socket | None:
    """The listening socket that systemd hands over (sd_listen_fds(3)): meant for this process, and one only."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS", "")
    if count != "1":
        raise CannotStart(f"{count or 'no'} sockets were handed over by LISTEN_FDS; expected 1, for --listen")
    try:
        handed = socket.socket(fileno=FIRST_FD)
    except OSError as error:
        raise CannotStart(f"what was handed over by LISTEN_FDS is no socket: {error.strerror}") from error
    handed.setblocking(False)
    return handed


def _bound(name: tuple[str, int]) -> Address:
    return Address(name[0], name[1])


def _cannot_listen(address: Address, flag: str, error: OSError) -> CannotStart:
    reason = error.strerror or str(error)
    return CannotStart(f"cannot listen on {address}: {reason.lower()}; choose another address with {flag}")
