"""A real Chromium behind real Envoy over HTTP/2 and TLS: the statement, login and logout, consent, seal and eviction."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from cookiewarden import keys
from cookiewarden.files import PolicyFiles
from tests.browser.expected import DAY, POLICY, SCRIPTS, STATEMENT, application, names
from tests.envoy.envoys import Running, running
from tests.support import policies
from tests.support.certificates import AUTHORITY, issue
from tests.support.chromium import chromium
from tests.support.origin import Origin
from tests.support.process import free_port, start_process
from tests.support.proxy import accepts
from tests.support.wait import PATIENCE, eventually

pytestmark = pytest.mark.envoy
CARERIX = Path(__file__).parents[2] / "policies" / "carerix.yaml"
DEMO = "from aiohttp import web; from cookiewarden.demo.app import application; web.run_app(application(), host='127.0.0.1', port={})"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context that accepts the certificates of the tests."""
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(10_000)
    yield context
    context.close()


@contextlib.contextmanager
def by_tls(policy: str | None, folder: Path, upstream: int) -> Iterator[tuple[Running, int]]:
    """Run Envoy with TLS and HTTP/2, and the processor. `policy`: a text, or None for the Carerix policy."""
    issue(AUTHORITY, folder)
    keys.create(folder / "seal.key")
    path = CARERIX
    if policy is not None:
        path = folder / "policy.yaml"
        path.write_text(policy)
    loaded = policies.policy(policy) if policy is not None else PolicyFiles(str(CARERIX)).load().policy
    assert loaded is not None

    def edit(config: dict[str, Any]) -> None:
        files = {
            "certificate_chain": {"filename": f"{folder}/cert.pem"},
            "private_key": {"filename": f"{folder}/key.pem"},
        }
        common = {"alpn_protocols": ["h2"], "tls_certificates": [files]}
        kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
        socket = {"name": "envoy.transport_sockets.tls", "typed_config": {"@type": kind, "common_tls_context": common}}
        config["static_resources"]["listeners"][0]["filter_chains"][0]["transport_socket"] = socket

    with running(
        "1.40", loaded, path, folder, upstream, "--seal-key-file", str(folder / "seal.key"), edit=edit
    ) as envoy:
        yield envoy, envoy.port


def test_each_cookie_of_the_statement_has_the_lifetime_of_the_policy(visitor: BrowserContext, tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "demo.log").open("w") as log:  # the demo application, without its proxy
        demo = start_process("--version", before=DEMO.format(port), output=log)
    try:
        assert eventually(lambda: accepts(port))
        with by_tls(None, tmp_path, port) as (_, listen):
            site = f"https://localhost:{listen}"
            page = visitor.new_page()
            page.goto(site)
            assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
            page.click("button")
            assert page.url == f"{site}/home"
            page.goto(f"{site}/tools")
            page.goto(f"{site}/cookies")
            held = {cookie["name"]: cookie for cookie in visitor.cookies()}
            seen = set(json.loads(page.inner_text("body")))
            now = page.evaluate("Date.now() / 1000")
            page.goto(f"{site}/logout")
            left = {cookie["name"] for cookie in visitor.cookies()}
            assert page.goto(f"{site}/cookie-statement") is not None
            shown = page.inner_text("body")
        for name, expected in STATEMENT.items():
            cookie = held[name]
            assert (name, cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
                name,
                expected.http_only,
                name not in SCRIPTS,
                "Lax",
            )
            kept = None if cookie["expires"] == -1 else (cookie["expires"] - now) / DAY
            assert (name, kept) == (
                name,
                expected.days if expected.days is None else pytest.approx(expected.days, abs=20 / DAY),
            )
            assert (name, name in seen, name in left) == (name, expected.seen, expected.after_logout)
        assert set(held) == set(STATEMENT) and held["customerp"]["value"].startswith("s1.")
        assert "agencyID" in shown
    finally:
        demo.terminate()
        demo.wait(PATIENCE)


def test_undeclared_cookies_and_cookies_without_consent_are_evicted(visitor: BrowserContext, tmp_path: Path) -> None:
    with contextlib.closing(Origin(application)) as origin, by_tls(POLICY % "host", tmp_path, origin.port) as (_, port):
        site = f"https://www.shop.example:{port}"
        page = visitor.new_page()
        page.goto(f"{site}/?other=CANARY%3B path=/|_ga=CANARY%3B path=/%3B domain=shop.example")
        assert names(visitor) == {"sid", "other", "_ga"}
        for _ in range(2):
            page.goto(site)
        assert names(visitor) == {"sid"}
        page.goto(f"{site}/?answer=analytics%3B path=/|_ga=CANARY%3B path=/")
        page.goto(site)
        assert names(visitor) == {"sid", "answer", "_ga"}
