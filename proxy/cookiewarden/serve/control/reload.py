"""Reloads of a policy's files, and the mode in which the policy is in force.

Slow work reads, parses and builds. It waits for a disk, and takes seconds for a large policy. Urgent work switches the
mode, ends the switch, and expires dated entries. Urgent work never waits for slow work, by these rules:

1. A reload holds `_slow` from its first read to its end, so an older reload cannot replace a newer one.
2. Urgent work neither takes a lock nor awaits. It changes `order`, and calls `turn` to apply it to the policy in force.
3. A reload puts its result in force in the order of that moment, not of the moment at which it began.

A switch during a reload therefore applies at once to the policy in force, and by rule 3 to the policy that is being
built. A switch that ends during a reload does not apply to the new policy. A read that hangs delays only other
reloads."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.expiry import ends_around, ends_of
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.policy.problem import Severity, counted
from cookiewarden.files import PolicyFiles, SeveralPolicyFiles, is_passing
from cookiewarden.keys import BadKeys
from cookiewarden.parsing import ParserFailed
from cookiewarden.serve.control.clock import Clock
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.status import MAX_CAUSES, Cause, Obstacle, PolicyStatus, Reload, line_of, severity_of
from cookiewarden.serve.observe.role import Role
from cookiewarden.serve.offload import beside_traffic, free, in_thread

log = logging.getLogger("cookiewarden")

WATCH_SECONDS = 0.5
"""Seconds between two checks of the policy's files. A change is loaded when two checks agree."""
RETRY_SECONDS = 10.0
"""Seconds to the next attempt of urgent work, or of a reload that failed for a temporary reason (lack of memory)."""
PATIENCE_SECONDS = 10.0
"""Seconds to wait for the file system before a warning is logged."""
FIRST_SECONDS = 10.0
"""Seconds to load the shadow policy at the start before the proxy serves without it."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A valid policy with everything needed to put it in force, independent of later changes of files and keys."""

    policy: Policy
    files: Mapping[str, bytes] = field(repr=False)
    """The content of each file, by name."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys for the cookies that the policies seal."""
    named: Mapping[str, "Revision"] = field(default_factory=dict)
    """Further policies by name."""
    ends: Sequence[float] = field(init=False)
    """The times at which an entry changes, of all policies in order."""
    dated: Mapping[str, float] = field(init=False)
    """The ends of entries that end, by name."""

    def __post_init__(self) -> None:
        # A revision is made beside traffic, so loops over all entries belong here.
        entries = [entry for policy in self.policies for entry in policy.entries if entry.until < math.inf]
        object.__setattr__(self, "ends", sorted({end for policy in self.policies for end in ends_of(policy)}))
        object.__setattr__(self, "dated", {entry.name: entry.until for entry in entries})

    @property
    def policies(self) -> list[Policy]:
        """All policies."""
        return [self.policy, *(revision.policy for revision in self.named.values())]


