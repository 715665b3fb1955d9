"""`renew: false` on the wire: the first end stands, also with a shadow policy and for sealed cookies."""

import re
from pathlib import Path

from tests.support.client import ask, get_once
from tests.support.proxy import Start

POLICY = """
version: 1
cookies:
  - {name: sid, lifetime: 1d}
  - {name: visitor, renew: false, lifetime: 13mo}
"""
ANSWER = (
    b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1; Path=/\r\nSet-Cookie: visitor=CANARY2; Path=/; Max-Age=60\r\n"
    b"X-Between: y\r\nSet-Cookie: visitor=CANARY2; Path=/a\r\nContent-Length: 2\r\n\r\nok"
)


def set_by(port: int, *cookies: str) -> list[bytes]:
    fields = [b"Cookie: " + "; ".join(cookies).encode()] if cookies else []
    return re.findall(rb"\r\nSet-Cookie: ([^=]*)=", ask(port, get_once(*fields)))


def test_a_line_with_the_held_value_is_dropped_and_counted(start: Start) -> None:
    proxy, _ = start(ANSWER, POLICY)
    for _ in range(2):  # not remembered, and remembered
        assert set_by(proxy.port) == [b"sid", b"visitor", b"visitor"]
        assert set_by(proxy.port, "visitor=CANARY3") == [b"sid", b"visitor", b"visitor"]
        assert set_by(proxy.port, "sid=CANARY1", "visitor=CANARY2") == [b"sid"]
    counted = {"cookie": "visitor", "reason": "not-renewed", "enforced": "true"}
    assert proxy.sample("cookiewarden_violations_total", **counted) == 4


def test_report_mode_only_counts(start: Start) -> None:
    proxy, _ = start(ANSWER, POLICY.replace("version: 1", "version: 1\nmode: report"))
    assert set_by(proxy.port, "visitor=CANARY2") == [b"sid", b"visitor", b"visitor"]
    counted = {"cookie": "visitor", "reason": "not-renewed", "enforced": "false"}
    assert proxy.sample("cookiewarden_violations_total", **counted) == 2


def test_a_shadow_policy_counts_the_lines_that_it_would_drop(start: Start, tmp_path: Path) -> None:
    (tmp_path / "shadow.yaml").write_text(POLICY)
    proxy, _ = start(ANSWER, POLICY.replace(", renew: false", ""), shadow=str(tmp_path / "shadow.yaml"))
    assert set_by(proxy.port, "visitor=CANARY2") == [b"sid", b"visitor", b"visitor"]
    counted = {"cookie": "visitor", "reason": "not-renewed", "enforced": "true"}
    assert proxy.sample("cookiewarden_shadow_violations_total", **counted) == 2


def test_a_sealed_cookie_reaches_the_application_and_is_not_renewed(start: Start, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("cookiewarden-key-1:" + "A" * 43 + "\n")
    keys.chmod(0o600)
    policy = POLICY.replace("renew: false", "renew: false, seal: true")
    proxy, origin = start(ANSWER, policy, seal_key_file=str(keys))
    found = re.search(rb"Set-Cookie: (visitor=s2\.[A-Za-z0-9_-]+)", ask(proxy.port, get_once()))
    assert found is not None
    assert set_by(proxy.port, found[1].decode()) == [b"sid"]
    assert b"\r\nCookie: visitor=CANARY2\r\n" in origin.requests[-1]
