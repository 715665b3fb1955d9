"""Work that many may ask for at once, done once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

REST = 1.0
"""How many times longer than the work it rests: however many ask, half of one core's time goes to it at most. With
eight clients that ask for the status page in a loop, the 99th percentile of the traffic's latency was 183 ms, and is
10; 3 where nobody asks (`make bench-sidecar BENCH="--only asked"`). Rests of four times as long make it 9, and who asks
again and again wait 345 ms instead of 135 where 100,000 names have come (`--only page`)."""


class Shared:
    """One piece of work after the other. Who asks for the same before it has begun gets the same answer; who asks while
    it is under way waits for the next, so that no answer is older than its question."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Task[Any]] = {}
        """What has not begun."""
        self._one_at_a_time = asyncio.Lock()
        self._rests_until = 0.0

    async def get(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` returns or raises. The same name is the same work."""
        if name not in self._waiting:
            self._waiting[name] = asyncio.create_task(self._do(name, work))
        answer: T = await asyncio.shield(self._waiting[name])
        return answer

    async def _do(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        async with self._one_at_a_time:
            await asyncio.sleep(self._rests_until - loop.time())
            del self._waiting[name]
            began = loop.time()
            try:
                return await work()
            finally:
                self._rests_until = loop.time() + REST * (loop.time() - began)
