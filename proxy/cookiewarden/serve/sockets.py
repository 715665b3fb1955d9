"""Listening sockets, opened by the proxy or passed by systemd."""

import contextlib
import os
import socket
import stat

from cookiewarden.serve.address import Address, UnixSocket
from cookiewarden.serve.errors import CannotStart

BACKLOG = 2048
FIRST_FD = 3


UNIX_MODE = 0o660
"""Permissions of a unix socket: the owner and the group may connect."""


def open_sockets(address: Address | UnixSocket, count: int, flag: str = "--listen") -> list[socket.socket]:
    """Return listening sockets for `count` workers: one shared socket from systemd or in the file system, or one per
    worker for a TCP address. `flag`: the setting with the address.

    With a socket per worker the kernel distributes connections evenly: of 64 connections, two workers got 31 and 33.
    With one shared socket they got 2 and 62. Raises CannotStart.
    """
    handed = _handed_socket()
    if handed is not None:
        return [handed] * count
    try:
        if isinstance(address, UnixSocket):
            return [_listening_at(address.path)] * count
        if count == 1:
            return [listening(address, share=False)]
        # SO_REUSEPORT would let a second cookiewarden take half of the connections. Check that the port is free first.
        first = listening(address, share=False)
        bound = Address(*first.getsockname()[:2])
        first.close()
        return [listening(bound, share=True) for _ in range(count)]
    except OSError as error:
        raise cannot_listen(address, flag, error) from error


def listening(address: Address, share: bool = False) -> socket.socket:
    """Open a listening socket. `share`: allow several sockets on the address (SO_REUSEPORT). Raises OSError."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, where = found[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(where)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _listening_at(path: str) -> socket.socket:
    """Open a listening unix socket, in place of one that a process left behind. Raises OSError."""
    made = socket.socket(socket.AF_UNIX)
    try:
        _remove_left(path)
        made.bind(path)
        os.chmod(path, UNIX_MODE)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _remove_left(path: str) -> None:
    """Remove a socket that an ended process left behind. Raises OSError if a process listens on it."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return  # bind fails, and the file stays
        with socket.socket(socket.AF_UNIX) as asking:
            try:
                asking.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)


def cannot_listen(address: Address | UnixSocket, flag: str, error: OSError) -> CannotStart:
    reason = error.strerror or str(error)
    return CannotStart(f"cannot listen on {address}: {reason.lower()}; choose another address with {flag}")


def _handed_socket() -> socket.socket | None:
    """Return the socket that systemd passed to this process (sd_listen_fds(3)), if any. Raises CannotStart."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS", "")
    if count != "1":
        raise CannotStart(f"LISTEN_FDS passed {count or 'no'} sockets; expected 1, for --listen")
    try:
        handed = socket.socket(fileno=FIRST_FD)
    except OSError as error:
        raise CannotStart(f"the descriptor passed by LISTEN_FDS is not a socket: {error.strerror}") from error
    handed.setblocking(False)
    return handed


def told(listening: socket.socket) -> str:
    """Return the address of a socket for the log."""
    name = listening.getsockname()
    return str(Address(*name[:2])) if isinstance(name, tuple) else f"unix:{name}"
