"""The policy's files, loaded again when they change, and the mode in which the policy is in force.

Slow work reads, parses and builds; it waits for a disk, and takes seconds for a large policy. Urgent work switches the
mode, ends the switch, and ends dated entries. Urgent work never waits for slow work, by these rules:

1. `_slow` is held by one reload from its first read to its end. So no reload is put in force over a newer one.
2. Urgent work takes no lock and awaits nothing: it changes `order`, and has `turn` apply it to what is in force.
3. Whatever a reload built is put in force in the order of that moment, and not in that of the moment at which it began.

So a switch during a reload counts at once for the policy in force, and by rule 3 for the one that is being built. A
switch that ends during a reload is gone by the time that the new policy is in force. A read that hangs holds up other
reloads only."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.expiry import expiries_around
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.policy.problem import Severity, counted
from cookiewarden.files import PolicyFiles, is_passing
from cookiewarden.keys import BadKeys
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.status import MAX_CAUSES, Cause, Obstacle, PolicyStatus, Reload, line_of, severity_of
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.offload import beside_traffic, free, in_thread

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Between two looks at the policy's files; a change is loaded once two looks agree."""
RETRY_SECONDS = 10.0
"""After work that was due failed, or a reload for a reason that may pass: descriptors or memory that were not to be
had."""
PATIENCE_SECONDS = 10.0
"""For the file system to answer, before the log says that it does not."""
FIRST_SECONDS = 10.0
"""For a policy that is tried to be loaded at the start, before the proxy serves without it."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One good state of a policy's files, with all that it takes to put it in force, whatever becomes of the files and
    the keys."""

    policy: Policy
    files: Mapping[str, bytes] = field(repr=False)
    """The bytes of each by name."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """For the cookies that it seals."""


class Reloader:
    """Watches a policy's files and the clock. Hands each good state of the files to `put`, and has `turn` apply each
    order."""

    order: Order
    """The newest: how the policy is, or is about to be, in force."""

    def __init__(
        self,
        files: PolicyFiles,
        switch: ModeSwitch,
        status: PolicyStatus,
        keys: Callable[[Policy], tuple[bytes, ...]],
        put: Callable[[Revision], Awaitable[list[object]]],
        turn: Callable[[], None],
        role: Role = Role.IN_FORCE,
        clock: Clock | None = None,
    ) -> None:
        """`keys`: of a policy; raises BadKeys. `put` has a revision in force, in the `order` of the moment at which it
        is ready, and returns the pieces of the one before. `turn` has the policy in force follow `order` at once. Where
        one of them raises, all is as before."""
        self.files = files
        self.switch = switch
        self.status = status
        self.keys = keys
        self.put = put
        self.turn = turn
        self.role = role
        self.clock = clock or Clock()
        self.order = Order(switch.above_policy, self.clock.wall())
        self.in_force: Revision | None = None
        self.nothing_ends_between = -math.inf, math.inf
        """The moments between which no entry of it ends, and none that has ended counts again."""
        self._not_before = -math.inf
        """When urgent work that failed is tried again."""
        self._retry_at = math.inf
        """When a reload that failed is tried again."""
        self._slow = asyncio.Lock()
        self._asked: list[asyncio.Task[None]] = []
        self._is_silent = False
        """The log has said that the file system does not answer."""

    @property
    def policy(self) -> Policy | None:
        """The one in force."""
        return self.in_force.policy if self.in_force is not None else None

    def revision(self, policy: Policy) -> Revision:
        """What the files were last read as. Raises BadKeys."""
        return Revision(policy, self.files.raw, self.keys(policy))

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """The work that goes on while the proxy runs."""
        return [self.watch_clock(), self.watch_files()]

    # Urgent work

    def turn_mode(self, mode: Mode, seconds: float) -> None:
        """The emergency switch: put the policy in force in this mode, for so long. Where that fails, by a fault of our
        own, it raises and all is as before."""
        until = datetime.fromtimestamp(self.clock.wall() + seconds, UTC)
        why = f"an operator switches the mode to {mode.value} until {until:%Y-%m-%d %H:%M:%S} UTC"
        self._turn(self.switch.turned(mode, self.clock.elapsed() + seconds), why)

    def turn_mode_back(self, why: str) -> None:
        """The mode is again what the setting or the policy says. Raises as `turn_mode`."""
        self._turn(self.switch.back(), f"the mode is switched back, {why}")

    def _turn(self, switch: ModeSwitch, why: str) -> None:
        revision = self.in_force
        if revision is None:
            raise RuntimeError("asked before a policy was in force")
        before = self.switch, self.order
        self.switch, self.order = switch, Order(switch.above_policy, self.clock.wall())
        try:
            self.turn()
        except BaseException:
            self.switch, self.order = before
            raise
        log.warning("%s", why)
        self.status.switch_end = 0.0  # the end is another one, however near
        self._set_in_force(revision)

    async def watch_clock(self) -> None:
        """Do what is due. Awaits nothing but the time."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self.do_what_is_due()

    def do_what_is_due(self) -> None:
        """End the switch, end entries, and let entries count again whose end was passed by a clock that was wrong."""
        elapsed = self.clock.elapsed()
        try:
            if elapsed >= max(self.switch.ends, self._not_before):
                self.turn_mode_back("its time has passed")
            now, (passed, to_come) = self.clock.wall(), self.nothing_ends_between
            if not passed <= now < to_come and elapsed >= self._not_before:
                self._turn(self.switch, ENDED if now >= to_come else COUNTS_AGAIN)
        except Exception as fault:  # our own fault must not end the watching
            self._not_before = elapsed + RETRY_SECONDS
            log.error(
                "the %s that is due is not yet in force: %s, a bug to report",
                self.role.value,
                type(fault).__name__,
            )
        self._update_switch_end()
        self._log_whether_the_disk_answers()

    def _update_switch_end(self) -> None:
        """By the wall clock, which may have been set since."""
        switch, status = self.switch, self.status
        left = switch.ends - self.clock.elapsed()
        end = self.clock.wall() + left if switch.switched is not None else 0.0
        if abs(end - status.switch_end) > 1 or not end:
            status.switch_end = end

    def _log_whether_the_disk_answers(self) -> None:
        is_silent = self.files.waits() >= PATIENCE_SECONDS
        if is_silent and not self._is_silent:
            log.error(
                "the file system of the %s does not answer; what is in force stays in force, and a change is loaded "
                "once it does",
                self.role.value,
            )
        elif self._is_silent and not is_silent:
            log.warning("the file system of the %s answers again", self.role.value)
        self._is_silent = is_silent

    # Slow work

    async def watch_files(self) -> None:
        """Reload when a file of the policy has changed and is at rest: equal on two looks. One look at a time: where it
        hangs, there is no other."""
        before: tuple[object, ...] = ()
        tried: tuple[object, ...] = ()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                seen = await in_thread(self.files.look)
            except OSError:  # no thread is to be had
                continue
            is_changed = seen == before and seen not in (self.files.loaded_from(), tried)
            if is_changed or self.clock.elapsed() >= self._retry_at:
                tried = seen
                await self.reload()
            before = seen

    def ask(self) -> asyncio.Task[None]:
        """Reload soon, whatever the files' state. Return the reload that reads whatever was written by now: one may
        wait already."""
        if len(self._asked) >= 2:
            return self._asked[-1]
        task = asyncio.create_task(self.reload())
        self._asked.append(task)
        task.add_done_callback(self._asked.remove)
        return task

    async def begin(self) -> None:
        """Load for the first time; where that takes long, it goes on beside what follows."""
        await asyncio.wait({self.ask()}, timeout=FIRST_SECONDS)

    async def reload(self) -> None:
        async with self._slow:
            began = self.clock.wall()
            causes: Sequence[Cause] = ()
            self._retry_at = math.inf
            try:
                revision, causes = await beside_traffic(self._read)
                if revision is None:
                    self._failed(began, causes, may_pass=self.files.may_pass)
                    return
                self.order = replace(self.order, now=self.clock.wall())
                pieces = await self.put(revision)
            except BadKeys as bad:
                self._failed(began, [Obstacle(str(bad))], may_pass=is_passing(bad.errno))
            except (OSError, MemoryError) as want:
                why = (isinstance(want, OSError) and want.strerror) or "memory is not to be had"
                self._failed(began, [Obstacle(f"it cannot be read now: {why.lower()}")], may_pass=True)
            except Exception as fault:  # our own fault must not end the watching
                message = f"{type(fault).__name__} while it was read, a bug to report"
                self._failed(began, [Obstacle(message)])
            else:
                self.status.successes += 1
                self.status.reloads.append(Reload(began, True, tuple(causes[:MAX_CAUSES])))
                if self.in_force is not None:
                    pieces += self.in_force.policy.entries
                self.began(revision)
                await free(pieces)  # which nothing else holds any more

    def _read(self) -> tuple[Revision | None, Sequence[Cause]]:
        """What the files hold, and its problems, the errors first. Raises BadKeys."""
        loaded = self.files.load()
        for source in loaded.sources.values():
            source.clear()
        problems = sorted(loaded.problems, key=lambda p: p.code.severity is not Severity.ERROR)
        causes = [replace(problem, excerpt="") for problem in problems]  # nothing shows the line of the file
        if loaded.policy is None:
            return None, causes or [Obstacle("no policy")]
        return self.revision(loaded.policy), causes

    def _failed(self, began: float, causes: Sequence[Cause], may_pass: bool = False) -> None:
        """`may_pass`: the reason lies in the system and not in the files, so that the reload is tried again."""
        if may_pass:
            self._retry_at = self.clock.elapsed() + RETRY_SECONDS
        self.status.reload_successful = False
        self.status.failures += 1
        self.status.reloads.append(Reload(began, False, tuple(causes[:MAX_CAUSES])))
        errors = sum(severity_of(cause) is Severity.ERROR for cause in causes)
        more = f" (and {counted(errors - 1, 'error')} more)" if errors > 1 else ""
        stays = "stays in force" if self.role is Role.IN_FORCE else "is still tried"
        again = f"; it is tried again in {RETRY_SECONDS:.0f} s" if may_pass else ""
        log.error("reload failed, the old %s %s: %s%s%s", self.role.value, stays, line_of(causes[0]), more, again)

    def began(self, revision: Revision) -> None:
        """It is in force, in the newest order: say so."""
        self.status.reload_successful = True
        self.status.reload_time = self.clock.wall()
        self._set_in_force(revision)

    def _set_in_force(self, revision: Revision) -> None:
        self.in_force = revision
        policy = revision.policy
        # Of the moment that the engines have: what ends while they are built has not ended in them.
        self.nothing_ends_between = expiries_around(policy, self.order.now)
        mode = self.switch.of(policy)
        status = self.status
        status.policy, status.sha256 = policy.name, policy.sha256
        status.enforcing = mode is Mode.ENFORCE
        self._update_switch_end()
        status.expiries = {entry.name: entry.until for entry in policy.entries if entry.until < math.inf}
        log.info(
            "%s in force: %s (%s, mode %s, sha256 %.12s)",
            self.role.value,
            policy.name,
            counted(len(policy.entries), "entry"),
            mode.value,
            policy.sha256,
        )
        if mode is not policy.mode and self.role is Role.IN_FORCE:
            log.warning(
                "the policy says mode %s, but %s says %s",
                policy.mode.value,
                self.switch.why(policy),
                mode.value,
            )


ENDED = "an entry of the policy has ended; its cookie counts as undeclared"
COUNTS_AGAIN = "the clock was set back; entries of the policy that had ended by it count again"
