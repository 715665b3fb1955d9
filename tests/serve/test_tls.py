"""TLS on both sides, with OpenSSL at the other end."""

import contextlib
import shutil
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from cookiewarden.serve.address import Address, Upstream
from cookiewarden.serve.listening.tls import BadTLS, listener_tls
from cookiewarden.serve.settings import Settings
from tests.support.certificates import AUTHORITY, issue
from tests.support.client import CLOSE, Client, ask, get, status_of
from tests.support.origin import OK, Origin, answering
from tests.support.process import ended
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


def test_browsers_connect_by_tls_and_the_application_gets_the_scheme(start: Start, files: dict[str, str]) -> None:
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
    # curl is not of ours
    answer = ended("curl", "-sS", "-i", "--cacert", files["ca"], f"https://localhost:{proxy.port}/", text=False)
    assert answer.stdout.startswith(b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=CANARY1; Secure"), answer


def test_bodies_arrive_intact_in_both_directions_by_tls(start: Start, files: dict[str, str]) -> None:
    body = bytes(range(256)) * 40_000  # 10 MB

    def script(connection: Any) -> None:
        connection.read_head()
        received = connection.read(len(body))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(received) + received)

    proxy, _ = listening(start, files, script)
    with tls_client(proxy) as client:
        client.send(get(b"/", b"Content-Length: %d" % len(body), method=b"PUT", body=body))
        assert client.read_response()[1] == body


def test_plain_http_old_tls_and_an_unknown_client_are_refused_counted_and_logged(
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


def client_hello() -> bytes:
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trusting().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="localhost").do_handshake()
    return sent.read()


@pytest.mark.row(5)
@pytest.mark.parametrize(
    "sent", [b"", client_hello()[:50], client_hello()], ids=["nothing", "a part", "the first half"]
)
def test_a_handshake_that_never_ends_is_late_like_any_head(start: Start, files: dict[str, str], sent: bytes) -> None:
    proxy, _ = listening(start, files, header_timeout=0.3, keepalive_timeout=PATIENCE)
    with Client(proxy.port) as client:
        began = time.monotonic()
        client.send(sent)
        client.read_all()
    assert time.monotonic() - began > 0.2  # the loop's clock counts in milliseconds
    errors = proxy.metrics.client_errors
    assert eventually(lambda: errors["header_timeout"] == 1) and errors["tls"] == 0
    assert eventually(lambda: not proxy.worker.listener.arriving)


def test_a_client_that_leaves_in_its_handshake_is_not_late(start: Start, files: dict[str, str]) -> None:
    proxy, _ = listening(start, files)
    for sent in (b"", client_hello()[:50], client_hello()):
        with Client(proxy.port) as client:
            client.send(sent)
    assert ask_by_tls(proxy).endswith(b"ok")  # it came after them: they were accepted
    assert eventually(lambda: not proxy.worker.listener.arriving)
    assert proxy.metrics.client_errors["header_timeout"] == 0


def ask_by_tls(proxy: Proxy) -> bytes:
    with tls_client(proxy) as client:
        client.send(get(b"/", CLOSE))
        return client.read_all()


def test_the_error_for_a_certificate_without_a_key_names_the_missing_flag(files: dict[str, str]) -> None:
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


def test_new_connections_get_a_renewed_certificate_and_open_ones_continue(
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
    """Yields a function that starts a proxy in front of a TLS origin with a certificate for `localhost`."""
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
        ("localhost", {}, 502),  # the system does not trust the authority
        ("127.0.0.1", {"upstream_ca": "ca"}, 502),  # the certificate is for another name
        ("127.0.0.1", {"upstream_ca": "ca", "upstream_server_name": "localhost"}, 200),
        ("127.0.0.1", {"upstream_verify": False}, 200),
    ],
)
def test_the_certificate_of_the_application_is_checked_by_default(
    secure_origin: Any, files: dict[str, str], host: str, settings: dict[str, Any], status: int
) -> None:
    settings = {name: files.get(str(value), value) for name, value in settings.items()}
    proxy, origin = secure_origin(host, **settings)
    assert status_of(ask(proxy.port, get(b"/", CLOSE))) == status
    assert proxy.metrics.upstream_errors["tls"] == (status == 502)
    assert len(origin.requests) == (status == 200)


def test_an_application_without_tls_is_a_502(start: Start) -> None:
    plain = Origin(answering(OK))
    port = plain.socket.getsockname()[1]
    upstream = Upstream(f"https://localhost:{port}", Address("localhost", port), tls=True)
    proxy, _ = start(OK, upstream=upstream, read_timeout=2, connect_timeout=2)
    answer = status_of(ask(proxy.port, get(b"/", CLOSE)))
    plain.close()
    assert answer in (502, 504)


@pytest.mark.parametrize("flag", ["tls_key", "tls_client_ca"])
def test_a_key_or_an_authority_without_a_certificate_is_refused(flag: str) -> None:
    with pytest.raises(BadTLS, match="--tls-key and --tls-client-ca need --tls-cert"):
        listener_tls(Settings(**{flag: "x.pem"}))  # type: ignore[arg-type]


def test_a_key_with_a_password_is_refused_and_not_asked_about(files: dict[str, str], tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(Path(files["key"]).read_bytes(), None)
    locked = tmp_path / "locked.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(*form, serialization.BestAvailableEncryption(b"CANARY")))
    with pytest.raises(BadTLS, match="the key is protected by a password; give one without"):
        listener_tls(Settings(tls_cert=files["cert"], tls_key=str(locked)))


def test_an_application_that_asks_for_a_certificate_gets_the_proxys(start: Start, files: dict[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    origin = Origin(answering(OK), tls=context)
    upstream = Upstream(f"https://localhost:{origin.port}", Address("localhost", origin.port), tls=True)
    own = {"upstream_cert": files["cert"], "upstream_key": files["key"]}
    for settings, status in ((own, 200), ({}, 502)):
        proxy, _ = start(upstream=upstream, upstream_ca=files["ca"], **settings)
        assert status_of(ask(proxy.port, get(b"/", CLOSE))) == status
    origin.close()


def test_sighup_has_the_certificate_read_again(start: Start, files: dict[str, str], tmp_path: Path) -> None:
    proxy, _ = listening(start, files)
    with tls_client(proxy) as client:
        old = serial(client)
    issue(AUTHORITY, tmp_path)
    for _ in range(2):  # the second while the first is being read: there is one reading at a time
        proxy.loop.call_soon_threadsafe(proxy.workers.reload_certificates)

    def is_new() -> bool:
        with tls_client(proxy) as client:
            return serial(client) != old

    assert eventually(is_new)
