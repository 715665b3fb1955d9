"""Notifications to a service manager: ready, stopping, watchdog (sd_notify(3), Type=notify in systemd).

Each is a datagram to the socket that the environment names. Without that socket, notifications are disabled."""

import asyncio
import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send a state to the service manager, if it listens. A socket name that begins with @ is abstract."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.setblocking(False)
        end.sendto(state.encode(), path.replace("@", "\0", 1) if path[0] == "@" else path)


async def watchdog() -> None:
    """Notify the service manager twice per watchdog period that the event loop runs (sd_watchdog_enabled(3))."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()) or not microseconds.isdecimal():
        return
    while int(microseconds) > 0:
        notify("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 2e6)
