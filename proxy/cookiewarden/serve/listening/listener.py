"""Where clients arrive: the listening sockets, and each accepted connection made a client of the driver.

A plain listener is the event loop's own. Where a connection has something to say before it is a client's (a TLS
handshake, or the header of a balancer, which must be read to its last byte before a handshake may begin), it is
accepted here: until then it counts as a connection, and a drain waits for it. That costs 25 µs a connection.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from typing import Any

from cookiewarden.core.policy.problem import counted
from cookiewarden.serve.listening.driver import Driver
from cookiewarden.serve.listening.hints import ip_address_of
from cookiewarden.serve.listening.tls import told_of
from cookiewarden.serve.sockets import BACKLOG
from cookiewarden.serve.wire.proxy_protocol import BadProxyHeader, missing, source

log = logging.getLogger("cookiewarden")

AT_ONCE = 64
"""Connections accepted before others get a turn."""
PAUSE_SECONDS = 0.1
"""Without a free descriptor: until accepting is tried again."""
GOODBYE_SECONDS = 2.0
"""For a TLS client to answer that the connection ends; many never do."""
NO_HEADER = (
    "connections from %s begin with no PROXY protocol header and are closed; if no balancer there sends one, take %s"
    " out of --proxy-protocol"
)


class Listener:
    """Accepts connections from one socket until it is closed."""

    def __init__(self, driver: Driver, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.driver = driver
        self.loop = driver.connections.loop
        self.socket = listening
        self.tls = tls
        self._server: asyncio.Server | None = None
        self._waiting: socket.socket | None = None
        """The socket once more: to take what waits when the loop has closed its own."""
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        loop = self.loop
        if self.tls is not None or self.driver.settings.proxy_protocol:
            loop.add_reader(self.socket, self._accept)
            return
        self._waiting = self.socket.dup()  # now, for there may be no descriptor to be had when it closes
        create = loop.create_unix_server if self.socket.family == socket.AF_UNIX else loop.create_server
        self._server = await create(lambda: self.driver.client(None), sock=self.socket, backlog=BACKLOG)

    def close(self) -> None:
        """Take what waits in the accept queue, which closing would reset, then close. Again: no effect."""
        waiting = self._closing()
        if waiting is not None:
            with contextlib.suppress(OSError):  # no descriptor is free: what waits cannot be taken
                for _ in range(BACKLOG // AT_ONCE + 1):  # not for ever, where more come than can be taken
                    if not self._accept_from(waiting):
                        break
            waiting.close()

    def stop(self) -> None:
        """Close at once."""
        waiting = self._closing()
        if waiting is not None:
            waiting.close()
        for task in self._tasks:
            task.cancel()

    def _closing(self) -> socket.socket | None:
        """The socket with what waits, nothing being accepted from it any more; None where it is closed already."""
        if self._closed:
            return None
        self._closed = True
        if self._server is not None:
            self._server.close()
        else:
            self.loop.remove_reader(self.socket)
        return self._waiting or self.socket

    @property
    def arriving(self) -> bool:
        """Whether connections were accepted that are no clients yet."""
        return bool(self._tasks)

    def _accept(self) -> None:
        try:
            self._accept_from(self.socket)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                raise
            self.loop.remove_reader(self.socket)
            self.loop.call_later(PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if not self._closed:
            self.loop.add_reader(self.socket, self._accept)

    def _accept_from(self, listening: socket.socket) -> bool:
        """Accept a few; whether there may be more."""
        for _ in range(AT_ONCE):
            try:
                connection, name = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return False
            connection.setblocking(False)
            if self.driver.connections.has_room(len(self._tasks)):
                self._begin(connection, name)
            else:  # nothing can be said before a handshake
                self.driver.metrics.client_errors.add("overload")
                connection.close()
        return True

    def _begin(self, connection: socket.socket, name: Any) -> None:
        def end(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                connection.close()

        task = self.loop.create_task(self._serve(connection, name))
        self._tasks.add(task)
        task.add_done_callback(end)

    async def _serve(self, connection: socket.socket, name: Any) -> None:
        """Read what a balancer says first, then the connection is like any other."""
        driver = self.driver
        peer: bytes | None = None
        balancers = driver.settings.proxy_protocol
        address = ip_address_of(name[0].encode()) if isinstance(name, tuple) else None
        try:
            if address is not None and any(address in network for network in balancers):
                async with asyncio.timeout(driver.settings.header_timeout):
                    peer = source(await self._header(connection))
            await self.loop.connect_accepted_socket(
                lambda: driver.client(peer),
                connection,
                ssl=self.tls,
                ssl_handshake_timeout=driver.settings.header_timeout if self.tls else None,
                ssl_shutdown_timeout=GOODBYE_SECONDS if self.tls else None,
            )
        except BadProxyHeader:
            driver.metrics.client_errors.add("proxy_protocol")
            driver.hints.give(str(address).encode(), NO_HEADER)
            connection.close()
        except (TimeoutError, ConnectionAbortedError):  # the latter: the loop's word for a handshake that took too long
            driver.metrics.client_errors.add("header_timeout")
            connection.close()
        except ssl.SSLError as error:
            self._handshake_failed(told_of(error))
            connection.close()
        except OSError:  # the client left
            connection.close()

    def _handshake_failed(self, detail: str) -> None:
        """Count a client with which TLS could not be spoken, and log it now and then."""
        errors = self.driver.metrics.client_errors
        errors.add("tls")
        if self.driver.hints.is_due("handshake"):
            failed = counted(errors["tls"], "time")
            log.warning("a TLS handshake with a client failed: %s (%s since the start)", detail, failed)

    async def _header(self, connection: socket.socket) -> bytes:
        header = b""
        while octets := missing(header):
            data = await self.loop.sock_recv(connection, octets)
            if not data:
                raise ConnectionResetError
            header += data
        return header
