"""Ends of a channel without a peer, and of a worker that stopped."""

import asyncio
import socket

import pytest

from cookiewarden.serve.processes.channel import Channel, Stop
from cookiewarden.serve.processes.pool import _how


async def test_a_closed_channel_neither_sends_nor_receives() -> None:
    ours, theirs = socket.socketpair()
    channel = await Channel.over(ours)
    theirs.close()
    assert await channel.receive() is None
    await channel.finish()
    channel.send(Stop())
    assert await channel.receive() is None


@pytest.mark.parametrize(
    ("program", "told"), [("exit 3", "exit code 3"), ("kill -9 $$", "SIGKILL"), ("kill -40 $$", "signal 40")]
)
async def test_the_log_has_the_end_of_a_worker(program: str, told: str) -> None:
    process = await asyncio.create_subprocess_exec("bash", "-c", program)
    await process.wait()
    assert _how(process) == told
