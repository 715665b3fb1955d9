"""The statement and the guard's script reach browsers through real Envoy with all their header fields."""

import contextlib
from pathlib import Path

import pytest

from tests.envoy.clients import Http1, Http2
from tests.envoy.envoys import ENVOYS, running
from tests.support import policies
from tests.support.origin import Origin, answering

pytestmark = pytest.mark.envoy
POLICY = """
version: 1
policy: pages
inject_guard: true
statement: {path: /cookies, languages: [en, nl]}
cookies: [{name: sid}]
"""


@pytest.mark.parametrize("client", [Http1, Http2])
@pytest.mark.parametrize("version", ENVOYS)
def test_own_pages_have_their_fields(version: str, client, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    with (
        contextlib.closing(Origin(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))) as origin,
        running(version, policies.policy(POLICY), path, tmp_path, origin.port) as envoy,
        contextlib.closing(client(envoy.port)) as connection,
    ):
        page = connection.ask(b"/cookies", [(b"accept-language", b"nl")])
        fields = dict(page.fields)
        assert page.status == 200 and page.body.lower().startswith(b"<!doctype html>")
        assert (fields[b"content-type"], fields[b"content-language"]) == (b"text/html; charset=utf-8", b"nl")
        assert fields[b"vary"] == b"Accept-Language" and fields[b"x-content-type-options"] == b"nosniff"
        assert fields[b"content-security-policy"].startswith(b"default-src 'none'")
        again = connection.ask(b"/cookies", [(b"accept-language", b"nl"), (b"if-none-match", fields[b"etag"])])
        assert (again.status, again.body) == (304, b"")
        head = connection.ask(b"/cookies", method=b"HEAD")
        assert (head.status, head.body, dict(head.fields)[b"content-type"]) == (200, b"", b"text/html; charset=utf-8")
        script = connection.ask(b"/.well-known/cookiewarden/guard.js")
        assert dict(script.fields)[b"content-type"] == b"text/javascript; charset=utf-8" and script.body
        assert connection.ask(b"/.well-known/cookiewarden/report?rogue", method=b"POST").status == 204
        many = connection.ask(b"/", [(b"cookie", b"; ".join(b"a%d=1" % n for n in range(301)))])
        assert many.status == 431 and b"431" in many.body
        assert connection.ask(b"/").body == b"ok"
        assert "rejected_header_mutations" not in envoy.stats()
