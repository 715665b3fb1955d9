"""A shadow policy: it decides on all cookies and changes none."""

import json
import logging
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from cookiewarden.core.engine.engine import Engine
from tests.support.client import ask
from tests.support.command import run
from tests.support.process import scrape
from tests.support.proxy import Proxy, Start, running
from tests.support.wait import PATIENCE, eventually

POLICY = "version: 1\ncookies:\n  - {name: sid, secure: true}\n  - {name: old}\n"
TOMORROW = (
    "version: 1\npolicy: tomorrow\nconsent: {cookie: old}\ncategories: {f: {basis: x}, a: {consent: required}}\n"
    "cookies:\n  - {name: sid, category: f, http_only: true, seal: true}\n  - {name: old, category: f, set_by: both}\n"
    "  - {name: new, category: a}\n"
)
OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nX: y\r\nSet-Cookie: new=CANARY2\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nCookie: sid=CANARY1; old=CANARY3; new=CANARY2\r\n\r\n"


@pytest.fixture
def tomorrow(tmp_path: Path) -> Path:
    path = tmp_path / "tomorrow.yaml"
    path.write_text(TOMORROW)
    return path


def shadow(proxy: Proxy, direction: str, cookie: str, action: str) -> float:
    return proxy.sample("cookiewarden_shadow_cookies_total", direction=direction, cookie=cookie, action=action)


def test_shadow_decisions_are_counted_apart_and_change_nothing(start: Start, tomorrow: Path) -> None:
    proxy, origin = start(OK, POLICY, shadow=str(tomorrow))
    for _ in range(3):
        answer = ask(proxy.port, REQUEST)
        assert b"\r\nSet-Cookie: sid=CANARY1; Secure\r\nX: y\r\n" in answer and b"new=" not in answer
        assert b"\r\nCookie: sid=CANARY1; old=CANARY3\r\n" in origin.requests[-1]
    assert proxy.sample("cookiewarden_cookies_total", direction="response", cookie="sid", action="rewrite") == 3
    assert shadow(proxy, "response", "sid", "rewrite") == 3
    assert shadow(proxy, "response", "new", "block") == 3
    assert shadow(proxy, "request", "new", "strip") == 3
    assert shadow(proxy, "request", "sid", "strip") == 3  # not sealed yet
    assert shadow(proxy, "request", "old", "pass") == 3
    labels = {"cookie": "new", "reason": "no-consent", "enforced": "true"}
    assert proxy.sample("cookiewarden_shadow_violations_total", **labels) == 6
    assert proxy.sample("cookiewarden_violations_total", **labels) == 0
    assert 'cookiewarden_shadow_policy_info{policy="tomorrow",sha256="' in proxy.scrape()
    with urllib.request.urlopen(f"{proxy.admin}/policy", timeout=PATIENCE) as answer:
        assert json.loads(answer.read())["shadow"]["policy"] == "tomorrow"


def test_it_is_loaded_again_when_its_file_changes_and_a_bad_one_is_not(start: Start, tomorrow: Path) -> None:
    proxy, _ = start(OK, POLICY, shadow=str(tomorrow))
    reloader = proxy.plane.shadow
    assert reloader is not None
    tomorrow.write_text(TOMORROW.replace("policy: tomorrow", "policy: later"))
    assert eventually(lambda: 'shadow_policy_info{policy="later"' in proxy.scrape())
    tomorrow.write_text("nonsense: [")
    assert eventually(lambda: proxy.sample("cookiewarden_shadow_last_reload_successful") == 0)
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 1
    ask(proxy.port, REQUEST)
    assert shadow(proxy, "request", "new", "strip") == 1


def test_without_a_shadow_policy_its_series_are_absent(start: Start) -> None:
    proxy, _ = start(OK, POLICY)
    ask(proxy.port, REQUEST)
    assert not [line for line in proxy.scrape().splitlines() if line.startswith("cookiewarden_shadow")]


@pytest.mark.interpreted
def test_faults_of_the_shadow_policy_do_not_affect_traffic(
    start: Start, tomorrow: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, _ = start(OK, POLICY, shadow=str(tomorrow))
    judging = Engine.judge_set_cookie

    def fails(engine: Engine, line: bytes, *more: object) -> object:
        if engine.policy.name == "tomorrow":
            raise ValueError("CANARY")
        return judging(engine, line, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "judge_set_cookie", fails)
    assert b"\r\nSet-Cookie: sid=CANARY1; Secure\r\n" in ask(proxy.port, REQUEST)
    assert proxy.sample("cookiewarden_policy_errors_total") == 2
    assert any(
        "traffic is not affected" in record.message for record in caplog.records if record.levelno == logging.ERROR
    )


def test_workers_try_it_too_and_one_that_was_replaced_as_well(tomorrow: Path) -> None:
    name = 'cookiewarden_shadow_cookies_total{action="block",cookie="new",direction="response"}'
    with running("--workers", "2", "--shadow", str(tomorrow), script=OK, policy=POLICY) as proxy:
        assert eventually(lambda: "shadow policy in force: tomorrow" in proxy.told)
        for _ in range(6):
            ask(proxy.port, REQUEST)
        assert eventually(lambda: scrape(proxy.admin)[name] == 6)
        # both policies change one after the other, and then a new worker starts
        tomorrow.write_text(TOMORROW.replace("policy: tomorrow", "policy: later"))
        assert eventually(lambda: "shadow policy in force: later" in proxy.told)
        proxy.policy.write_text(POLICY + "  - {name: third}\n")
        assert eventually(lambda: "3 entries" in proxy.told)
        for pid in proxy.children():
            os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: proxy.told.count("died") == 2 and len(proxy.children()) == 2)
        assert eventually(lambda: scrape(proxy.admin)["cookiewarden_workers"] == 2)
        for _ in range(6):
            ask(proxy.port, REQUEST)
        assert eventually(lambda: scrape(proxy.admin)[name] == 12)
        # and workers that live on take another one
        tomorrow.write_text(TOMORROW.replace("policy: tomorrow", "policy: last").replace("name: new", "name: newer"))
        proxy.signal(signal.SIGHUP)
        assert eventually(lambda: "shadow policy in force: last" in proxy.told)
        for _ in range(6):
            ask(proxy.port, REQUEST)
        assert scrape(proxy.admin)[name] == 12


def test_one_with_errors_keeps_the_proxy_from_starting(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "s.yaml").write_text("cookies: [{nam: a}]")
    policies = ("--policy", tmp_path / "p.yaml", "--shadow", tmp_path / "s.yaml")
    code, _, err = run("run", *policies, "--upstream", "http://127.0.0.1:1")
    assert code == 1 and 's.yaml:1:12: error: unknown key "nam"' in err
