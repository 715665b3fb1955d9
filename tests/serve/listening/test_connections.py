"""The clients of one worker: their end before their beginning."""

import asyncio

from cookiewarden.serve.listening.connections import Connections


async def test_connections_can_stop_before_their_first_tick() -> None:
    connections = Connections(asyncio.get_running_loop(), 1)
    connections.stop()
    assert connections.has_room()
