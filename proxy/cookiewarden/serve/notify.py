"""What a service manager is told: ready, stopping, and that the event loop turns (sd_notify(3); systemd's Type=notify).

A datagram to the socket that the environment names. Without one nothing is said."""

import asyncio
import contextlib
import os
import socket


def notify(state: str) -> None:
    """Tell the service manager, if there is one that listens. A name that begins with @ is an abstract socket."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.setblocking(False)
        end.sendto(state.encode(), path.replace("@", "\0", 1) if path[0] == "@" else path)


async def watchdog() -> None:
    """Say twice in the time that the service manager gives that the event loop turns (sd_watchdog_enabled(3))."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return
    while int(microseconds) > 0:
        notify("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 2e6)
