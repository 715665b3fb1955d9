"""Reloads with clocks of the tests: slow work beside urgent work, in every order."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cookiewarden.core.engine.order import Order
from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.policy.problem import Severity
from cookiewarden.files import PolicyFiles
from cookiewarden.serve.control.clock import Clock, elapsed
from cookiewarden.serve.control.mode import ModeSwitch
from cookiewarden.serve.control.reload import RETRY_SECONDS, Reloader, Revision
from cookiewarden.serve.control.status import MAX_CAUSES, PolicyStatus, severity_of

END = 32503680000.0
DATED = "cookies: [{name: sid}, {name: old, until: 2999-12-31, owner: web, reason: the shop moves}]"


@dataclass
class Proxy:
    """A reloader with the record of its changes: each policy's name and mode, in the order of their time in force."""

    path: Path
    wall: float = 1_800_000_000.0
    passed: float = 0.0
    in_force: list[tuple[str, Order]] = field(default_factory=list)
    building: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the build of a policy begins."""
    built: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends the build of a policy when it is set."""
    fault: Exception | None = None

    def __post_init__(self) -> None:
        clock = Clock(lambda: self.wall, lambda: self.passed)
        self.built.set()
        self.reloader = Reloader(
            PolicyFiles(str(self.path)),
            ModeSwitch(),
            PolicyStatus(),
            lambda policy: (),
            self.put,
            self.turn,
            clock=clock,
        )

    async def put(self, revision: Revision) -> list[object]:
        self.building.set()
        await self.built.wait()
        if self.fault is not None:
            raise self.fault
        self.in_force.append((revision.policy.name, self.reloader.order))
        return []

    def turn(self) -> None:
        if self.fault is not None:
            raise self.fault
        assert self.reloader.policy is not None
        self.in_force.append((self.reloader.policy.name, self.reloader.order))

    async def load(self, name: str, text: str = DATED) -> None:
        self.path.write_text(f"policy: {name}\n{text}")
        await self.reloader.reload()

    def goes_on(self, seconds: float, wall: float | None = None) -> None:
        """Let time pass, and the wall clock with it, or set the wall clock to `wall`."""
        self.passed += seconds
        self.wall = self.wall + seconds if wall is None else wall
        self.reloader.do_what_is_due()

    @property
    def mode(self) -> Mode | None:
        return self.in_force[-1][1].mode

    @property
    def has_ended(self) -> bool:
        """Return whether the dated entry has ended in the policy in force."""
        return self.in_force[-1][1].now >= END


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


@pytest.mark.parametrize(
    "wall",
    [
        None,
        1_800_000_000.0 + 86400,  # set forward
        1_800_000_000.0 - 86400,  # and back
        END,
    ],
)
def test_a_switch_lasts_its_duration_even_if_the_wall_clock_changes(tmp_path: Path, wall: float | None) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        proxy.reloader.turn_mode(Mode.REPORT, 600)
        proxy.goes_on(599, wall)
        assert proxy.mode is Mode.REPORT
        end = proxy.reloader.status.switch_end
        assert end == pytest.approx(proxy.wall + 1)  # shown by the current wall clock
        proxy.goes_on(1)
        assert proxy.mode is None and proxy.reloader.status.switch_end == 0

    play(scene())


def test_the_end_that_is_shown_moves_only_where_the_wall_clock_was_set(tmp_path: Path) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        proxy.reloader.turn_mode(Mode.REPORT, 600)
        end = proxy.reloader.status.switch_end
        proxy.goes_on(1, proxy.wall + 1.4)
        assert proxy.reloader.status.switch_end == end

    play(scene())


def test_the_shown_end_belongs_to_the_last_switch(tmp_path: Path) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        for seconds in (1.0, 1.75, 1.25):
            proxy.reloader.turn_mode(Mode.REPORT, seconds)
            assert proxy.reloader.status.switch_end == proxy.wall + seconds

    play(scene())


def test_an_entry_ends_and_counts_again_with_the_wall_clock(tmp_path: Path) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        for wall, has_ended in ((END - 1, False), (END, True), (END - 1, False), (END + 9, True), (0, False)):
            proxy.goes_on(1, wall)
            assert proxy.has_ended is has_ended
        count = len(proxy.in_force)
        proxy.goes_on(1)
        assert len(proxy.in_force) == count  # no change is due

    play(scene())


@pytest.mark.parametrize(
    ("acts", "mode", "has_ended"),
    [
        ("switch", Mode.REPORT, False),
        ("switch, switch back", None, False),
        ("switch, the switch ends", None, False),
        ("switch, switch to enforce", Mode.ENFORCE, False),
        ("an entry ends", None, True),
        ("an entry ends, the clock is set back", None, False),
        ("switch, an entry ends", Mode.REPORT, True),
        ("an entry ends, switch", Mode.REPORT, True),
    ],
)
def test_urgent_work_during_a_reload_counts_at_once_and_for_the_policy_that_is_loaded(
    tmp_path: Path, acts: str, mode: Mode | None, has_ended: bool
) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        before, reloader = proxy.wall, proxy.reloader
        act = {
            "switch": lambda: reloader.turn_mode(Mode.REPORT, 60),
            "switch to enforce": lambda: reloader.turn_mode(Mode.ENFORCE, 60),
            "switch back": lambda: reloader.turn_mode_back("by an operator"),
            "the switch ends": lambda: proxy.goes_on(60),
            "an entry ends": lambda: proxy.goes_on(1, END),
            "the clock is set back": lambda: proxy.goes_on(1, before),
        }
        proxy.building.clear()
        proxy.built.clear()
        loading = asyncio.create_task(proxy.load("two"))
        await proxy.building.wait()
        for name in acts.split(", "):
            act[name]()
        assert proxy.in_force[-1][0] == "one"
        assert (proxy.mode, proxy.has_ended) == (mode, has_ended)
        proxy.built.set()
        await loading
        assert proxy.in_force[-1][0] == "two"
        assert (proxy.mode, proxy.has_ended) == (mode, has_ended)
        proxy.goes_on(0)
        assert (proxy.mode, proxy.has_ended) == (mode, has_ended)

    play(scene())


