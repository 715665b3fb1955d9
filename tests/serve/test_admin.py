"""The admin listener: open to probes and scrapes, closed to other sites and, beyond loopback, without the token."""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from cookiewarden.core.report import wire
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.address import Address
from cookiewarden.serve.admin import listener as admin_server
from cookiewarden.serve.admin import server
from cookiewarden.serve.admin.api import Operation
from cookiewarden.serve.admin.listener import MAX_CONNECTIONS
from tests.support.client import CLOSE, Client, ask, get
from tests.support.command import run
from tests.support.process import ready
from tests.support.proxy import POLICY, TOKEN, Start, mode_of, running, tell
from tests.support.wait import PATIENCE, eventually


def basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


def status(port: int, path: str, host: str, token: str = "", method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={"Host": host} | ({"Authorization": token} if token else {}))
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.row(26)
@pytest.mark.parametrize(
    ("host", "index"),
    [
        ("127.0.0.1:9180", 200), ("localhost:9180", 200), ("LOCALHOST", 200), ("[::1]:9180", 200), ("10.1.2.3", 200),
        ("admin.internal:9180", 200), ("evil.example", 403), ("localhost.evil.example", 403), ("", 403), ("[evil]", 403),
        ("[::1]evil.example", 403), ("[localhost", 403), ("localhost:80:evil", 403), ("127.0.0.1:x", 403),
    ],
)  # fmt: skip
def test_probes_and_scrapes_are_for_any_name_and_pages_for_known_ones(start: Start, host: str, index: int) -> None:
    proxy, _ = start(admin_host=("admin.internal",))
    port = proxy.plane.admin.address.port
    for path in ("/metrics", "/livez", "/readyz"):
        assert status(port, path, host) == 200
    for path in ("/", "/inventory", "/forecast", "/drift", "/policy"):
        assert status(port, path, host) == index


@pytest.mark.row(26)
@pytest.mark.parametrize(
    ("given", "index"),
    [
        ("", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer ", 401),
        (f"Basic {TOKEN}", 401),
        (basic(f"anybody:{TOKEN}"), 200),  # browsers send this
        (basic(f":{TOKEN}"), 200),
        (basic(TOKEN), 401),
        (basic("anybody:"), 401),
        (basic(f"{TOKEN}:anybody"), 401),
        ("Basic \xff=", 401),
        ("Bearer \xff\xfe", 401),
        (f"Bearer {TOKEN}\x85", 401),
    ],
)
def test_beyond_loopback_pages_need_the_token(start: Start, tmp_path: Path, given: str, index: int) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "token").chmod(0o600)
    proxy, _ = start(admin=Address("0.0.0.0", 0), admin_token_file=str(tmp_path / "token"))
    port = proxy.plane.admin.address.port
    assert status(port, "/metrics", "x") == 200
    assert status(port, "/", "127.0.0.1", given) == index
    assert status(port, "/", "evil.example", given) == 403
    if given.startswith("Basic"):  # a form of another site sends it too, if the browser has stored it
        assert status(port, "/reload", "127.0.0.1", given, "POST") == 403


def test_a_browser_is_asked_for_the_token(start: Start, token: str) -> None:
    proxy, _ = start(admin=Address("0.0.0.0", 0), admin_token_file=token)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{proxy.plane.admin.address.port}/")
    assert refused.value.headers["WWW-Authenticate"].startswith(
        'Basic realm="cookiewarden: any user name, and the token as password"'
    )


@pytest.mark.row(26)
def test_beyond_loopback_pages_need_a_token(start: Start) -> None:
    proxy, _ = start(admin=Address("0.0.0.0", 0))
    port = proxy.plane.admin.address.port
    assert status(port, "/", "127.0.0.1") == 403 and status(port, "/readyz", "x") == 200


@pytest.mark.row(26)
@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/livez", "/readyz", "/none", "/inventory", "/forecast", "/drift", "/policy"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_get_request_changes_nothing(start: Start, path: str, method: str) -> None:
    proxy, _ = start()
    assert status(proxy.plane.admin.address.port, path, "localhost", method=method) in (404, 405)


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (None, 0, "no such file or directory"),
        ("short", 0o600, "expected at least 16 octets"),
        (TOKEN, 0o604, "can be read by others (mode 0604); run chmod 600 "),
        (TOKEN, 0o660, "can be read by others (mode 0660); run chmod 600 "),
    ],
)
def test_a_token_that_cannot_be_used_keeps_the_proxy_from_starting(
    tmp_path: Path, text: str | None, mode: int, told: str
) -> None:

    (tmp_path / "p.yaml").write_text(POLICY)
    if text is not None:
        (tmp_path / "token").write_text(text)
        (tmp_path / "token").chmod(mode)
    flags = ("--listen", "0", "--admin", "0", "--admin-token-file", str(tmp_path / "token"))
    code, _, error = run("run", "--policy", tmp_path / "p.yaml", "--upstream", "http://127.0.0.1:1", *flags)
    assert code == 3 and told in error


