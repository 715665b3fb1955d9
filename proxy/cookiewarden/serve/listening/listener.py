"""The listening sockets, and the acceptance of connections.

A plain listener is a server of the event loop. With TLS or the PROXY protocol, connections are accepted here, because
the header must be read to its last byte before the handshake begins. Until the handshake ends, a connection counts
towards the limit, and a drain waits for it. This costs 25 µs per connection.
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
"""Maximum number of connections accepted before other events are handled."""
PAUSE_SECONDS = 0.1
"""Seconds until accepting is tried again after the process ran out of descriptors."""
GOODBYE_SECONDS = 2.0
"""Seconds that a TLS client has to confirm the end of the connection. Many never do."""
NO_HEADER = (
    "closing connections from %s without a PROXY protocol header; if nothing there sends one, remove %s from "
    "--proxy-protocol"
)


class Listener:
    """Acceptance of connections from one socket until it is closed."""

    def __init__(self, driver: Driver, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.driver = driver
        self.loop = driver.connections.loop
        self.socket = listening
        self.tls = tls
        self._server: asyncio.Server | None = None
        self._waiting: socket.socket | None = None
        """A duplicate of the socket, to accept the waiting connections after the event loop has closed its own."""
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        loop = self.loop
        if self.tls is not None or self.driver.settings.proxy_protocol:
            loop.add_reader(self.socket, self._accept)
            return
        self._waiting = self.socket.dup()  # now, because no descriptor may be free when it closes
        create = loop.create_unix_server if self.socket.family == socket.AF_UNIX else loop.create_server
        self._server = await create(lambda: self.driver.client(None), sock=self.socket, backlog=BACKLOG)

    def close(self) -> None:
        """Accept the connections in the queue, which closing would reset, then close. May be called repeatedly."""
        waiting = self._closing()
        if waiting is not None:
            with contextlib.suppress(OSError):  # the process has run out of descriptors
                for _ in range(BACKLOG // AT_ONCE + 1):  # bounded, because connections may arrive faster
                    if not self._accept_from(waiting):
                        break
            waiting.close()

    def stop(self) -> None:
        """Close without accepting the connections in the queue."""
        waiting = self._closing()
        if waiting is not None:
            waiting.close()
        for task in self._tasks:
            task.cancel()

    def _closing(self) -> socket.socket | None:
        """Stop accepting and return the socket with the queue, or None if it is already closed."""
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
        """Check for accepted connections that are not clients yet."""
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
        """Accept a batch of connections and return whether more may be waiting."""
        for _ in range(AT_ONCE):
            try:
                connection, name = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return False
            connection.setblocking(False)
            if self.driver.connections.has_room(len(self._tasks)):
                self._begin(connection, name)
            else:  # an answer cannot be sent before the handshake
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
        """Read the PROXY protocol header, if one is expected, and hand the connection to the driver."""
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
        """Count a failed TLS handshake and log it at most once in QUIET_SECONDS."""
        errors = self.driver.metrics.client_errors
        errors.add("tls")
        if self.driver.hints.is_due("handshake"):
            failed = counted(errors["tls"], "time")
            log.warning("TLS handshake with a client failed: %s (%s since the start)", detail, failed)

    async def _header(self, connection: socket.socket) -> bytes:
        header = b""
        while octets := missing(header):
            data = await self.loop.sock_recv(connection, octets)
            if not data:
                raise ConnectionResetError
            header += data
        return header