class Reloader:
    """Watches a policy's files and the clock. It passes each valid state of the files to `put`, and calls `turn` for
    each new order."""

    order: Order
    """The newest order, in which the policy is in force or is about to be."""

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
        """Create a reloader.

        `keys` returns the keys of a policy and raises BadKeys. `put` puts a revision in force, in the `order` at that
        moment, and returns the pieces of the previous one. `turn` applies `order` to the policy in force. If `put` or
        `turn` raises, the state is unchanged."""
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
        """The period between two moments at which the state of an entry changes: expired before, expires after."""
        self._not_before = -math.inf
        """Time of the next attempt of urgent work that failed."""
        self._retry_at = math.inf
        """Time of the next attempt of a reload that failed."""
        self._slow = asyncio.Lock()
        self._asked: list[asyncio.Task[None]] = []
        self._is_silent = False
        """True if the log has reported that the file system does not respond."""

    @property
    def policy(self) -> Policy | None:
        """The policy in force."""
        return self.in_force.policy if self.in_force is not None else None

    def revision(self, loaded: Loaded) -> Revision:
        """Return the revision of files that were just loaded without errors. Raises BadKeys."""
        keys = next(filter(None, map(self.keys, loaded.policies)), ())
        files = self.files.named if isinstance(self.files, SeveralPolicyFiles) else {}
        named = {name: Revision(policy, files[name].raw, keys) for name, policy in loaded.named.items()}
        return Revision(loaded.policies[0], self.files.raw, keys, named)

    def watches(self) -> list[Coroutine[Any, Any, None]]:
        """Return the tasks to run while the proxy runs."""
        return [self.watch_clock(), self.watch_files()]

    # Urgent work

    def turn_mode(self, mode: Mode, seconds: float) -> None:
        """Switch the mode of the policy in force for some seconds. If a fault of the proxy prevents this, raise it and
        leave the state unchanged."""
        until = datetime.fromtimestamp(self.clock.wall() + seconds, UTC)
        why = f"an operator switched the mode to {mode.value} until {until:%Y-%m-%d %H:%M:%S} UTC"
        self._turn(self.switch.turned(mode, self.clock.elapsed() + seconds), why)

    def turn_mode_back(self, why: str) -> None:
        """Revert to the mode of the setting or of the policy. Raises as `turn_mode` does."""
        self._turn(self.switch.back(), f"the mode is reverted: {why}")

    def _turn(self, switch: ModeSwitch, why: str) -> None:
        revision = self.in_force
        if revision is None:
            raise RuntimeError("called before a policy is in force")
        before = self.switch, self.order
        self.switch, self.order = switch, Order(switch.above_policy, self.clock.wall())
        try:
            self.turn()
        except BaseException:
            self.switch, self.order = before
            raise
        log.warning("%s", why)
        self.status.switch_end = 0.0  # forces an update, even if the new end is close to the old one
        self._set_in_force(revision)

    async def watch_clock(self) -> None:
        """Call `do_what_is_due` every WATCH_SECONDS. It awaits only time."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self.do_what_is_due()

    def do_what_is_due(self) -> None:
        """End the switch, expire entries, and restore entries that a wrong clock had expired."""
        elapsed = self.clock.elapsed()
        try:
            if elapsed >= max(self.switch.ends, self._not_before):
                self.turn_mode_back("its time is over")
            now, (passed, to_come) = self.clock.wall(), self.nothing_ends_between
            if not passed <= now < to_come and elapsed >= self._not_before:
                self._turn(self.switch, ENDED if now >= to_come else COUNTS_AGAIN)
        except Exception as fault:  # a fault of the proxy must not stop the watching
            self._not_before = elapsed + RETRY_SECONDS
            log.error(
                "a change of the %s that is due failed and will be tried again: %s; this is a bug, please report it",
                self.role.value,
                type(fault).__name__,
            )
        self._update_switch_end()
        self._log_whether_the_disk_answers()

    def _update_switch_end(self) -> None:
        """Recompute the end on the wall clock, which may have been set since."""
        switch, status = self.switch, self.status
        left = switch.ends - self.clock.elapsed()
        end = self.clock.wall() + left if switch.switched is not None else 0.0
        if abs(end - status.switch_end) > 1 or not end:
            status.switch_end = end

    def _log_whether_the_disk_answers(self) -> None:
        is_silent = self.files.waits() >= PATIENCE_SECONDS
        if is_silent and not self._is_silent:
            log.error(
                "the file system of the %s does not respond; the loaded files stay in force, and changes are loaded "
                "when it responds",
                self.role.value,
            )
        elif self._is_silent and not is_silent:
            log.warning("the file system of the %s responds again", self.role.value)
        self._is_silent = is_silent

    # Slow work

    async def watch_files(self) -> None:
        """Reload when a file of the policy has changed and is stable, that is, equal in two checks. There is one check
        at a time, so that only one can hang."""
        before: tuple[object, ...] = ()
        tried: tuple[object, ...] = ()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                seen = await in_thread(self.files.look)
            except OSError:  # a thread cannot be started
                continue
            is_changed = seen == before and seen not in (self.files.loaded_from(), tried)
            if is_changed or self.clock.elapsed() >= self._retry_at:
                tried = seen
                await self.reload()
            before = seen

    def ask(self) -> asyncio.Task[None]:
        """Request a reload, even if the files are unchanged. Return the reload that reads everything written so far,
        which may be one that already waits."""
        if len(self._asked) >= 2:
            return self._asked[-1]
        task = asyncio.create_task(self.reload())
        self._asked.append(task)
        task.add_done_callback(self._asked.remove)
        return task

    async def begin(self) -> None:
        """Load for the first time. If it takes longer than FIRST_SECONDS, it continues in the background."""
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
            except ParserFailed as failed:
                self._failed(began, [Obstacle(str(failed))], may_pass=True)
            except (OSError, MemoryError) as want:
                why = (isinstance(want, OSError) and want.strerror) or "out of memory"
                self._failed(began, [Obstacle(f"the files cannot be read now: {why.lower()}")], may_pass=True)
            except Exception as fault:  # a fault of the proxy must not stop the watching
                message = f"{type(fault).__name__} while loading the files; this is a bug, please report it"
                self._failed(began, [Obstacle(message)])
            else:
                self.status.successes += 1
                self.status.reloads.append(Reload(began, True, tuple(causes[:MAX_CAUSES])))
                if self.in_force is not None:
                    # No variable of this function may keep the policy: it would be freed at once, at the end.
                    pieces += chain.from_iterable(policy.entries for policy in self.in_force.policies)
                self.began(revision)
                await free(pieces)  # they have no other reference

    def _read(self) -> tuple[Revision | None, Sequence[Cause]]:
        """Load the files. Return the revision and the problems, errors first. Raises BadKeys."""
        loaded = self.files.reload()
        revision = self.revision(loaded) if loaded.policy is not None else None
        for source in loaded.sources.values():
            source.clear()
        problems = sorted(loaded.problems, key=lambda p: p.code.severity is not Severity.ERROR)
        causes = [replace(problem, excerpt="") for problem in problems]  # the line of the file is not shown
        if revision is None:
            return None, causes or [Obstacle("no policy")]
        return revision, causes

    def _failed(self, began: float, causes: Sequence[Cause], may_pass: bool = False) -> None:
        """Record a failed reload. `may_pass`: the reason is in the system, so the reload is tried again."""
        if may_pass:
            self._retry_at = self.clock.elapsed() + RETRY_SECONDS
        self.status.reload_successful = False
        self.status.failures += 1
        self.status.reloads.append(Reload(began, False, tuple(causes[:MAX_CAUSES])))
        errors = sum(severity_of(cause) is Severity.ERROR for cause in causes)
        more = f" (and {counted(errors - 1, 'error')} more)" if errors > 1 else ""
        stays = "stays in force" if self.role is Role.IN_FORCE else "stays in use"
        again = f"; it will be tried again in {RETRY_SECONDS:.0f} s" if may_pass else ""
        log.error("reload failed, the previous %s %s: %s%s%s", self.role.value, stays, line_of(causes[0]), more, again)

    def began(self, revision: Revision) -> None:
        """Record that a revision is in force in the newest order."""
        self.status.reload_successful = True
        self.status.reload_time = self.clock.wall()
        self._set_in_force(revision)

    def _set_in_force(self, revision: Revision) -> None:
        self.in_force = revision
        policy = revision.policy
        # At the moment of the order: entries that expire while the engines are built have not expired in the engines.
        self.nothing_ends_between = ends_around(revision.ends, self.order.now)
        mode = self.switch.of(policy)
        status = self.status
        status.policy, status.sha256 = policy.name, policy.sha256
        status.enforcing = mode is Mode.ENFORCE
        self._update_switch_end()
        status.expiries = dict(revision.dated)
        status.named = {name: (other.policy.name, other.policy.sha256) for name, other in revision.named.items()}
        self._log_in_force(self.role.value, policy)
        for name, other in revision.named.items():
            self._log_in_force(f"{self.role.value} {name}", other.policy)
        if mode is not policy.mode and self.role is Role.IN_FORCE:
            log.warning(
                "mode %s of the policy is overridden by %s: mode %s is in force",
                policy.mode.value,
                self.switch.why(policy),
                mode.value,
            )

    def _log_in_force(self, role: str, policy: Policy) -> None:
        entries, mode = counted(len(policy.entries), "entry"), self.switch.of(policy).value
        log.info("%s in force: %s (%s, mode %s, sha256 %.12s)", role, policy.name, entries, mode, policy.sha256)


ENDED = "an entry of the policy has expired; its cookie now counts as undeclared"
COUNTS_AGAIN = "the clock was set back; entries of the policy that had expired are valid again"
