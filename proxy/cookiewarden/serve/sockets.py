"""Listening sockets: one that systemd hands over, or of our own."""

import os
import socket

from cookiewarden.serve.address import Address
from cookiewarden.serve.errors import CannotStart

BACKLOG = 2048
FIRST_FD = 3


def open_sockets(address: Address, count: int) -> list[socket.socket]:
    """Listening sockets for `count` workers: the one that systemd hands over, shared, or one each for `address`.

    One each because the kernel then spreads connections evenly: of 64, one shared socket gave two workers 2 and 62,
    a socket each 31 and 33. Raises CannotStart.
    """
    handed = _handed_socket()
    if handed is not None:
        return [handed] * count
    try:
        if count == 1:
            return [listening(address, share=False)]
        # Sharing would let a second cookiewarden take half of the connections unseen: first see that nobody is there.
        first = listening(address, share=False)
        bound = Address(*first.getsockname()[:2])
        first.close()
        return [listening(bound, share=True) for _ in range(count)]
    except OSError as error:
        raise cannot_listen(address, "--listen", error) from error


def listening(address: Address, share: bool = False) -> socket.socket:
    """Raises OSError."""
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


def cannot_listen(address: Address, flag: str, error: OSError) -> CannotStart:
    reason = error.strerror or str(error)
    return CannotStart(f"cannot listen on {address}: {reason.lower()}; choose another address with {flag}")


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


def told(listening: socket.socket) -> str:
    """Where a socket listens, for the log."""
    name = listening.getsockname()
    return str(Address(*name[:2])) if isinstance(name, tuple) else f"unix:{name}"
