"""The inventory of one proxy with all its workers, and the file from which it is restored after a restart."""

import asyncio
import contextlib
import logging
import os
import pickle
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
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
"""Seconds between two checks for changes to save."""
TAKE_SECONDS = 1.0
"""Seconds between two collections of observations from the data plane."""
MAX_FILE = 64 * 1024 * 1024
"""Maximum octets of a file that is read as an inventory."""
YIELD_EVERY = 50
"""Number of records that are written before traffic gets a turn: 2,000 records take 20 ms."""


class LiveInventory:
    """The inventory in memory and its file. It raises no errors. If the file cannot be read or written, it logs the
    error, and traffic continues."""

    def __init__(self, path: str) -> None:
        """Load the inventory. `path`: of its file, or empty."""
        self.path = Path(os.path.realpath(path)) if path else None  # keeps a symbolic link, even a circular one
        if self.path is not None and not os.access(self.path.parent, os.W_OK | os.X_OK):
            log.error("the inventory will not be saved: %s is not a writable folder", self.path.parent)
        loaded = self._load()
        self._is_from_elsewhere = loaded is not None
        """True for an inventory from a file, which may have been edited and may exceed the limits."""
        self.inventory = loaded or Inventory(since=time.time())
        self.inventory.new_policy(time.time())
        self._keeper = Keeper(self.inventory)
        self._changed = False
        self._lock = asyncio.Lock()

    def add(self, observed: Observed) -> None:
        """Add observations."""
        now = time.time()
        for repeated in observed.cookies:
            self._keeper.add(repeated.observation, repeated.count, repeated.crossed, now, repeated.posted)
        for side, count in observed.left_out.items():
            self.inventory.leave_out(side, count)
        self._changed = self._changed or bool(observed.cookies or observed.left_out)

    def new_policy(self, policy: Policy) -> None:
        """Record that another policy is in force."""
        self.inventory.new_policy(time.time())
        if self._is_from_elsewhere:
            matcher = Matcher(policy.entries)
            self.inventory.bound(lambda name: matcher.match(name.encode(), b"", None) != Match(None))
            self._keeper = Keeper(self.inventory)
            self._is_from_elsewhere = False

    async def dumped(self) -> bytes:
        """Return the inventory as JSON, with turns for traffic while it is built."""
        return b"".join(await _with_turns(pieces_of(self.inventory)))

    async def copied(self) -> Callable[[], Inventory]:
        """Return a function that makes a copy of the inventory at this time, for another thread. The function's input
        is built with turns for traffic. Unlike JSON, it does not need pydantic."""
        head = pickle.dumps(replace(self.inventory, records={}))
        pieces = await _with_turns(map(pickle.dumps, list(self.inventory.records.items())))
        return lambda: replace(pickle.loads(head), records=dict(map(pickle.loads, pieces)))  # noqa: S301 (our own)

    async def watch(self) -> None:
        """Save the inventory every SAVE_SECONDS."""
        while self.path is not None:
            await asyncio.sleep(SAVE_SECONDS)
            await self.save()

    async def save(self) -> None:
        """Save the inventory if there is a file and a change."""
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
                    raise OSError(0, "not a regular file")
                data = file.read(MAX_FILE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            # The file may belong to somebody else, so it is not overwritten.
            log.error(
                "cannot read the inventory %s (%s); the inventory will not be saved",
                self.path,
                (error.strerror or "error").lower(),
            )
            self.path = None
            return None
        try:
            if len(data) > MAX_FILE:
                raise NotThis("it is too large for an inventory")
            inventory = read_inventory(data)
        except NotThis as bad:
            self._put_aside(printable(str(bad)), ours=not data.strip(b"\0 \r\n") or data.lstrip().startswith(b"{"))
            return None
        log.info("inventory restored: %d names", len(inventory.records))
        return inventory

    def _put_aside(self, why: str, ours: bool) -> None:
        """Rename an unreadable file of ours, so that a person can inspect it. Leave other files untouched."""
        if self.path is None:
            return
        if not ours:
            log.error(
                "%s is not an inventory file (%s); it is left untouched, and the inventory will not be saved",
                self.path,
                why,
            )
            self.path = None
            return
        aside = self.path.with_name(self.path.name + ".unreadable")
        with contextlib.suppress(OSError):
            self.path.replace(aside)
        log.error("%s is not a valid inventory (%s); starting a new one, the file is now %s", self.path, why, aside)


def _write(path: Path, data: bytes) -> None:
    """Replace the file in one step, so that readers find the old or the new one. Raises OSError."""
    new = path.with_name(path.name + ".new")
    alone = os.O_NONBLOCK | os.O_NOFOLLOW  # an existing file may be a pipe or a symbolic link
    with open(new, "wb", opener=lambda name, flags: os.open(name, flags | alone, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


async def _with_turns(pieces: Iterable[bytes]) -> list[bytes]:
    """Return pieces that are made one by one. Traffic gets a turn after each YIELD_EVERY of them."""
    found = []
    for number, piece in enumerate(pieces):
        found.append(piece)
        if number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return found
