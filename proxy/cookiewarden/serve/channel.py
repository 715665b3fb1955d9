"""What a supervisor and a worker say to one another, over a pair of sockets that both were born with."""

import asyncio
import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Any

from cookiewarden.serve.settings import Settings

_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class PolicyFilesRead:
    """A policy as its supervisor read and validated it: the bytes of each file by name."""

    path: str
    files: dict[str, bytes]
    labels: dict[str, int]
    """The labels of cookies with their numbers, this policy's among them."""


@dataclass(frozen=True, slots=True)
class Begin:
    """To a worker: the first thing it hears."""

    settings: Settings
    policy: PolicyFilesRead


@dataclass(frozen=True, slots=True)
class Put:
    """To a worker: put this policy in force."""

    policy: PolicyFilesRead


@dataclass(frozen=True, slots=True)
class ReloadCertificate:
    """To a worker."""


@dataclass(frozen=True, slots=True)
class Done:
    """From a worker: what it heard last is done, or why not."""

    failure: str = ""


class Channel:
    """One end. Both ends are our own code, so that pickles are safe to read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        end.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=end))

    async def send(self, message: Any) -> None:
        """Raises OSError where the other end is gone."""
        data = pickle.dumps(message)
        self.writer.write(_LENGTH.pack(len(data)) + data)
        await self.writer.drain()

    async def receive(self) -> Any:
        """The next message; None where the other end is gone."""
        try:
            (length,) = _LENGTH.unpack(await self.reader.readexactly(_LENGTH.size))
            return pickle.loads(await self.reader.readexactly(length))  # noqa: S301 (from our own process)
        except (asyncio.IncompleteReadError, OSError):
            return None

    def close(self) -> None:
        self.writer.close()