@pytest.mark.row(26)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_readyz_asks_nobody_and_is_503_while_draining(workers: str) -> None:
    with running("--drain-delay", "1", "--workers", workers) as proxy:
        proxy.origin.close()  # the application is down, and the proxy is ready all the same
        assert ready(proxy.admin) == 200
        proxy.signal(signal.SIGTERM)
        assert eventually(lambda: ready(proxy.admin) == 503)
        request = get(b"/readyz", CLOSE)
        assert refused(ask(proxy.admin, request)) == (503, ErrorCode.NOT_READY)


@pytest.mark.row(27)
@pytest.mark.parametrize(
    "request_bytes",
    [
        get(b"/metrics", b"Cookie: sid=" + b"CANARY" * 3000),
        get(b"/metrics", b"Cookie: sid=CANARY\x01"),
        get(b"/metrics", b"Cookie : sid=CANARY"),
        b"Cookie: sid=CANARY\r\n\r\n",
        get(b"/none", b"Cookie: sid=CANARY", CLOSE),
    ],
)
def test_no_error_page_repeats_what_was_sent(start: Start, request_bytes: bytes) -> None:
    proxy, _ = start()
    answer = ask(proxy.plane.admin.address.port, request_bytes)
    assert int(answer.split(b" ")[1]) in (400, 403, 404, 431) and b"CANARY" not in answer


def test_an_admin_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    with running() as proxy, Client(proxy.admin) as client:
        client.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                client.socket.send(get(b"/metrics"))
        began = time.monotonic()
        proxy.process.terminate()
        assert proxy.process.wait(PATIENCE) == 0
        assert time.monotonic() - began < 15  # the grace is 20


# Refusals

LISTENERS: dict[str, dict[str, object]] = {
    "on loopback": {},
    "without an inventory": {"inventory": False},
    "beyond loopback": {"admin": Address("0.0.0.0", 0)},
}


@pytest.mark.parametrize(
    ("listener", "path", "method", "host", "code", "error"),
    [
        ("on loopback", "/none", "GET", "localhost", 404, ErrorCode.NOT_FOUND),
        ("on loopback", "/policy", "PUT", "localhost", 405, ErrorCode.METHOD_NOT_ALLOWED),
        ("on loopback", "/policy", "GET", "evil.example", 403, ErrorCode.HOST_NOT_ALLOWED),
        ("on loopback", "/mode", "POST", "localhost", 403, ErrorCode.TOKEN_NOT_SET),
        ("on loopback", "/policy", "GET", "localhost\r\nX: \x01", 400, ErrorCode.BAD_REQUEST),
        ("without an inventory", "/inventory", "GET", "localhost", 404, ErrorCode.NO_INVENTORY),
        ("without an inventory", "/forecast", "GET", "localhost", 404, ErrorCode.NO_INVENTORY),
        ("without an inventory", "/drift", "GET", "localhost", 404, ErrorCode.NO_INVENTORY),
        ("beyond loopback", "/policy", "GET", "localhost", 403, ErrorCode.TOKEN_NOT_SET),
    ],
)
def test_an_error_is_json_with_its_code(
    start: Start, listener: str, path: str, method: str, host: str, code: int, error: ErrorCode
) -> None:
    proxy, _ = start(**LISTENERS[listener])
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert refused(ask(proxy.plane.admin.address.port, head.encode())) == (code, error)


@pytest.mark.parametrize(
    ("path", "method", "given", "body", "code", "error"),
    [
        ("/policy", "GET", "", "", 401, ErrorCode.TOKEN_REQUIRED),
        ("/policy", "GET", "Bearer another", "", 401, ErrorCode.TOKEN_WRONG),
        ("/mode", "POST", "", "", 403, ErrorCode.TOKEN_REQUIRED),
        ("/reload", "POST", "Bearer another", "", 403, ErrorCode.TOKEN_WRONG),
        ("/mode", "POST", f"Bearer {TOKEN}", "{}", 400, ErrorCode.INVALID_MODE),
    ],
)
def test_an_error_about_the_token_or_the_mode_is_json_with_its_code(
    start: Start, token: str, path: str, method: str, given: str, body: str, code: int, error: ErrorCode
) -> None:
    proxy, _ = start(admin=Address("0.0.0.0", 0), admin_token_file=token)
    authorization = f"Authorization: {given}\r\n" if given else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Length: {len(body)}\r\n"
    request = f"{head}Connection: close\r\n\r\n{body}".encode()
    assert refused(ask(proxy.plane.admin.address.port, request)) == (code, error)


