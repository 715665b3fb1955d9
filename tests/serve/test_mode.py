"""The emergency switch: set by an operator, and reverted automatically."""

import asyncio
import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.keys import create
from cookiewarden.serve.admin import api as operation
from cookiewarden.serve.control import reload
from tests.support.client import CLOSE, ask, get
from tests.support.proxy import POLICY, Start, mode_of, running, tell
from tests.support.wait import eventually

SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY\r\nSet-Cookie: undeclared=CANARY\r\n\r\nok"


def passes(port: int) -> bool:
    return b"undeclared" in ask(port, get(b"/", CLOSE))


def test_the_emergency_switch_overrides_setting_and_file_and_reverts_automatically(start: Start, token: str) -> None:
    proxy, _ = start(SETS, admin_token_file=token, mode=Mode.ENFORCE)
    assert not passes(proxy.port)
    code, answer = tell(proxy.admin, "/mode", b'{"mode": "report", "seconds": 1.5}')
    told = json.loads(answer)
    assert (code, told["mode"], told["mode_by"]) == (200, "report", "an operator's switch")
    assert abs(told["mode_until"] - time.time() - 1.5) < 1
    assert passes(proxy.port)
    assert proxy.sample("cookiewarden_mode_switch_end_timestamp_seconds") == pytest.approx(told["mode_until"])
    assert proxy.sample("cookiewarden_policy_enforcing") == 0
    proxy.reload()  # a reload meanwhile does not end it
    assert passes(proxy.port)
    assert eventually(lambda: not passes(proxy.port))
    assert mode_of(proxy) == "enforce" and proxy.sample("cookiewarden_mode_switch_end_timestamp_seconds") == 0


def test_the_emergency_switch_can_be_turned_back(start: Start, token: str) -> None:
    proxy, _ = start(SETS, policy=POLICY + "mode: report\n", admin_token_file=token)
    assert passes(proxy.port)
    assert tell(proxy.admin, "/mode", b'{"mode": "enforce"}')[0] == 200 and not passes(proxy.port)
    for _ in range(2):  # twice does no harm
        assert tell(proxy.admin, "/mode", b'{"mode": "policy"}')[0] == 200 and passes(proxy.port)


def test_sightings_and_decisions_outlive_the_switch(start: Start, token: str) -> None:
    proxy, _ = start(SETS, admin_token_file=token)
    passes(proxy.port)
    assert tell(proxy.admin, "/mode", b'{"mode": "report"}')[0] == 200
    passes(proxy.port)
    seen = json.loads(urllib.request.urlopen(f"{proxy.admin}/inventory").read())["inventory"]["records"]
    assert [(row["enforced"], row["times"]["count"]) for row in seen["undeclared"]["rows"]] == [(1, 2)]


def test_the_switch_reaches_every_worker_and_those_that_replace_them(token: str) -> None:
    with running("--workers", "2", "--admin-token-file", token, script=SETS) as proxy:
        admin = f"http://127.0.0.1:{proxy.admin}"
        assert tell(admin, "/mode", b'{"mode": "report", "seconds": 60}')[0] == 200
        assert all(passes(proxy.port) for _ in range(20))
        proxy.signal(signal.SIGUSR2)
        assert eventually(lambda: "replaced 2 workers" in proxy.told)
        assert all(passes(proxy.port) for _ in range(20))
        assert tell(admin, "/mode", b'{"mode": "policy"}')[0] == 200
        assert not any(passes(proxy.port) for _ in range(20))


SEALS = "version: 1\nundeclared: {response: block}\ncookies: [{name: sid, seal: true}]\n"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_switch_needs_neither_the_key_file_nor_the_files_on_disk(tmp_path: Path, token: str, workers: str) -> None:
    """Use the switch after the key file is lost and a bad policy is written."""
    key = tmp_path / "key"
    create(key)
    flags = ("--workers", workers, "--seal-key-file", str(key), "--admin-token-file", token)
    with running(*flags, script=SETS, policy=SEALS) as proxy:
        admin = f"http://127.0.0.1:{proxy.admin}"
        key.unlink()
        proxy.policy.write_text(SEALS.replace("sid", "other"))
        assert eventually(lambda: "reload failed" in proxy.told)
        for mode, passed in (("report", True), ("policy", False), ("report", True)):
            code, answer = tell(admin, "/mode", f'{{"mode": "{mode}", "seconds": 2}}'.encode())
            assert code == 200 and (json.loads(answer)["mode"] == "report") is passed
            answers = [ask(proxy.port, get(b"/", CLOSE)) for _ in range(10)]
            assert all((b"undeclared=" in answer) is passed for answer in answers)
            # Sealing resumes afterwards with the key in memory, which is no longer on disk.
            assert all((b"sid=s1." in answer) is not passed for answer in answers)
        assert eventually(lambda: not any(passes(proxy.port) for _ in range(10)))
        assert "died" not in proxy.told and "is ended" not in proxy.told


def test_a_switch_that_fails_internally_returns_an_error_and_changes_nothing(
    start: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, _ = start(SETS, admin_token_file=token)

    def faulty() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(proxy.plane.reloader, "turn", faulty)
        assert tell(proxy.admin, "/mode", b'{"mode": "report"}')[0] == 500
        assert mode_of(proxy) == "enforce" and not passes(proxy.port)
    assert tell(proxy.admin, "/mode", b'{"mode": "report", "seconds": 1}')[0] == 200
    with monkeypatch.context() as patched:
        patched.setattr(reload, "RETRY_SECONDS", 1.0)
        patched.setattr(proxy.plane.reloader, "turn", faulty)
        time.sleep(2)
        assert mode_of(proxy) == "report" and passes(proxy.port)  # shows the mode in force, and retries
    assert eventually(lambda: mode_of(proxy) == "enforce" and not passes(proxy.port))


def test_a_late_reload_returns_an_error_and_continues(
    start: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, _ = start(SETS, admin_token_file=token)
    monkeypatch.setattr(operation, "RELOAD_SECONDS", 0.5)
    slow = proxy.plane.reloader._slow
    asyncio.run_coroutine_threadsafe(slow.acquire(), proxy.loop).result(5)  # as a hanging read would
    code, told = tell(proxy.admin, "/reload")
    assert code == 503 and json.loads(told)["error"] == ErrorCode.NOT_LOADED
    proxy.loop.call_soon_threadsafe(slow.release)
    assert eventually(lambda: proxy.plane.status.successes == 1)
    assert tell(proxy.admin, "/reload")[0] == 200


def test_a_switch_is_not_reported_done_before_every_worker_follows(token: str) -> None:
    with running("--workers", "2", "--admin-token-file", token, script=SETS) as proxy:
        admin = f"http://127.0.0.1:{proxy.admin}"
        stuck = proxy.children()[0]
        os.kill(stuck, signal.SIGSTOP)
        try:
            code, told = tell(admin, "/mode", b'{"mode": "report", "seconds": 60}')
            late = (
                "the mode is switched, but not yet in force on 1 worker of 2; workers that do not apply it are replaced"
            )
            assert code == 503
            assert json.loads(told) == {"error": ErrorCode.NOT_EVERYWHERE, "message": late}
        finally:
            os.kill(stuck, signal.SIGCONT)
        assert eventually(lambda: all(passes(proxy.port) for _ in range(10)))
