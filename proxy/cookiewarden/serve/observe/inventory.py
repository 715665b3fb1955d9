"""The inventory of one proxy, all workers together: what is added to it, and the file that brings it back after a
restart."""

import asyncio
import contextlib
import logging
import os
import stat
import time
from pathlib import Path

from cookiewarden.core.engine.matcher import Match, Matcher
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import printable
from cookiewarden.core.report.inventory import Inventory, Keeper
from cookiewarden.core.report.wire import NotThis, pieces_of, read_inventory
from cookiewarden.serve.observe.observations import Observed
from cookiewarden.serve.offload import in_thread

log = logging.getLogger("cookiewarden")

SAVE_SECONDS = 10.0
"""Between two looks at whether there is something to write to the file."""
TAKE_SECONDS = 1.0
"""Between two takings of what the data plane saw."""
MAX_FILE = 64 * 1024 * 1024
"""Octets of a snapshot file above which it is none of ours."""
YIELD_EVERY = 50
"""Records after which traffic gets its turn while they are written: 2,000 of them take 20 ms."""


class LiveInventory:
    """Raises nothing: an inventory that cannot be read or written is told in the log, and traffic goes on."""

    def __init__(self, path: str) -> None:
        """`path`: of the snapshot file; empty for none."""
        self.path = Path(os.path.realpath(path)) if path else None  # a link stays one; a circle of them too
        if self.path is not None and not os.access(self.path.parent, os.W_OK | os.X_OK):
            log.error("the inventory will not be saved: %s is no folder that can be written to", self.path.parent)
        loaded = self._load()
        self._is_from_elsewhere = loaded is not None
        """A file may have been edited, and hold more than was ever kept."""
        self.inventory = loaded or Inventory(since=time.time())
        self.inventory.new_policy(time.time())
        self._keeper = Keeper(self.inventory)
        self._changed = False
        self._lock = asyncio.Lock()

    def add(self, observed: Observed) -> None:
        """Take note."""
        now = time.time()
        for repeated in observed.cookies:
            self._keeper.add(repeated.observation, repeated.count, repeated.crossed, now)
        for side, count in observed.left_out.items():
            self.inventory.leave_out(side, count)
        self._changed = self._changed or bool(observed.cookies or observed.left_out)

    def new_policy(self, policy: Policy) -> None:
        """Another policy is in force."""
        self.inventory.new_policy(time.time())
        if self._is_from_elsewhere:
            matcher = Matcher(policy.entries)
            self.inventory.bound(lambda name: matcher.match(name.encode(), b"", None) != Match(None))
            self._keeper = Keeper(self.inventory)
            self._is_from_elsewhere = False

    async def dumped(self) -> bytes:
        """As JSON, with turns for traffic between."""
        pieces = []
        for number, piece in enumerate(pieces_of(self.inventory)):
            pieces.append(piece)
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return b"".join(pieces)

    async def watch(self) -> None:
        """Write the file now and then."""
        while self.path is not None:
            await asyncio.sleep(SAVE_SECONDS)
            await self.save()

    async def save(self) -> None:
        """Write the file, if there is one and something new."""
        async with self._lock:
            if self.path is None or not self._changed:
                return
            self._changed = False
            data, path = await self.dumped(), self.path
            try:
                await in_thread(lambda: _write(path, data))
            except OSError as error:
                self._changed = True
                log.error("cannot save the inventory %s: %s", path, (error.strerror or "error").lower())

    def _load(self) -> Inventory | None:
        if self.path is None:
            return None
        try:
            with open(self.path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise OSError(0, "it is no regular file")
                data = file.read(MAX_FILE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            # What is there is somebody's: it is not written over.
            log.error(
                "the inventory of before is not read, and none is saved: %s: %s",
                self.path,
                (error.strerror or "error").lower(),
            )
            self.path = None
            return None
        try:
            if len(data) > MAX_FILE:
                raise NotThis("it is larger than any inventory")
            inventory = read_inventory(data)
        except NotThis as bad:
            self._put_aside(printable(str(bad)), ours=not data.strip(b"\0 \r\n") or data.lstrip().startswith(b"{"))
            return None
        log.info("inventory of before: %d names", len(inventory.records))
        return inventory

    def _put_aside(self, why: str, ours: bool) -> None:
        """What cannot be read is kept for a person to look at, and no longer in the way."""
        if self.path is None:
            return
        if not ours:
            log.error(
                "the inventory will not be saved: %s is another file than an inventory (%s), and stays as it is",
                self.path,
                why,
            )
            self.path = None
            return
        aside = self.path.with_name(self.path.name + ".unreadable")
        with contextlib.suppress(OSError):
            self.path.replace(aside)
        log.error("the inventory begins anew: %s is none of this version (%s); it is now %s", self.path, why, aside)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a reader finds the old file or the new one. Raises OSError."""
    new = path.with_name(path.name + ".new")
    alone = os.O_NONBLOCK | os.O_NOFOLLOW  # what is there may be a pipe, or lead elsewhere
    with open(new, "wb", opener=lambda name, flags: os.open(name, flags | alone, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
