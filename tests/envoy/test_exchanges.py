"""The same exchanges get the same cookies, byte for byte and in order: engine, sidecar, and Envoy with the processor."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.envoy.clients import Http1, Http2
from tests.envoy.corpus import EXCHANGES, application, differing
from tests.envoy.envoys import ENVOYS, running
from tests.support import policies
from tests.support.exchanges import POLICY
from tests.support.origin import Origin
from tests.support.proxy import starter

pytestmark = pytest.mark.envoy
ENGINE = policies.engine(POLICY)


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    origin = Origin(application)
    yield origin
    origin.close()


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
        assert differing(connection, ENGINE) == []
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
            assert differing(connection, ENGINE) == []
