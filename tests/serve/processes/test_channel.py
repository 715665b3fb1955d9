"""Ends: of a channel whose other end is gone, and of a worker that ended by itself."""

import asyncio
import socket

import pytest

from cookiewarden.serve.processes.channel import Channel, Stop
from cookiewarden.serve.processes.pool import _how


async def test_after_the_end_of_a_channel_nothing_is_sent_and_nothing_received() -> None:
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
async def test_the_log_says_how_a_worker_ended(program: str, told: str) -> None:
    process = await asyncio.create_subprocess_exec("bash", "-c", program)
    await process.wait()
    assert _how(process) == told
