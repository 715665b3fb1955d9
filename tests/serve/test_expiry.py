"""An entry that ends while the proxy runs."""

import asyncio
import dataclasses
import time

import pytest

from cookiewarden.core.policy import Mode
from cookiewarden.serve.reload import Revision
from tests.serve.harness import Start, ask, eventually, tell

POLICY = """
version: 1
cookies:
  - {name: sid}
  - {name: old, until: 2999-12-31, owner: web, reason: the shop moves}
"""
OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: old=CANARY1\r\nSet-Cookie: sid=CANARY2\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"


def test_an_entry_ends_on_its_day_without_a_reload_and_the_metric_says_when(start: Start) -> None:
    proxy, _ = start(OK, POLICY)
    assert proxy.sample("cookiewarden_entry_expiry_timestamp_seconds", cookie="old") == 32503680000
    assert b"old=CANARY1" in ask(proxy.port, REQUEST)
    reloader = proxy.single.reloader
    revision = reloader.in_force
    assert revision is not None
    entries = tuple(
        dataclasses.replace(entry, until=time.time() + 0.5) if entry.name == "old" else entry
        for entry in revision.policy.entries
    )
    # Its last day, brought near.
    policy = dataclasses.replace(revision.policy, entries=entries)
    reloader.began(dataclasses.replace(revision, policy=policy), time.time())
    assert eventually(lambda: b"old=CANARY1" not in ask(proxy.port, REQUEST))
    assert b"sid=CANARY2" in ask(proxy.port, REQUEST)
    labels = {"cookie": "__undeclared__", "reason": "entry-expired", "enforced": "true"}
    assert proxy.sample("cookiewarden_violations_total", **labels) > 0
    assert proxy.sample("cookiewarden_config_reloads_total", result="success") == 0


def test_an_entry_that_ends_while_a_policy_is_put_in_force_ends(
    start: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is made as of a moment, and what ends is looked for from that moment on."""
    proxy, _ = start(OK, POLICY, admin_token_file=token)
    reloader = proxy.single.reloader
    put, revision = reloader.put, reloader.in_force
    assert revision is not None
    until = time.time() + 0.7
    entries = tuple(
        dataclasses.replace(entry, until=until) if entry.name == "old" else entry
        for entry in revision.policy.entries
    )
    reloader.in_force = dataclasses.replace(
        revision, policy=dataclasses.replace(revision.policy, entries=entries)
    )

    async def slow(revision: Revision, mode: Mode | None, now: float) -> None:
        await put(revision, mode, now)
        await asyncio.sleep(1.5)

    monkeypatch.setattr(reloader, "put", slow)
    assert tell(proxy.admin, "/mode", b'{"mode": "enforce", "seconds": 60}')[0] == 200
    assert time.time() > until
    assert eventually(lambda: b"old=CANARY1" not in ask(proxy.port, REQUEST), 8)
