"""The same exchanges get the same cookies, byte for byte and in order: engine, sidecar, and Envoy with the processor."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cookiewarden.core.engine.decision import Exchange
from tests.envoy.clients import Http1, Http2
from tests.envoy.envoys import ENVOYS, running
from tests.support import exchanges, policies
from tests.support.exchanges import POLICY
from tests.support.origin import Origin, OriginConnection
from tests.support.proxy import starter

pytestmark = pytest.mark.envoy
EXCHANGES = exchanges.exchanges()


def application(connection: OriginConnection) -> None:
    """Answer `/n/NUMBER` with the Set-Cookie lines of the exchange, and with the Cookie fields as the body."""
    while (head := connection.read_head()) is not None:
        number = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
        body = b"\n".join(line for line in head.split(b"\r\n") if line.lower().startswith(b"cookie:"))
        lines = b"".join(b"Set-Cookie: %b\r\n" % line.encode("latin-1") for line in EXCHANGES[number][1])
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n%bContent-Length: %d\r\n\r\n%b"
            % (lines, len(body), body)
        )


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    origin = Origin(application)
    yield origin
    origin.close()


def wanted(number: int) -> tuple[list[bytes], list[bytes]]:
    """Return the engine's Cookie field and Set-Cookie lines of an exchange."""
    request, response = EXCHANGES[number]
    fields = fields_of(request)
    of = Exchange(b"shop.example", b"/n/%d" % number, False, fields, b"GET")
    now = time.time()
    answered = [(b"content-type", b"text/html"), (b"cache-control", b"no-store")]
    answered += [(b"set-cookie", line.encode("latin-1")) for line in response]
    sent = [value for name, value in ENGINE.on_request(fields, of, now).headers if name == b"cookie"]
    got = [value for name, value in ENGINE.on_response(answered, of, now).headers if name.lower() == b"set-cookie"]
    return sent, got


ENGINE = policies.engine(POLICY)


def fields_of(request: list[str]) -> list[tuple[bytes, bytes]]:
    parts = (line.partition(":") for line in request)
    return [(name.lower().encode(), value.strip().encode("latin-1")) for name, _, value in parts]


def differing(connection: Http1 | Http2) -> list[object]:
    found: list[object] = []
    for number, (request, _) in enumerate(EXCHANGES):
        answer = connection.ask(b"/n/%d" % number, fields_of(request))
        sent = [line.partition(b":")[2].strip() for line in answer.body.split(b"\n") if line]
        if (sent, answer.all(b"set-cookie")) != wanted(number):
            found.append((number, sent, answer.all(b"set-cookie"), wanted(number)))
    return found


@pytest.mark.parametrize("client", [Http1, Http2])
@pytest.mark.parametrize("version", ENVOYS)
def test_envoy_with_the_processor_gives_the_engines_cookies(
    version: str, client, origin: Origin, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    with (
        running(version, policies.policy(POLICY), path, tmp_path, origin.port, "--scheme", "http") as envoy,
        contextlib.closing(client(envoy.port)) as connection,
    ):
        assert differing(connection) == []
        stats = envoy.stats()
        assert stats["streams_started"] == len(EXCHANGES) and "streams_failed" not in stats
        assert "rejected_header_mutations" not in stats


@pytest.mark.parametrize("version", ENVOYS)
def test_pages_of_the_proxy_keep_their_fields_behind_envoy(version: str, origin: Origin, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY + "inject_guard: true\nstatement: {path: /cookies}\n")
    with (
        running(version, policies.policy(path.read_text()), path, tmp_path, origin.port) as envoy,
        contextlib.closing(Http1(envoy.port)) as connection,
    ):
        page = dict(connection.ask(b"/cookies").fields)
        assert page[b"content-type"] == b"text/html; charset=utf-8" and page[b"cache-control"] == b"no-cache"
        assert {b"content-language", b"content-security-policy", b"etag", b"x-content-type-options"} <= page.keys()
        again = connection.ask(b"/cookies", [(b"if-none-match", page[b"etag"])])
        assert again.status == 304 and not again.body
        script = dict(connection.ask(b"/.well-known/cookiewarden/guard.js").fields)
        assert script[b"content-type"] == b"text/javascript; charset=utf-8" and script[b"cache-control"] == b"no-cache"
        assert connection.ask(b"/.well-known/cookiewarden/report?rogue", method=b"POST").status == 204
        assert connection.ask(b"/", [(b"cookie", b"x" * 40_000)]).status == 431
        assert "rejected_header_mutations" not in envoy.stats()


def test_the_sidecar_gives_the_engines_cookies(origin: Origin, tmp_path: Path) -> None:
    with starter(tmp_path) as start:
        proxy, _ = start(policy=POLICY, upstream=origin.upstream)
        with contextlib.closing(Http1(proxy.port)) as connection:
            assert differing(connection) == []