def test_an_entry_that_ends_while_a_policy_is_built_ends_in_it(tmp_path: Path) -> None:
    """Start from a policy without that entry, so that no end was due."""

    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one", "cookies: [{name: sid}]")
        proxy.building.clear()
        proxy.built.clear()
        loading = asyncio.create_task(proxy.load("two"))
        await proxy.building.wait()
        proxy.goes_on(1, END)
        proxy.built.set()
        await loading
        proxy.goes_on(0)
        assert proxy.in_force[-1][0] == "two" and proxy.has_ended

    play(scene())


def test_reloads_that_overlap_are_put_in_force_in_their_order_and_are_few(tmp_path: Path) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        proxy.building.clear()
        proxy.built.clear()
        loading = asyncio.create_task(proxy.load("two"))
        await proxy.building.wait()
        (tmp_path / "p.yaml").write_text(f"policy: three\n{DATED}")
        for _ in range(50):
            proxy.reloader.ask()
        proxy.built.set()
        await loading
        await asyncio.gather(*proxy.reloader._asked)
        assert [name for name, _ in proxy.in_force] == ["one", "two", "three", "three"]

    play(scene())


def test_a_failed_turn_changes_nothing_and_due_work_is_retried(tmp_path: Path) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        proxy.fault = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            proxy.reloader.turn_mode(Mode.REPORT, 60)
        assert proxy.reloader.switch == ModeSwitch() and proxy.reloader.order.mode is None
        proxy.fault = None
        proxy.reloader.turn_mode(Mode.REPORT, 60)
        proxy.fault = ZeroDivisionError()
        proxy.goes_on(60)
        assert proxy.mode is Mode.REPORT and proxy.reloader.switch.switched is Mode.REPORT
        proxy.fault = None
        proxy.goes_on(RETRY_SECONDS - 1)
        assert proxy.mode is Mode.REPORT
        proxy.goes_on(1)
        assert proxy.mode is None

    play(scene())


@pytest.mark.parametrize(
    ("fault", "is_tried_again"),
    [
        (OSError(24, "Too many open files"), True),
        (MemoryError(), True),
        (ZeroDivisionError(), False),  # an internal fault would repeat
    ],
)
def test_a_reload_that_failed_for_lack_of_resources_is_retried(
    tmp_path: Path, fault: Exception, is_tried_again: bool
) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "p.yaml")
        await proxy.load("one")
        watching = asyncio.create_task(proxy.reloader.watch_files())
        proxy.fault = fault
        await proxy.load("two")
        assert not proxy.reloader.status.reload_successful and proxy.in_force[-1][0] == "one"
        proxy.fault = None
        await asyncio.sleep(1.2)  # the file has not changed since the last look
        assert proxy.in_force[-1][0] == "one"
        proxy.passed += RETRY_SECONDS
        await asyncio.sleep(1.2)
        assert proxy.in_force[-1][0] == ("two" if is_tried_again else "one")
        watching.cancel()

    play(scene())


def test_the_proxy_measures_durations_by_the_monotonic_clock() -> None:
    first = elapsed()
    assert 0 <= elapsed() - first < 60


@pytest.mark.parametrize(
    ("text", "more"),
    [
        # realistic: one error among warnings, and two
        ("cookies: [{name: sid, until: 2020-01-01}, {name: sid}]", ""),
        ("cookies: [{name: sid}, {name: sid}, {name: a}, {name: a}]", " (and 1 error more)"),
    ],
)
def test_the_errors_of_a_failed_reload_are_counted_whatever_the_file_is_called(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, more: str
) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "shop: error: old.yaml")
        await proxy.load("one")
        await proxy.load("two", text)
        causes = proxy.reloader.status.reloads[-1].causes
        assert {severity_of(cause) for cause in causes} == {Severity.ERROR, Severity.WARNING}

    play(scene())
    (line,) = (record.message for record in caplog.records if record.levelname == "ERROR")
    assert line.startswith("reload failed, the previous policy stays in force: ")
    assert line.endswith(f"[duplicate-entry]{more}")


def test_of_many_problems_the_first_are_remembered_and_all_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        proxy = Proxy(tmp_path / "policy.yaml")
        await proxy.load("good", "cookies: [" + ", ".join(f"{{name: c{n}}}" for n in range(300)) + "]")
        await proxy.load("bad", "cookies: [" + "{}, " * 300 + "]")
        good, bad = proxy.reloader.status.reloads
        assert (good.successful, len(good.causes)) == (True, MAX_CAUSES)
        assert (bad.successful, len(bad.causes)) == (False, MAX_CAUSES)

    play(scene())
    assert "(and 299 errors more)" in caplog.text
