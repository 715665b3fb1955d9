"""The clients of one worker: their end before their beginning."""

import asyncio

from cookiewarden.serve.listening.connections import Connections


async def test_connections_whose_deadlines_nobody_looked_at_yet_can_stop() -> None:
    connections = Connections(asyncio.get_running_loop(), 1)
    connections.stop()
    assert connections.has_room()
