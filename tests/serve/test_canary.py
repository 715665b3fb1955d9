"""Cookie values are never in logs, metrics, error bodies or pages, even after faults."""

import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.client import CLOSE, ask, get
from tests.support.origin import OriginConnection
from tests.support.proxy import CANARY, Running, running

SENT = [
    # declared, undeclared, malformed, oversize, nameless, hostile
    b"sid=CANARY", b"evil=CANARY", b"sid=CANARY\x01", b"sid=" + b"CANARY" * 1000, b"CANARY", b"=CANARY",
    b"sid=CANARY; Expires=CANARY; Max-Age=CANARY; SameSite=CANARY; Domain=CANARY; Path=CANARY; CANARY",
    b"__Host-canary=CANARY; Domain=x", b"sid=\xff\xfeCANARY", b"sid=CANARY;" * 200, b"%43ANARY=CANARY; SameSite=CANARY; Path=/CANARY0/; Domain=CANARY_", b"\tsid \t= CANARY",
]  # fmt: skip
ANSWERS = {
    "policed": b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 2\r\n\r\nok",
    "a bad field beside them": b"HTTP/1.1 200 OK\r\n%b\r\nX: \x01\r\nContent-Length: 2\r\n\r\nok",
    "a head that is too large": b"HTTP/1.1 200 OK\r\n%b\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
    "a folded line": b"HTTP/1.1 200 OK\r\n%b\r\n CANARY\r\nContent-Length: 2\r\n\r\nok",
    "no HTTP at all": b"Set-Cookie: sid=CANARY\r\n%b\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "cut": b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 200\r\n\r\nok",
}
REQUESTS = [
    get(b"/", b"Cookie: " + b"; ".join(SENT[:2] + SENT[4:6]), CLOSE),
    get(b"/", *[b"Cookie: " + sent for sent in SENT if b"\x01" not in sent and len(sent) < 3000], CLOSE),
    get(b"/", b"Cookie: sid=CANARY\x01"),
    get(b"/", b"Cookie: sid=CANARY", b"Host: another"),
    get(b"/", b"Cookie: sid=CANARY", b"Content-Length: x"),
    get(b"/", b"Cookie : sid=CANARY"),
    get(b"/", b"Cookie: sid=" + b"CANARY" * 6000),
    get(b"/", *[b"Cookie: sid=CANARY"] * 200),
    b"Cookie: sid=CANARY\r\n\r\n",
    b"GET / HTTP/1.1\nCookie: sid=CANARY\n\n",
    get(b"/", b"Connection: cookie", b"Cookie: sid=CANARY"),
    get(b"/", b"Transfer-Encoding: chunked", b"Cookie: sid=CANARY", method=b"POST", body=b"CANARY\r\n"),
]  # fmt: skip


def says(proxy: Running) -> str:
    """Return all text that the proxy prints or serves about its own state."""
    pages = []
    for path in (
        "/metrics",
        "/livez",
        "/readyz",
        "/",
        "/none",
        "/inventory",
        "/forecast",
        "/drift",
        "/policy",
    ):
        try:
            pages.append(urllib.request.urlopen(f"http://127.0.0.1:{proxy.admin}{path}").read().decode())
        except urllib.error.HTTPError as error:
            pages.append(error.read().decode())
    return "\n".join([proxy.told, *pages])


@pytest.mark.row(27)
@pytest.mark.parametrize("flags", [(), ("--mode", "report"), ("--workers", "2")], ids=["enforce", "report", "workers"])
def test_cookie_values_are_absent_from_all_output_of_the_proxy(flags: tuple[str, ...]) -> None:
    answer = b""

    def script(connection: OriginConnection) -> None:
        connection.read_head()
        connection.send(answer)

    with running("--access-log", "on", "--read-timeout", "1", *flags, script=script) as proxy:
        for template in ANSWERS.values():
            for sent in SENT:
                answer = template % (b"Set-Cookie: " + sent)
                got = ask(proxy.port, get(b"/", CLOSE))
                if re.match(rb"HTTP/1.1 50[24]", got):  # an answer of the proxy itself
                    assert CANARY.encode() not in got
        answer = ANSWERS["policed"] % b"X: y"
        for request in REQUESTS:
            got = ask(proxy.port, request)
            assert CANARY.encode() not in got
        time.sleep(1.5 if "--workers" in flags else 0)  # workers report to the supervisor once per second
        assert CANARY not in says(proxy)
        assert proxy.told.count('"message": "request"') == len(ANSWERS) * len(SENT) + len(REQUESTS)


@pytest.mark.row(27)
def test_every_cookie_value_of_the_suites_that_drive_the_proxy_holds_the_canary() -> None:
    found = 0
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "conformance"):
        for path in folder.glob("test_*.py"):
            if path.name in (
                "test_request_head.py",
                "test_response_head.py",
                "test_chunked.py",
                "test_http_state.py",
            ):
                continue  # pure functions, without output
            for name, value in re.findall(r"[Cc]ookie: *([\w%-]+)=([^;\\\"'{]+)", path.read_text()):
                found += 1
                assert CANARY in value, f"{path.name}: {name}"
    assert found > 50
