"""Sealed cookies on the wire: unreadable in the browser, and unchanged for the application."""

import re
from pathlib import Path

import pytest

from cookiewarden.keys import create, rotate
from tests.support.client import ask
from tests.support.command import run
from tests.support.proxy import Start, running

POLICY = "version: 1\ncookies:\n  - {name: sid, seal: true, http_only: true}\n  - {name: a}\n"
OK = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1; Path=/\r\nSet-Cookie: a=CANARY2\r\nContent-Length: 2\r\n\r\nok"


def request(*cookies: bytes) -> bytes:
    header = b"Cookie: " + b"; ".join(cookies) + b"\r\n" if cookies else b""
    return b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n" + header + b"\r\n"


def value_of(answer: bytes) -> bytes:
    found = re.search(rb"\r\nSet-Cookie: " rb"sid=(s1\.[\w-]+); Path=/; HttpOnly\r\n", answer)
    assert found, answer
    return found[1]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    create(tmp_path / "key")
    return tmp_path / "key"


def test_the_browser_gets_a_sealed_value_and_the_application_the_plain_one(start: Start, key: Path) -> None:
    proxy, origin = start(OK, POLICY, seal_key_file=str(key))
    values = {value_of(ask(proxy.port, request())) for _ in range(3)}
    assert len(values) == 3  # another nonce each time
    for value in values:
        ask(proxy.port, request(b"a=CANARY2", b"sid=" + value))
        assert b"\r\nCookie: a=CANARY2; sid=CANARY1\r\n" in origin.requests[-1]
    ask(proxy.port, request(b"sid=CANARY1", b"a=CANARY2"))
    assert b"\r\nCookie: a=CANARY2\r\n" in origin.requests[-1]
    labels = {"cookie": "sid", "reason": "seal-invalid", "enforced": "true"}
    assert proxy.sample("cookiewarden_violations_total", **labels) == 1


def test_keys_are_rotated_with_a_reload_and_a_bad_key_file_leaves_the_old_in_force(start: Start, key: Path) -> None:
    proxy, origin = start(OK, POLICY, seal_key_file=str(key))
    old = value_of(ask(proxy.port, request()))
    rotate(key)
    proxy.reload()
    new = value_of(ask(proxy.port, request()))
    for value in (old, new):
        ask(proxy.port, request(b"sid=" + value))
        assert b"\r\nCookie: sid=CANARY1\r\n" in origin.requests[-1]
    text = key.read_text()
    key.write_text("")
    proxy.reload()
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 0
    ask(proxy.port, request(b"sid=" + new))
    assert b"\r\nCookie: sid=CANARY1\r\n" in origin.requests[-1]
    key.write_text(text.splitlines()[0] + "\n")  # the old key is removed
    proxy.reload()
    ask(proxy.port, request(b"sid=" + old))
    assert b"\r\nCookie:" not in origin.requests[-1]
    ask(proxy.port, request(b"sid=" + new))
    assert b"\r\nCookie: sid=CANARY1\r\n" in origin.requests[-1]


def test_two_workers_share_the_keys(key: Path) -> None:
    with running("--workers", "2", "--seal-key-file", str(key), script=OK, policy=POLICY) as proxy:
        for _ in range(12):
            value = value_of(ask(proxy.port, request()))
            ask(proxy.port, request(b"sid=" + value))
            assert b"\r\nCookie: sid=CANARY1\r\n" in proxy.origin.requests[-1]


def test_a_policy_that_seals_does_not_run_without_a_key(tmp_path: Path, key: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(POLICY)
    arguments = (
        "run",
        "--policy",
        str(policy),
        "--upstream",
        "http://127.0.0.1:1",
        "--listen",
        "0",
        "--admin",
        "0",
    )
    for more, code, told in (
        ((), 2, "[seal-key-missing]"),
        (("--seal-key-file", "/none"), 3, "no such file"),
    ):
        found, out, err = run(*arguments, *more)
        assert (found, out) == (code, "") and told in err


def test_a_reload_to_a_policy_that_seals_is_refused_without_a_key(start: Start) -> None:
    proxy, _ = start(OK, POLICY.replace("seal: true, ", ""))
    Path(proxy.settings.policy).write_text(POLICY)
    proxy.reload()
    assert proxy.sample("cookiewarden_config_last_reload_successful") == 0
    assert b"Set-Cookie: sid=CANARY1; Path=/; HttpOnly" in ask(proxy.port, request())
