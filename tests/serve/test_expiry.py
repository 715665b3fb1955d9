"""An entry that ends while the proxy runs, and one that a wrong clock ended."""

import time
from pathlib import Path

from cookiewarden.serve.control.clock import Clock
from tests.support.client import ask
from tests.support.proxy import Start
from tests.support.wait import eventually

POLICY = """
version: 1
cookies:
  - {name: sid}
  - {name: old, until: 2999-12-31, owner: web, reason: the shop moves}
"""
END = 32503680000
OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: old=CANARY1\r\nSet-Cookie: sid=CANARY2\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"


class Wall:
    """A wall clock that can be set."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def test_an_entry_ends_on_its_day_without_a_reload_and_the_metric_has_the_time(start: Start) -> None:
    wall = Wall()
    proxy, _ = start(OK, POLICY, clock=Clock(wall))
    assert proxy.sample("cookiewarden_entry_expiry_timestamp_seconds", cookie="old") == END
    assert b"old=CANARY1" in ask(proxy.port, REQUEST)
    wall.ahead = END - time.time() - 0.5
    assert eventually(lambda: b"old=CANARY1" not in ask(proxy.port, REQUEST))
    assert b"sid=CANARY2" in ask(proxy.port, REQUEST)
    labels = {"cookie": "__undeclared__", "reason": "entry-expired", "enforced": "true"}
    assert proxy.sample("cookiewarden_violations_total", **labels) > 0
    assert proxy.sample("cookiewarden_config_reloads_total", result="success") == 0


def test_an_entry_that_a_wrong_clock_ended_counts_again_once_the_clock_is_right(start: Start) -> None:
    wall = Wall()
    proxy, _ = start(OK, POLICY, clock=Clock(wall))
    wall.ahead = END - time.time()
    assert eventually(lambda: b"old=CANARY1" not in ask(proxy.port, REQUEST))
    wall.ahead = 0.0
    assert eventually(lambda: b"old=CANARY1" in ask(proxy.port, REQUEST))


def test_a_policy_that_was_loaded_while_the_clock_was_wrong_counts_again_too(start: Start) -> None:
    wall = Wall()
    wall.ahead = END - time.time()
    proxy, _ = start(OK, POLICY, clock=Clock(wall))
    assert b"old=CANARY1" not in ask(proxy.port, REQUEST)
    wall.ahead = 0.0
    assert eventually(lambda: b"old=CANARY1" in ask(proxy.port, REQUEST))


def test_an_entry_of_the_policy_that_is_tried_ends_on_its_day_too(start: Start, tmp_path: Path) -> None:
    wall, tried = Wall(), tmp_path / "tried.yaml"
    tried.write_text(POLICY)
    proxy, _ = start(OK, "version: 1\ncookies: [{name: sid}, {name: old}]\n", clock=Clock(wall), shadow=str(tried))

    def ended() -> float:
        assert b"old=CANARY1" in ask(proxy.port, REQUEST)
        labels = {"cookie": "__undeclared__", "reason": "entry-expired", "enforced": "true"}
        return proxy.sample("cookiewarden_shadow_violations_total", **labels)

    assert ended() == 0
    wall.ahead = END - time.time()
    assert eventually(lambda: ended() > 0)
