"""Outgoing HTTP to servers that are down, slow or invalid gives a message, never a traceback."""

import contextlib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from cookiewarden.core.policy.problem import shown_url
from cookiewarden.core.report.review import period
from cookiewarden.tools import http as client
from cookiewarden.tools.admin_client import Operator
from cookiewarden.tools.http import NoAnswer, fetch
from cookiewarden.tools.prometheus import Prometheus
from tests.support.command import run
from tests.support.process import free_port

NOW = 1_000_000.0


@contextlib.contextmanager
def server(script: Callable[[socket.socket], None]) -> Iterator[str]:
    """Yields a URL whose connections go to `script`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):
                    script(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def saying(body: bytes, status: bytes = b"200 OK") -> Callable[[socket.socket], None]:
    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body)) + body
        )

    return script


def test_a_server_that_is_down_is_reported_with_the_system_error() -> None:
    with pytest.raises(NoAnswer, match=r"cannot connect to http://[^ ]*: connection refused$"):
        fetch(f"http://127.0.0.1:{free_port()}/")


def test_a_server_that_drips_is_given_up_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)

    began = time.monotonic()
    with server(drip) as url, pytest.raises(NoAnswer, match=r"did not answer within 0\.5 seconds"):
        fetch(url, seconds=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n\x00: 1\r\n\r\n",
    ],
)
def test_a_server_without_http_is_reported(said: bytes) -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with server(script) as url, pytest.raises(NoAnswer, match=r"is not HTTP|not valid \(not HTTP"):
        fetch(url)


def test_an_answer_without_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BODY", 1 << 20)

    def endless(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with server(endless) as url, pytest.raises(NoAnswer, match="is larger than 1 MiB"):
        fetch(url)


@pytest.fixture
def tls_server() -> Iterator[int]:
    """Yields the port of a server with an untrusted certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


def test_an_untrusted_certificate_is_reported(tls_server: int) -> None:
    with pytest.raises(NoAnswer, match=r"the certificate of .* is not valid: .*certificate"):
        fetch(f"https://localhost:{tls_server}/")


def test_a_server_without_tls_is_reported() -> None:
    with server(saying(b"x")) as url, pytest.raises(NoAnswer, match="the TLS handshake failed"):
        fetch(url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:CANARY@127.0.0.1:1/a?b=CANARY#c", "http://127.0.0.1:1/a"), ("http://me:CAN@ARY@h/", "http://h/"), ("http://h/a@b", "http://h/a@b"),
        ("file?.md", "file?.md"), ("me@h", "me@h"),
    ],
)  # fmt: skip
def test_a_name_and_a_password_in_a_url_are_not_printed(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    if "://" in url:
        with pytest.raises(NoAnswer) as told:
            fetch(url, seconds=2)
        assert "CANARY" not in str(told.value) and "ARY" not in str(told.value)


def test_a_name_and_a_password_in_a_url_are_used() -> None:
    heads: list[bytes] = []

    def script(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with server(script) as url:
        assert fetch(url.replace("//", "//me:secret@")).status == 200
    assert b"Authorization: Basic bWU6c2VjcmV0" in heads[0]


def test_an_invalid_url_is_reported() -> None:
    for url in ("http://", "http://[::1", "http://a b/"):
        with pytest.raises(NoAnswer):
            fetch(url)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"status": "success"}', b'{"status": "success", "data": {"result": [{"metric": {}, "values": [[1, "x"]]}]}}', b'{"status": "success", "data": {"result": [{"metric": [], "values": [[1, "1"]]}]}}', b"[" * 100_000, b'{"status": "success", "data": {"result": [1]}}'],
)  # fmt: skip
def test_an_invalid_answer_of_prometheus_is_reported(body: bytes) -> None:
    with server(saying(body)) as url, pytest.raises(NoAnswer, match="is not a Prometheus server"):
        Prometheus(url, "").found(period(60, NOW))


def test_a_refusal_of_prometheus_is_reported_with_its_reason() -> None:
    refusal = json.dumps({"status": "error", "errorType": "bad_data", "error": "parse error\u202e"}).encode()
    with (
        server(saying(refusal, b"400 Bad Request")) as url,
        pytest.raises(NoAnswer, match=r"rejected the query: parse error\\u202e"),
    ):
        Prometheus(url, "").found(period(60, NOW))


def test_samples_are_assigned_to_their_steps_and_invalid_numbers_are_missing() -> None:
    asked = period(180, NOW)
    values = [[NOW - 180, "1"], [NOW - 120, "2.5"], [NOW - 50, "4"], [NOW, "NaN"]]
    body = json.dumps({"status": "success", "data": {"result": [{"metric": {"cookie": "b"}, "values": values}]}})
    with server(saying(body.encode())) as url:
        found = Prometheus(url, 'job="x"').found(asked)
    (series,) = found.counted["cookies"]
    # This server gives the same answer to every query, also to those on restarted counters.
    assert (series.labels["cookie"], series.values) == ("b", [2.5, 4.0, None])
    assert found.gauges["proxies"][0].values == [2.5, 4.0, None]
    assert (found.policies[0].first, found.policies[0].last) == (NOW - 180, NOW)


