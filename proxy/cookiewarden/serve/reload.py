"""The policy's files, loaded again when they change: build the next one whole beside the traffic, put it in force,
keep the old one on failure."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cookiewarden.core.expiry import next_expiry
from cookiewarden.core.policy import Mode, Policy
from cookiewarden.core.problem import Severity, counted, render_line
from cookiewarden.files import PolicyFiles
from cookiewarden.keys import BadKeys
from cookiewarden.serve.beside import beside_traffic
from cookiewarden.serve.exposition import PolicyStatus, Reload
from cookiewarden.serve.mode import ModeSwitch

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Between two looks at the policy's files; a change is loaded once two looks agree."""
RETRY_SECONDS = 10.0
"""After what was due and failed by a fault of our own."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One good state of a policy's files, with all that it takes to put it in force: once more too, whatever became of the files and of
    the keys meanwhile."""

    policy: Policy
    files: Mapping[str, bytes] = field(repr=False)
    """The bytes of each by name."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """For the cookies that it seals."""


class Reloader:
    """Watches a policy's files and hands each good state of them to `put`, and the one in force again where its mode changes."""

    def __init__(
        self,
        files: PolicyFiles,
        switch: ModeSwitch,
        status: PolicyStatus,
        keys: Callable[[Policy], tuple[bytes, ...]],
        put: Callable[[Revision, Mode | None, float], Awaitable[None]],
        what: str = "policy",
    ) -> None:
        """`keys`: of a policy; raises BadKeys. `put` has a revision in force, in a mode that overrides the policy's own or None, as it is
        at a moment: entries whose `until` is before that have ended. Where it raises, all is as before. `what`: how the log names it."""
        self.files = files
        self.switch = switch
        self.status = status
        self.keys = keys
        self.put = put
        self.what = what
        self.in_force: Revision | None = None
        self.next_expiry = math.inf
        """When an entry of it ends."""
        self._not_before = -math.inf
        """When what is due is tried again."""
        self._lock = asyncio.Lock()
        self._asked: set[asyncio.Task[None]] = set()

    @property
    def policy(self) -> Policy | None:
        """The one in force."""
        return self.in_force.policy if self.in_force is not None else None

    def revision(self, policy: Policy) -> Revision:
        """What the files were last read as. Raises BadKeys."""
        return Revision(policy, self.files.raw, self.keys(policy))

    def ask(self) -> None:
        """Reload now, whatever the files' state."""
        task = asyncio.create_task(self.reload())
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def reload(self) -> None:
        async with self._lock:
            began = time.time()
            problems: list[str] = []
            try:
                revision, problems = await beside_traffic(self._read)
                if revision is None:
                    self._failed(began, problems)
                    return
                now = time.time()
                await self.put(revision, self.switch.above_policy, now)
            except BadKeys as bad:
                self._failed(began, [str(bad)])
            except Exception as fault:  # our own fault must not end the watching
                self._failed(began, [f"{type(fault).__name__} while it was read, a bug to report"])
            else:
                self.status.successes += 1
                self.status.reloads.append(Reload(began, True, problems))
                self.began(revision, now)

    async def turn_mode(self, mode: Mode, until: float) -> None:
        """The emergency switch: put the policy in force anew, in this mode, until this moment in seconds since the epoch. Where that
        fails, by a fault of our own, it raises and all is as before."""
        async with self._lock:
            why = f"an operator switches the mode to {mode.value} until {_date(until)}"
            await self._put_again(self.switch.turned(mode, until), why)

    async def turn_mode_back(self, why: str) -> None:
        """The mode is again what the setting or the policy says. Raises as `turn_mode`."""
        async with self._lock:
            await self._put_again(self.switch.back(), f"the mode is switched back, {why}")

    async def expire(self) -> None:
        """An entry has ended: put the policy in force anew, whatever its files say meanwhile. Raises as `turn_mode`."""
        async with self._lock:
            why = "an entry of the policy has ended; its cookie counts as undeclared"
            await self._put_again(self.switch, why)

    async def _put_again(self, switch: ModeSwitch, why: str) -> None:
        revision = self.in_force
        if revision is None:
            raise RuntimeError("asked before a policy was in force")
        now = time.time()
        await self.put(revision, switch.above_policy, now)
        self.switch = switch
        log.warning("%s", why)
        self._say(revision, now)

    def _read(self) -> tuple[Revision | None, list[str]]:
        """What the files hold, and its problems, the errors first. Raises BadKeys."""
        loaded = self.files.load()
        for source in loaded.sources.values():
            source.clear()
        problems = sorted(loaded.problems, key=lambda p: p.code.severity is not Severity.ERROR)
        told = [render_line(problem) for problem in problems]
        if loaded.policy is None:
            return None, told or ["no policy"]
        return self.revision(loaded.policy), told

    def _failed(self, began: float, problems: list[str]) -> None:
        self.status.reload_successful = False
        self.status.failures += 1
        self.status.reloads.append(Reload(began, False, problems))
        errors = sum(f": {Severity.ERROR.value}: " in line for line in problems)
        more = f" (and {counted(errors - 1, 'error')} more)" if errors > 1 else ""
        stays = "stays in force" if self.what == "policy" else "is still tried"
        log.error("reload failed, the old %s %s: %s%s", self.what, stays, problems[0], more)

    def began(self, revision: Revision, now: float) -> None:
        """It is in force, as it was at the moment `now`: say so."""
        self.status.reload_successful = True
        self.status.reload_time = time.time()
        self._say(revision, now)

    def _say(self, revision: Revision, now: float) -> None:
        self.in_force = revision
        policy = revision.policy
        # Of the moment that the engines have: what ends while they are built has not ended in them.
        self.next_expiry = next_expiry(policy, now)
        mode = self.switch.of(policy)
        status = self.status
        status.policy, status.sha256 = policy.name, policy.sha256
        status.enforcing = mode is Mode.ENFORCE
        status.switch_end = self.switch.until if self.switch.switched is not None else 0.0
        status.expiries = {entry.name: entry.until for entry in policy.entries if entry.until < math.inf}
        log.info(
            "%s in force: %s (%s, mode %s, sha256 %.12s)",
            self.what, policy.name, counted(len(policy.entries), "entry"), mode.value, policy.sha256,
        )  # fmt: skip
        if mode is not policy.mode and self.what == "policy":
            log.warning(
                "the policy says mode %s, but %s says %s",
                policy.mode.value, self.switch.why(policy), mode.value,
            )  # fmt: skip

    async def watch(self) -> None:
        """Reload when a file of the policy has changed and is at rest: equal on two looks."""
        before: tuple[object, ...] = ()
        tried: tuple[object, ...] = ()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self._do_what_is_due()
            seen = await asyncio.to_thread(self.files.look)
            if seen == before and seen not in (self.files.loaded_from(), tried):
                tried = seen
                await self.reload()
            before = seen

    async def _do_what_is_due(self) -> None:
        try:
            if self._is_due(self.switch.until):
                await self.turn_mode_back("its time has passed")
            if self._is_due(self.next_expiry):
                await self.expire()
        except Exception as fault:  # our own fault must not end the watching
            self._not_before = time.time() + RETRY_SECONDS
            log.error(
                "the %s that is due is not yet in force: %s, a bug to report", self.what, type(fault).__name__
            )

    def _is_due(self, at: float) -> bool:
        return time.time() >= max(at, self._not_before)


def _date(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