def test_orders_that_are_not_done_in_time_are_errors_with_their_codes(
    start: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, _ = start(admin_token_file=token)

    async def not_yet() -> None:
        return None

    async def late(mode: object, seconds: float) -> str:
        return "1 worker of 2 did not take it yet, and will be replaced"

    monkeypatch.setattr(Operation, "reload", lambda self: not_yet())
    monkeypatch.setattr(Operation, "turn_mode", lambda self, mode, seconds: late(mode, seconds))
    code, answer = tell(proxy.admin, "/reload")
    assert (code, json.loads(answer)["error"]) == (503, ErrorCode.NOT_LOADED)
    code, answer = tell(proxy.admin, "/mode", b'{"mode": "report"}')
    assert (code, json.loads(answer)["error"]) == (503, ErrorCode.NOT_EVERYWHERE)


def test_a_body_that_does_not_come_is_an_error_with_its_code(
    start: Start, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.2)
    proxy, _ = start(admin_token_file=token)
    authorization = f"Authorization: Bearer {TOKEN}".encode()
    head = get(b"/mode", authorization, b"Content-Length: 9", CLOSE, method=b"POST")
    with Client(proxy.plane.admin.address.port) as client:
        client.send(head.replace(b"shop.example", b"localhost"))
        assert refused(client.read_until(b"}\n")) == (408, ErrorCode.REQUEST_TIMEOUT)


def test_a_fault_of_our_own_is_an_error_with_its_code(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(self: Operation) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(Operation, "policy_json", fails)
    proxy, _ = start()
    request = get(b"/policy", CLOSE).replace(b"shop.example", b"localhost")
    assert refused(ask(proxy.plane.admin.address.port, request)) == (500, ErrorCode.INTERNAL_ERROR)


def refused(answer: bytes) -> tuple[int, ErrorCode]:
    """Return status and code of an error, and check its schema."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\ncontent-type: application/json\r\n" in head.lower() + b"\r\n"
    document = json.loads(body)
    jsonschema.validate(document, wire.schema_of("error"))
    assert document["message"]
    return int(head.split(b" ")[1]), ErrorCode(document["error"])


# Requests that change something


@pytest.mark.row(26)
@pytest.mark.parametrize("path", ["/mode", "/reload"])
def test_requests_that_change_something_need_the_token_on_loopback_too(start: Start, token: str, path: str) -> None:
    proxy, _ = start(admin_token_file=token)
    port = proxy.plane.admin.address.port
    for given in ("", "Bearer wrong-token-of-some-length", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}"):
        assert status(port, path, "localhost", given, "POST") == 403
    assert status(port, path, "evil.example", f"Bearer {TOKEN}", "POST") == 403
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        assert status(port, path, "localhost", f"Bearer {TOKEN}", method) == 405
    assert mode_of(proxy) == "enforce" and proxy.plane.status.successes == 0


def test_without_a_token_file_nothing_can_be_changed(start: Start) -> None:
    proxy, _ = start()
    code, told = tell(proxy.admin, "/mode", b'{"mode": "report"}')
    assert code == 403 and b"--admin-token-file" in told


SETS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=CANARY\r\nSet-Cookie: undeclared=CANARY\r\n\r\nok"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"report",
        b'{"mode": "off"}',
        b'{"mode": "report", "seconds": -1}',
        b'{"mode": "report", "seconds": "10"}',
        b'{"mode": "report", "seconds": true}',
        b"{" * 10000,
        b'"\xff"',
        b'{"mode": "CANARY"}',
    ],
)
def test_a_mode_that_cannot_be_understood_changes_nothing(start: Start, token: str, body: bytes) -> None:
    proxy, _ = start(admin_token_file=token)
    code, told = tell(proxy.admin, "/mode", body)
    assert code == 400 and json.loads(told)["error"] == ErrorCode.INVALID_MODE and b"CANARY" not in told
    assert mode_of(proxy) == "enforce"


def test_a_requested_reload_returns_its_result(start: Start, token: str) -> None:
    proxy, _ = start(admin_token_file=token)
    proxy.policy.write_text(POLICY.replace("secure", "secur").replace("lifetime: 1h", "lifetime: 1m"))
    code, answer = tell(proxy.admin, "/reload")
    told = json.loads(answer)
    assert code == 422 and not told["reload_successful"]
    problems = told["reloads"][-1]["problems"]
    assert len(problems) == 3 and 'did you mean "secure"' in problems[0]
    page = urllib.request.urlopen(f"{proxy.admin}/").read().decode()
    assert "The policy could not be loaded" in page and "did you mean" in page
    proxy.policy.write_text(POLICY + "mode: report\n")
    code, answer = tell(proxy.admin, "/reload")
    assert code == 200 and json.loads(answer)["mode"] == "report"


def test_a_client_that_disconnects_during_its_body_is_not_an_internal_error(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    proxy, _ = start(admin_token_file=str(tmp_path / "token"))
    head = "POST /mode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n"
    client = Client(proxy.plane.admin.address.port)
    client.send(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n{{".encode())
    assert mode_of(proxy) == "enforce"
    client.reset()
    assert not eventually(lambda: "failed to answer" in caplog.text, 0.5)


@pytest.mark.parametrize("name", ["inventory", "forecast", "drift", "policy"])
def test_answers_match_their_schemas(start: Start, name: str) -> None:
    proxy, _ = start(SETS)
    ask(proxy.port, get(b"/", b"Cookie: sid=CANARY; x=CANARY", CLOSE))
    answer = urllib.request.urlopen(f"{proxy.admin}/{name}")
    assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"
    jsonschema.validate(json.loads(answer.read()), wire.schema_of(name))


def test_the_page_loads_no_foreign_resource_and_forbids_framing(start: Start) -> None:
    proxy, _ = start(SETS)
    answer = urllib.request.urlopen(f"{proxy.admin}/")
    policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert (
        not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)
        and " style=" not in page
        and " on" not in re.sub(r">[^<]*<", "><", page.split("<script")[0])
    )


def test_a_request_in_pieces_is_read_whole(start: Start, token: str) -> None:
    proxy, _ = start(admin_token_file=token)
    body = b'{"mode": "report", "seconds": 60}'
    with Client(proxy.plane.admin.address.port) as client:
        head = get(
            b"/mode",
            f"Authorization: Bearer {TOKEN}".encode(),
            b"Content-Length: %d" % len(body),
            CLOSE,
            method=b"POST",
        )
        client.send(head.replace(b"shop.example", b"localhost"))
        for piece in (body[:5], body[5:20], body[20:]):
            time.sleep(0.05)
            client.send(piece)
        assert b"200 OK" in client.read_all()
    assert mode_of(proxy) == "report"


@pytest.mark.row(26)
@pytest.mark.parametrize("what", ["nothing", "half a head", "no reading"])
def test_idle_connections_do_not_block_probes_and_scrapes(start: Start, what: str) -> None:
    proxy, _ = start()
    port = proxy.plane.admin.address.port
    before = len(os.listdir("/proc/self/fd"))
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Client(port)) for _ in range(5 * MAX_CONNECTIONS)]
        for client in held:
            with contextlib.suppress(OSError):  # it may already be closed
                if what == "half a head":
                    client.send(b"GET /metrics HTTP/1.1\r\nHost: local")
                elif what == "no reading":
                    client.send(get(b"/metrics") * 20)
        for path in ("/livez", "/metrics", "/"):
            assert status(port, path, "localhost") == 200
        assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + len(held) + MAX_CONNECTIONS)


def test_an_endless_head_and_an_unread_answer_time_out(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_server, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(admin_server, "REQUEST_SECONDS", 1.0)
    proxy, _ = start()
    port = proxy.plane.admin.address.port
    with Client(port) as silent, Client(port) as slow, Client(port) as idle:
        idle.send(get(b"/livez"))
        assert b"200 OK" in idle.read_until(b"ok\n")
        began = time.monotonic()
        slow.send(b"GET / HTTP/1.1\r\nHo")
        assert silent.read_all() == slow.read_all() == b"" and 0.2 < time.monotonic() - began < 8
        assert idle.read_all() == b"" and time.monotonic() - began < 30


def test_a_body_that_contradicts_its_content_encoding_is_a_400(
    start: Start, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, _ = start(admin_token_file=token)
    code, _ = tell(proxy.admin, "/mode", b"{}", **{"Content-Encoding": "gzip"})
    assert code == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
