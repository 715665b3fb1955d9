"""Objection, renewal and /.well-known/gpc.json through real Envoy."""

import contextlib
import json
from pathlib import Path

import pytest

from tests.envoy.clients import Http1, Http2
from tests.envoy.envoys import ENVOYS, running
from tests.support import policies
from tests.support.origin import Origin, OriginConnection

pytestmark = pytest.mark.envoy
POLICY = """
version: 1
policy: promises
statement: {edited: 2026-11-29}
categories:
  functional: {basis: needed}
  ads: {consent: opt-out, gpc: deny}
cookies:
  - {name: once, category: functional, renew: false}
  - {name: banner, category: ads}
"""


def application(connection: OriginConnection) -> None:
    """Set two cookies on each page, and answer 404 with a long body below /.well-known/."""
    while True:
        head = connection.read_head()
        if b" /.well-known/" in head:
            connection.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        else:
            lines = b"Set-Cookie: once=1; Max-Age=60\r\nSet-Cookie: banner=1\r\n"
            connection.send(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\nok")


@pytest.mark.parametrize("client", [Http1, Http2])
@pytest.mark.parametrize("version", ENVOYS)
def test_promises_hold_behind_envoy(version: str, client, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    with (
        contextlib.closing(Origin(application)) as origin,
        running(version, policies.policy(POLICY), path, tmp_path, origin.port) as envoy,
        contextlib.closing(client(envoy.port)) as connection,
    ):

        def lines(*fields: tuple[bytes, bytes]) -> list[bytes]:
            return [value for name, value in connection.ask(b"/", list(fields)).fields if name.lower() == b"set-cookie"]

        assert lines() == [b"once=1; Max-Age=60", b"banner=1"]
        assert lines((b"cookie", b"once=1")) == [b"banner=1"]
        assert lines((b"sec-gpc", b"1"), (b"cookie", b"once=2; banner=1")) == [b"once=1; Max-Age=60"]
        for _ in range(2):
            support = connection.ask(b"/.well-known/gpc.json")
            assert (support.status, json.loads(support.body)) == (200, {"gpc": True, "lastUpdate": "2026-11-29"})
            assert dict(support.fields)[b"content-type"] == b"application/json"
        other = connection.ask(b"/.well-known/security.txt")
        assert (other.status, len(other.body)) == (404, 100_000)
        assert "rejected_header_mutations" not in envoy.stats()
