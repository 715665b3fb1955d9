"""The policy's files, loaded again when they change: build the next one whole beside the traffic, put it in force,
keep the old one on failure."""

import asyncio
import contextlib
import gc
import logging
import math
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from threading import Thread
from typing import TypeVar

from cookiewarden.core.document import Loaded
from cookiewarden.core.expiry import next_expiry
from cookiewarden.core.policy import Mode, Policy
from cookiewarden.core.problem import Severity, counted, render_line
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import BadKeys
from cookiewarden.serve.exposition import PolicyStatus

log = logging.getLogger("cookiewarden")
T = TypeVar("T")

WATCH_SECONDS = 0.5
"""Between two looks at the policy's files; a change is loaded once two looks agree."""
TURN_SECONDS = 0.0002
"""How long a thread that builds may keep the interpreter from the event loop."""


async def beside_traffic(build: Callable[[], T]) -> T:
    """Run in a thread, so that traffic hardly notices.

    A thread that computes keeps the interpreter for 5 ms a turn, and a full garbage collection of a large policy for
    20 to 90: with 10,000 entries the 99th percentile of the event loop's delay was 24 ms, and is 1.5 ms with short
    turns and what was built kept out of collections for good. Reference counts still free it.
    """
    turn = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    gc.disable()
    try:
        return await in_thread(build)
    finally:
        gc.freeze()
        gc.enable()
        sys.setswitchinterval(turn)


async def in_thread(build: Callable[[], T]) -> T:
    """Run in a thread that the end of the process does not wait for, as `asyncio.to_thread`'s does: a large policy takes
    seconds."""
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

    Thread(target=run, daemon=True).start()
    return await built


async def free(pieces: list[object]) -> None:
    """Drop what nobody else holds any more, little by little: 10,000 entries at once keep traffic waiting for 6 ms."""

    def drop() -> None:
        while pieces:
            pieces.pop()

    await beside_traffic(drop)


class Reloader:
    """Watches a policy's files and hands each good state of them to `put`."""

    def __init__(
        self,
        files: PolicyFiles,
        mode: Mode | None,
        status: PolicyStatus,
        put: Callable[[Policy], Awaitable[None]],
        what: str = "policy",
    ) -> None:
        """`what`: how the log names it."""
        self.files = files
        self.mode = mode
        self.status = status
        self.put = put
        self.what = what
        self.policy: Policy | None = None
        """The one in force."""
        self.next_expiry = math.inf
        """When an entry of it ends."""
        self._lock = asyncio.Lock()
        self._asked: set[asyncio.Task[None]] = set()

    def ask(self) -> None:
        """Reload now, whatever the files' state."""
        task = asyncio.create_task(self.reload())
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def reload(self) -> None:
        async with self._lock:
            try:
                policy, error = await beside_traffic(self._read)
                if policy is None:
                    self._failed(error)
                    return
                await self.put(policy)
            except BadKeys as bad:
                self._failed(str(bad))
            except Exception as fault:  # our own fault must not end the watching
                self._failed(f"{type(fault).__name__} while it was read, a bug to report")
            else:
                self.status.successes += 1
                self.began(policy)

    async def expire(self) -> None:
        """An entry has ended: put the policy in force anew, whatever its files say meanwhile."""
        async with self._lock:
            policy, self.next_expiry = self.policy, math.inf
            if policy is None:
                return
            try:
                await self.put(policy)
            except Exception as fault:  # our own fault must not end the watching
                log.error(
                    "an entry has ended and is still in force: %s, a bug to report", type(fault).__name__
                )
                return
            self.next_expiry = next_expiry(policy, time.time())
            log.info("an entry of the policy has ended; its cookie counts as undeclared")

    def _read(self) -> tuple[Policy | None, str]:
        """The policy, or the first of its errors."""
        loaded = self.files.load()
        error = "" if loaded.policy is not None else _first_error(loaded)
        for source in loaded.sources.values():
            source.clear()
        return loaded.policy, error

    def _failed(self, why: str) -> None:
        self.status.reload_successful = False
        self.status.failures += 1
        log.error("reload failed, the old %s stays in force: %s", self.what, why)

    def began(self, policy: Policy) -> None:
        """A policy is in force: say so."""
        self.policy = policy
        self.next_expiry = next_expiry(policy, time.time())
        mode = self.mode or policy.mode
        status = self.status
        status.policy, status.sha256 = policy.name, policy.sha256
        status.enforcing = mode is Mode.ENFORCE
        status.expiries = {entry.name: entry.until for entry in policy.entries if entry.until < math.inf}
        status.reload_successful = True
        status.reload_time = time.time()
        log.info(
            "%s in force: %s (%s, mode %s, sha256 %.12s)",
            self.what, policy.name, counted(len(policy.entries), "entry"), mode.value, policy.sha256,
        )  # fmt: skip
        if mode is not policy.mode and self.what == "policy":
            log.warning(
                "the policy says mode %s; the setting mode, %s, overrides it", policy.mode.value, mode.value
            )

    async def watch(self) -> None:
        """Reload when a file of the policy has changed and is at rest: equal on two looks."""
        before: tuple[object, ...] = ()
        tried: tuple[object, ...] = ()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if time.time() >= self.next_expiry:
                await self.expire()
            seen = await asyncio.to_thread(self.files.look)
            if seen == before and seen not in (self.files.loaded_from(), tried):
                tried = seen
                await self.reload()
            before = seen


def _first_error(loaded: Loaded) -> str:
    errors = [p for p in loaded.problems if p.code.severity is Severity.ERROR]
    first = render_line(errors[0]) if errors else "no policy"
    return f"{first} ({counted(len(errors), 'error')})"