def test_a_prometheus_without_the_proxy_is_reported() -> None:
    body = b'{"status": "success", "data": {"result": []}}'
    with (
        server(saying(body)) as url,
        pytest.raises(NoAnswer, match=r'has no series of cookiewarden\{job="x"\} for this period'),
    ):
        Prometheus(url, 'job="x"').found(period(60, NOW))


def test_an_admin_listener_of_another_version_is_reported() -> None:
    with server(saying(b'{"cookiewarden": "inventory", "format": 7, "inventory": {}}')) as url:
        with pytest.raises(NoAnswer, match="is not an admin listener of this version: format"):
            Operator(url).inventory()
        with pytest.raises(NoAnswer, match="is not an admin listener of this version"):
            Operator(url).forecast()


def test_a_refusal_is_printed_escaped_and_shortened() -> None:
    with (
        server(saying(b"\x1b[31mno\r\n" + b"x" * 9999, b"403 Forbidden")) as url,
        pytest.raises(NoAnswer) as refused,
    ):
        Operator(url).drift()
    assert re.search(r"returned status 403: \\x1b\[31mno", str(refused.value)) and len(str(refused.value)) < 700


@pytest.mark.parametrize(
    ("status", "code", "ends"),
    [
        (b"404 Not Found", "no-inventory", r"returned status 404: WHY$"),
        (b"403 Forbidden", "token-wrong", r"returned status 403: WHY; give the token with --token-file FILE$"),
        (b"401 Unauthorized", "token-required", r"returned status 401: WHY; give the token with --token-file FILE$"),
        (b"403 Forbidden", "host-not-allowed", r"returned status 403: WHY$"),
        (b"404 Not Found", "of-another-version", r'returned status 404: .*"message": "WHY"'),
    ],
)  # fmt: skip
def test_the_hint_of_a_refusal_follows_its_code(status: bytes, code: str, ends: str) -> None:
    # Another error text, on which no check may depend.
    for why in ("there is no inventory", "no"):
        body = json.dumps({"error": code, "message": why}).encode()
        with server(saying(body, status)) as url, pytest.raises(NoAnswer, match=ends.replace("WHY", why)):
            Operator(url).inventory()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (b"200 OK", b"ok\n", ""),
        (b"503 Service Unavailable", b'{"error": "not-ready", "message": "draining"}', "draining"),
    ],
)
def test_readiness_follows_readyz(status: bytes, body: bytes, told: str) -> None:
    with server(saying(body, status)) as url:
        assert Operator(url).readiness() == told


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (b"503 Service Unavailable", b"the application is down"),
        (b"503 Service Unavailable", b'{"error": "not-loaded", "message": "x"}'),
        (b"200 OK", b"<html>welcome</html>"),
        (b"404 Not Found", b""),
    ],
)
def test_an_unexpected_answer_to_readyz_is_reported(status: bytes, body: bytes) -> None:
    with server(saying(body, status)) as url, pytest.raises(NoAnswer, match="is not an admin listener"):
        Operator(url).readiness()


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (None, 0, "no such file"),
        (b"", 0o600, "is empty"),
        (b"\xff\xfe", 0o600, "must contain a single line"),
        (b"two\nlines of it", 0o600, "must contain a single line"),
        (b"a-token-of-the-admin-listener", 0o644, r"can be read by others \(mode 0644\); run chmod 600 "),
        (b"a-token-of-the-admin-listener", 0o640, "returned status"),  # mounted as Kubernetes mounts secrets
    ],
)
def test_an_unusable_token_file_is_reported(tmp_path: Path, content: bytes | None, mode: int, told: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with server(saying(b"no", b"403 Forbidden")) as url, pytest.raises(NoAnswer, match=told):
        Operator(url, str(path)).policy()


LIE = "\\u001b[31m\\u202e\\nx"


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("forecast", '{"policy": "%s", "sha256": "%s", "since": 1e999, "cookies": [{"name": "%s", "entry": "", "verdict": "breaks", "advice": "%s", "action": "%s", "reasons": ["%s"], "responses": -1, "requests": 1, "where": ["%s"], "since": 1e300, "last": -5}]}'),
        ("drift", '{"policy": "%s", "sha256": "%s", "since": 1e300, "findings": [{"kind": "undeclared", "name": "%s", "told": "%s", "entry": "%s", "declared_at": "%s", "yaml": "%s"}]}'),
    ],
)  # fmt: skip
def test_control_characters_of_a_false_admin_listener_are_escaped(command: str, body: str) -> None:
    with server(saying((body % ((LIE,) * 7)).encode())) as url:
        code, out, err = run(command, url)
    assert code == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", out + err) and "\\u202e" in out
