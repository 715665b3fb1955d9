"""Work that would keep the event loop from traffic, done beside it: in a thread that gives way."""

import asyncio
import contextlib
import errno
import gc
import sys
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

MOST_SECONDS = 30.0
"""Without garbage collection: what is built may wait for a disk that does not answer."""

USUAL_TURN = sys.getswitchinterval()
TURN_SECONDS = 0.0002
"""How long a thread that builds may keep the interpreter from the event loop."""


async def beside_traffic(build: Callable[[], T]) -> T:
    """Run in a thread, so that traffic hardly notices.

    A thread that computes keeps the interpreter for 5 ms a turn, and a full garbage collection of a large policy for
    20 to 90: with 10,000 entries the 99th percentile of the event loop's delay was 24 ms, and is 1.5 ms with short
    turns and what was built kept out of collections for good. Reference counts still free it.
    """
    gc.disable()
    collect = asyncio.get_running_loop().call_later(MOST_SECONDS, gc.enable)
    try:
        return await in_short_turns(build)
    finally:
        collect.cancel()
        gc.freeze()
        gc.enable()


async def in_short_turns(build: Callable[[], T]) -> T:
    """The same for what is not kept."""
    sys.setswitchinterval(TURN_SECONDS)
    try:
        return await in_thread(build)
    finally:
        sys.setswitchinterval(USUAL_TURN)  # and not what it was: another may have begun first and ended before


async def in_thread(build: Callable[[], T]) -> T:
    """Run in a thread of its own that the end of the process does not wait for: a large policy takes seconds, and a
    disk may never answer. A thread of `asyncio.to_thread` would keep the process, and one of the few that others share.
    Raises OSError where no thread is to be had."""
    loop = asyncio.get_running_loop()
    built: asyncio.Future[T] = loop.create_future()

    def tell(outcome: Callable[[], None]) -> None:
        if not built.done():
            outcome()

    def run() -> None:
        outcome: Callable[[], None]
        try:
            outcome = partial(built.set_result, build())
        except Exception as error:
            outcome = partial(built.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, outcome)

    try:
        Thread(target=run, daemon=True).start()
    except RuntimeError:
        raise OSError(errno.EAGAIN, "no thread can be started") from None
    return await built


async def free(pieces: list[object]) -> None:
    """Drop what nobody else holds any more, little by little: 10,000 entries at once keep traffic waiting for 6 ms."""

    def drop() -> None:
        while pieces:
            pieces.pop()

    await beside_traffic(drop)
