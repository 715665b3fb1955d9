"""Messages to a service manager: ready, alive, stopping (sd_notify(3))."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cookiewarden.serve.notify import notify, watchdog
from tests.support.proxy import running
from tests.support.wait import PATIENCE


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The value of NOTIFY_SOCKET, and the socket."""
    is_path = request.param == "path"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.settimeout(PATIENCE)
        name = str(tmp_path / "notify") if is_path else f"@cookiewarden-tests-{os.getpid()}"
        end.bind(name if is_path else name.replace("@", "\0", 1))
        yield name, end


def test_a_service_manager_hears_that_the_proxy_is_ready_lives_and_stops(manager: tuple[str, socket.socket]) -> None:
    name, end = manager
    with running(environment={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "100000"}) as proxy:
        assert {end.recv(100) for _ in range(3)} == {b"READY=1", b"WATCHDOG=1"}
        proxy.process.terminate()
        while (heard := end.recv(100)) == b"WATCHDOG=1":
            pass
        assert heard == b"STOPPING=1"


def test_a_missing_service_manager_is_not_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "none"))
    notify("READY=1")


@pytest.mark.parametrize(("microseconds", "is_ours"), [("0", True), ("", True), ("x", True), ("1000", False)])
async def test_only_a_watchdog_that_waits_for_this_process_gets_messages(
    monkeypatch: pytest.MonkeyPatch, microseconds: str, is_ours: bool
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if is_ours else "1")
    await asyncio.wait_for(watchdog(), PATIENCE)  # it ends: one that feeds never does
