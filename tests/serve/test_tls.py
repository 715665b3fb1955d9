"""TLS on both sides, with OpenSSL at the other end."""

import contextlib
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from cookiewarden.serve.address import Address, Upstream
from cookiewarden.serve.listening.tls import BadTLS, listener_tls
from cookiewarden.serve.settings import Settings
from tests.support.certificates import AUTHORITY, issue
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.origin import OK, Origin, answering
from tests.support.proxy import Proxy, Start
from tests.support.wait import PATIENCE, eventually

OTHER = trustme.CA()
SETS = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1\r\nContent-Length: 2\r\n\r\nok"


def trusting(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@contextlib.contextmanager
def tls_client(proxy: Proxy, context: ssl.SSLContext | None = None) -> Iterator[Client]:
    with Client(proxy.port) as client:
        client.socket = (context or trusting()).wrap_socket(client.socket, server_hostname="localhost")
        yield client


def listening(start: Start, files: dict[str, str], answer: Any = SETS, **settings: Any) -> tuple[Proxy, Origin]:
    return start(answer, tls_cert=files["cert"], tls_key=files["key"], **settings)


def test_browsers_connect_by_tls_and_the_application_is_told(start: Start, files: dict[str, str]) -> None:
    proxy, origin = listening(start, files)
    with tls_client(proxy) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == "http/1.1" and client.socket.version() == "TLSv1.3"
        for _ in range(3):
            client.send(get())
            assert b"Set-Cookie: sid=CANARY1; Secure" in client.read_response()[0]
    assert all(b"\r\nX-Forwarded-Proto: https\r\n" in request for request in origin.requests)
    assert origin.connections == 1


def test_curl_is_served_by_tls(start: Start, files: dict[str, str]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    proxy, _ = listening(start, files)
    command = ["curl", "-sS", "-i", "--cacert", files["ca"], f"https://localhost:{proxy.port}/"]
    answer = subprocess.run(command, capture_output=True, timeout=PATIENCE)
    assert answer.stdout.startswith(b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1; Secure"), answer


def test_bodies_travel_both_ways_by_tls(start: Start, files: dict[str, str]) -> None:
    body = bytes(range(256)) * 40_000  # 10 MB

    def script(connection: Any) -> None:
        connection.read_head()
        received = connection.read(len(body))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(received) + received)

    proxy, _ = listening(start, files, script)
    with tls_client(proxy) as client:
        client.send(get(b"/", b"Content-Length: %d" % len(body), method=b"PUT", body=body))
        assert client.read_response()[1] == body


def test_plain_http_old_tls_and_a_stranger_are_not_served_but_counted_and_told(
    start: Start, files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    proxy, origin = listening(start, files)
    assert b"HTTP/1.1" not in ask(proxy.port, get())
    old = trusting()
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)), tls_client(proxy, old):
        pass
    with pytest.raises(ssl.SSLCertVerificationError), tls_client(proxy, trusting(OTHER)):
        pass
    assert origin.requests == [] and eventually(lambda: not proxy.driver.connections.open)
    assert eventually(lambda: proxy.metrics.client_errors["tls"] == 3)
    assert caplog.text.count("TLS handshake with a client failed: http request (1 time since") == 1


def test_a_certificate_without_a_key_says_which_flag_is_missing(files: dict[str, str]) -> None:
    settings = Settings(tls_cert=files["cert"])
    with pytest.raises(BadTLS, match="contains no private key; give --tls-key"):
        listener_tls(settings)


def test_a_client_certificate_can_be_required(start: Start, files: dict[str, str]) -> None:
    proxy, origin = listening(start, files, tls_client_ca=files["ca"])
    for context, served in ((trusting(), False), (trusting(), True)):
        if served:
            AUTHORITY.issue_cert("client.example").configure_cert(context)
        answer = b""
        with contextlib.suppress(ssl.SSLError, ConnectionError), tls_client(proxy, context) as client:
            client.send(get(b"/", CLOSE))
            answer = client.read_all()
        assert (b"200 OK" in answer) is served
    assert len(origin.requests) == 1


def serial(client: Client) -> object:
    assert isinstance(client.socket, ssl.SSLSocket)
    return (client.socket.getpeercert() or {})["serialNumber"]


def test_a_renewed_certificate_is_shown_to_new_connections_and_open_ones_go_on(
    start: Start, files: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    proxy, _ = listening(start, files)
    with tls_client(proxy) as before:
        old = serial(before)
        (tmp_path / "cert.pem").write_text("half a")
        assert eventually(lambda: "the previous one stays in use: --tls-cert" in caplog.text)
        with tls_client(proxy) as client:
            assert serial(client) == old
        issue(AUTHORITY, tmp_path)

        def renewed() -> bool:
            with tls_client(proxy) as client:
                return serial(client) != old

        assert eventually(renewed)
        before.send(get())
        assert before.read_response()[1] == b"ok"
    assert "BEGIN" not in caplog.text


# The application by TLS


@pytest.fixture
def secure_origin(start: Start, files: dict[str, str]) -> Iterator[Any]:
    """Starts a proxy in front of an origin that speaks TLS with a certificate for `localhost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["cert"], files["key"])
    origins = []

    def begin(host: str = "localhost", **settings: Any) -> tuple[Proxy, Origin]:
        origin = Origin(answering(SETS), tls=context)
        origins.append(origin)
        port = origin.socket.getsockname()[1]
        upstream = Upstream(f"https://{host}:{port}", Address(host, port), tls=True)
        proxy, _ = start(OK, upstream=upstream, **settings)
        return proxy, origin

    yield begin
    for origin in origins:
        origin.close()


def test_the_application_may_speak_tls_and_its_connection_is_kept(secure_origin: Any, files: dict[str, str]) -> None:
    proxy, origin = secure_origin(upstream_ca=files["ca"])
    with Client(proxy.port) as client:
        for _ in range(3):
            client.send(get())
            head, body = client.read_response()
            assert body == b"ok" and b"Set-Cookie: sid=CANARY1; Secure" in head
    assert origin.connections == 1


@pytest.mark.parametrize(
    ("host", "settings", "status"),
    [
        ("localhost", {}, 502),  # the system does not know the authority
        ("127.0.0.1", {"upstream_ca": "ca"}, 502),  # the certificate is for another name
        ("127.0.0.1", {"upstream_ca": "ca", "upstream_server_name": "localhost"}, 200),
        ("127.0.0.1", {"upstream_verify": False}, 200),
    ],
)
def test_the_certificate_of_the_application_is_checked_unless_told_otherwise(
    secure_origin: Any, files: dict[str, str], host: str, settings: dict[str, Any], status: int
) -> None:
    settings = {name: files.get(str(value), value) for name, value in settings.items()}
    proxy, origin = secure_origin(host, **settings)
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == status
    assert proxy.metrics.upstream_errors["tls"] == (status == 502)
    assert len(origin.requests) == (status == 200)


def test_an_application_that_speaks_no_tls_is_a_502(start: Start) -> None:
    plain = Origin(answering(OK))
    port = plain.socket.getsockname()[1]
    upstream = Upstream(f"https://localhost:{port}", Address("localhost", port), tls=True)
    proxy, _ = start(OK, upstream=upstream, read_timeout=2, connect_timeout=2)
    answer = status_of(ask(proxy.port, get(b"/", CLOSE)))
    plain.close()
    assert answer in (502, 504)
